// SPDX-License-Identifier: Apache-2.0
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Card from '@mui/material/Card';
import Dialog from '@mui/material/Dialog';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/client';
import { logIn } from '../api/session';
import { ErrorNotice } from '../components/basics';
import { LanguageSwitch, Logo, SchemeSwitch } from '../components/Chrome';

function LoginForm({ user: known, onOther }: { user?: string; onOther?: () => void }) {
  const { t } = useTranslation();
  const [user, setUser] = useState(known ?? 'admin');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await logIn(user, password);
    } catch (problem) {
      setError(problem);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };

  const wrong = error instanceof ApiError && error.code === 401;
  return (
    <Stack component="form" spacing={2} onSubmit={(event) => void submit(event)}>
      {error !== undefined && (
        <ErrorNotice error={wrong ? undefined : error} title={wrong ? t('login.wrong') : undefined} />
      )}
      <TextField label={t('login.user')} value={user} onChange={(event) => setUser(event.target.value)} autoComplete="username" disabled={known !== undefined} />
      <TextField
        label={t('login.password')} type="password" value={password} onChange={(event) => setPassword(event.target.value)}
        autoComplete="current-password" autoFocus
      />
      <Button type="submit" variant="contained" size="large" disabled={busy || user === '' || password === ''}>
        {busy ? t('login.busy') : t('login.submit')}
      </Button>
      {onOther && <Button onClick={onOther}>{t('login.other')}</Button>}
    </Stack>
  );
}

export function LoginPage() {
  const { t } = useTranslation();
  return (
    <Box component="main" sx={{ minHeight: '100vh', display: 'flex', alignItems: 'center', justifyContent: 'center', p: 2 }}>
      <Box sx={{ width: '100%', maxWidth: 400 }}>
        <Stack direction="row" sx={{ justifyContent: 'space-between', alignItems: 'center', mb: 2 }}>
          <Logo />
          <Stack direction="row"><LanguageSwitch /><SchemeSwitch /></Stack>
        </Stack>
        <Card sx={{ p: 3 }}>
          <Typography variant="h1" sx={{ mb: 2.5 }}>{t('login.title')}</Typography>
          <LoginForm />
          <Typography variant="body2" color="text.secondary" sx={{ mt: 2.5 }}>{t('login.hint')}</Typography>
        </Card>
      </Box>
    </Box>
  );
}

/** Over the page, which stays as it was: whoever logs in again goes on. */
export function SessionEnded({ user }: { user: string }) {
  const { t } = useTranslation();
  return (
    <Dialog open maxWidth="xs" fullWidth aria-labelledby="session-ended">
      <Box sx={{ p: 3 }}>
        <Typography variant="h1" component="h2" id="session-ended" sx={{ mb: 1 }}>{t('login.endedTitle')}</Typography>
        <Typography color="text.secondary" sx={{ mb: 2.5 }}>{t('login.endedText')}</Typography>
        <LoginForm user={user} onOther={() => window.location.assign('/')} />
      </Box>
    </Dialog>
  );
}
