// SPDX-License-Identifier: Apache-2.0
// Dialogs that ask before something is done.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button, { type ButtonProps } from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import useMediaQuery from '@mui/material/useMediaQuery';
import { useTheme } from '@mui/material/styles';
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice, messageStore } from './basics';

/** A form in a dialog; on a phone it has the whole screen. */
export function FormDialog({ title, children, submitLabel, submitColor, disabled, busy, error, onSubmit, onClose, width = 'sm' }: {
  title: string; children: ReactNode; submitLabel: string; submitColor?: ButtonProps['color']; disabled?: boolean; busy?: boolean; error?: unknown;
  onSubmit: () => void; onClose: () => void; width?: 'sm' | 'md';
}) {
  const { t } = useTranslation();
  const id = useId();
  const theme = useTheme();
  const phone = useMediaQuery(theme.breakpoints.down('sm'));
  // What was said last would lie over the buttons of a phone.
  useEffect(() => messageStore.set(null), []);
  const problem = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== undefined && error !== null) problem.current?.scrollIntoView({ block: 'nearest' });
  }, [error]);
  return (
    <Dialog
      open onClose={(_, reason) => reason === 'escapeKeyDown' && !busy && onClose()} fullWidth maxWidth={width} fullScreen={phone} aria-labelledby={id}
    >
      <DialogTitle id={id}>{title}</DialogTitle>
      <Box component="form" noValidate onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (!disabled && !busy) onSubmit();
      }} sx={{ display: 'flex', flexDirection: 'column', flex: '1 1 auto', minHeight: 0 }}>
        <DialogContent>
          <div ref={problem}>{error !== undefined && error !== null && <ErrorNotice error={error} />}</div>
          {children}
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button onClick={onClose} disabled={busy}>{t('common.cancel')}</Button>
          <Button type="submit" variant="contained" color={submitColor} disabled={disabled || busy}>{busy ? t('common.working') : submitLabel}</Button>
        </DialogActions>
      </Box>
    </Dialog>
  );
}

/** Asks, says what will happen, and with `typed` wants the name of what it happens to. */
export function ConfirmDialog({ title, children, confirmLabel, typed, typedIs = 'name', danger = true, action, onClose, onDone }: {
  title: string; children: ReactNode; confirmLabel: string; typed?: string; typedIs?: 'name' | 'number'; danger?: boolean; action: () => Promise<unknown>; onClose: () => void; onDone?: () => void;
}) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await action();
      onDone?.();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <FormDialog
      title={title} submitLabel={confirmLabel} submitColor={danger ? 'error' : 'primary'} disabled={typed !== undefined && text !== typed} busy={busy} error={error}
      onSubmit={() => void submit()} onClose={onClose}
    >
      {children}
      {typed !== undefined && <Typed what={typed} is={typedIs} value={text} onChange={setText} />}
    </FormDialog>
  );
}

export function Typed({ what, is = 'name', value, onChange }: { what: string; is?: 'name' | 'number'; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Typography sx={{ mt: 2, mb: 1 }}>{is === 'name' ? t('common.typeName', { name: what }) : t('common.typeNumber', { number: what })}</Typography>
      <TextField
        label={is === 'name' ? t('common.name') : t('common.number')} value={value} onChange={(event) => onChange(event.target.value)} autoComplete="off"
        slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none' } }}
      />
    </>
  );
}

export const Consequence = ({ children, severity = 'warning' }: { children: ReactNode; severity?: 'warning' | 'info' | 'error' }) => (
  <Alert severity={severity} sx={{ my: 1.5 }}>{children}</Alert>
);
