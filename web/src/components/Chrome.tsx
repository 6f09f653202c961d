// SPDX-License-Identifier: Apache-2.0
// The logo and the two switches that every place has.
import { useColorScheme } from '@mui/material/styles';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Tooltip from '@mui/material/Tooltip';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { setLanguage } from '../i18n';
import { SunIcon } from './icons';

export const Logo = () => (
  <Box component="span" sx={{ display: 'inline-flex', alignItems: 'center', gap: 1, fontWeight: 700, fontSize: '1.15rem' }}>
    <img src="/tresor.svg" alt="" width="28" height="28" />
    Tresor
  </Box>
);

/** Names the language that one gets, in that language. */
export function LanguageSwitch() {
  const { i18n } = useTranslation();
  const other = i18n.language === 'de' ? 'en' : 'de';
  return (
    <Button
      size="small" color="inherit" lang={other} onClick={() => void setLanguage(other)}
      aria-label={other === 'de' ? 'DE: Auf Deutsch umschalten' : 'EN: Switch to English'} sx={{ minWidth: 40 }}
    >
      {other.toUpperCase()}
    </Button>
  );
}

export function SchemeSwitch() {
  const { t } = useTranslation();
  const { mode, setMode } = useColorScheme();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Tooltip title={t('frame.scheme')} describeChild={false}>
        <IconButton color="inherit" onClick={(event) => setAnchor(event.currentTarget)} aria-haspopup="menu"><SunIcon /></IconButton>
      </Tooltip>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {(['system', 'light', 'dark'] as const).map((one) => (
          <MenuItem
            key={one} selected={mode === one} role="menuitemradio" aria-checked={mode === one}
            onClick={() => {
              setMode(one);
              setAnchor(null);
            }}
          >
            {t(`frame.schemes.${one}`)}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
