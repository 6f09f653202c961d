// SPDX-License-Identifier: Apache-2.0
// A size against what it may reach.
import Box from '@mui/material/Box';
import { useTranslation } from 'react-i18next';
import { formatBytes, formatPercent } from '../lib/format';

export function Meter({ value, limit }: { value: number | undefined; limit: number | undefined }) {
  const { t, i18n } = useTranslation();
  if (value === undefined) return <>–</>;
  if (!limit) return <>{formatBytes(value, i18n.language)}</>;
  const share = Math.min(1, value / limit);
  const color = share > 0.9 ? 'error.main' : share > 0.75 ? 'warning.main' : 'primary.main';
  return (
    <Box sx={{ maxWidth: 220 }}>
      <span>{t('clusters.sizeOf', { size: formatBytes(value, i18n.language), quota: formatBytes(limit, i18n.language) })}</span>
      <Box
        role="img" aria-label={formatPercent(share, i18n.language)}
        sx={{ height: 5, borderRadius: 3, backgroundColor: 'action.selected', overflow: 'hidden', mt: 0.5 }}
      >
        <Box sx={{ height: '100%', width: `${Math.max(1, share * 100)}%`, backgroundColor: color }} />
      </Box>
    </Box>
  );
}
