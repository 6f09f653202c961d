// SPDX-License-Identifier: Apache-2.0
// Small parts that every screen uses.
import Alert, { type AlertColor } from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import Button, { type ButtonProps } from '@mui/material/Button';
import Card from '@mui/material/Card';
import CircularProgress from '@mui/material/CircularProgress';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { styled } from '@mui/material/styles';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'wouter';
import { ApiError } from '../api/client';
import { Store, useStore } from '../api/store';
import { asLeft } from '../lib/address';
import { formatDateTime, formatMoment, formatRelative } from '../lib/format';
import { monospace } from '../theme';
import { CopyIcon } from './icons';
import { Detail } from './said';

// --- time

const nowStore = new Store(new Date());
setInterval(() => {
  if (document.visibilityState === 'visible') nowStore.set(new Date());
}, 5000);
/** The present, every five seconds. */
export const useNow = (): Date => useStore(nowStore);

/** "5 minutes ago"; on pointing at it the whole date, or that too: `exact` beside it, `moment` below it. */
export function When({ time, none = '–', also }: { time: string | undefined; none?: string; also?: 'exact' | 'moment' }) {
  const { i18n } = useTranslation();
  const now = useNow();
  if (!time) return <>{none}</>;
  const date = new Date(time);
  const exact = formatDateTime(date, i18n.language);
  return (
    <time dateTime={time} title={exact}>
      {formatRelative(date, now, i18n.language)}
      {also && <Small>{also === 'exact' ? exact : formatMoment(date, now, i18n.language)}</Small>}
    </time>
  );
}

// What rows of lists are made of has styles that do not depend on anything: they are computed once, not for each row.

/** What is said below, in small letters. */
export const Small = styled('span')({ display: 'block', color: 'var(--mui-palette-text-secondary)', fontSize: '0.8125rem' });

// --- text

const Anchor = styled(RouterLink)({
  color: 'var(--mui-palette-primary-main)', textDecoration: 'none', fontWeight: 600, overflowWrap: 'anywhere', '&:hover': { textDecoration: 'underline' },
});
export const Link = ({ to, children }: { to: string; children: ReactNode }) => <Anchor href={to}>{children}</Anchor>;

export const Code = ({ children }: { children: ReactNode }) => (
  <Box component="code" lang="en" sx={{ fontFamily: monospace, fontSize: '0.92em', overflowWrap: 'anywhere' }}>
    {children}
  </Box>
);

export function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <Tooltip title={copied ? t('common.copied') : t('common.copy')} describeChild={false}>
      <IconButton size="small" onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}>
        <CopyIcon fontSize="small" />
      </IconButton>
    </Tooltip>
  );
}

// --- pages

/** The heading of a screen. It gets the focus when the place changes, so that a screen reader says where one is. */
export function PageHeader({ title, description, actions, back, badge }: {
  title: string; description?: ReactNode; actions?: ReactNode; back?: { to: string; label: string }; badge?: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Tresor`;
    // Not away from where somebody is typing already.
    if (document.activeElement === document.body || document.activeElement === null || document.activeElement.tagName === 'A') {
      heading.current?.focus({ preventScroll: true });
    }
  }, [title]);
  return (
    <Stack direction={{ xs: 'column', lg: 'row' }} spacing={2} sx={{ mb: 2.5, alignItems: { lg: 'flex-start' }, justifyContent: 'space-between' }}>
      <Box sx={{ minWidth: 0 }}>
        {back && (
          <Box sx={{ mb: 0.5 }}>
            <Link to={asLeft(back.to)}>← {back.label}</Link>
          </Box>
        )}
        <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
          <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ overflowWrap: 'anywhere', outline: 'none' }}>{title}</Typography>
          {badge}
        </Stack>
        {description && <Typography color="text.secondary" sx={{ mt: 0.75, maxWidth: 760 }}>{description}</Typography>}
      </Box>
      {actions && (
        <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', flexShrink: 0 }}>{actions}</Stack>
      )}
    </Stack>
  );
}

export function Section({ title, actions, children, description }: { title: string; actions?: ReactNode; children: ReactNode; description?: ReactNode }) {
  const id = useId();
  return (
    <Card component="section" aria-labelledby={id} sx={{ p: { xs: 2, sm: 2.5 }, mb: 2.5 }}>
      <Stack direction="row" useFlexGap spacing={1} sx={{ justifyContent: 'space-between', alignItems: 'center', mb: 1.5, flexWrap: 'wrap' }}>
        <Box>
          <Typography variant="h2" id={id}>{title}</Typography>
          {description && <Typography variant="body2" color="text.secondary" sx={{ mt: 0.5 }}>{description}</Typography>}
        </Box>
        {actions}
      </Stack>
      {children}
    </Card>
  );
}

/** Names and values, side by side where there is room. */
export function Facts({ facts, dense = false }: { facts: [label: string, value: ReactNode][]; dense?: boolean }) {
  return (
    <Box component="dl" sx={{ m: 0, display: 'grid', gridTemplateColumns: { xs: 'repeat(auto-fill, minmax(130px, 1fr))', sm: `repeat(auto-fill, minmax(${dense ? 132 : 200}px, 1fr))`, ...(dense ? {} : { lg: 'repeat(auto-fill, minmax(218px, 1fr))' }) }, gap: 2 }}>
      {facts.map(([label, value]) => (
        <Box key={label} sx={{ minWidth: 0 }}>
          <Typography component="dt" variant="body2" color="text.secondary">{label}</Typography>
          <Typography component="dd" sx={{ m: 0, overflowWrap: 'anywhere' }}>{value}</Typography>
        </Box>
      ))}
    </Box>
  );
}

export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Box sx={{ py: 5, px: 2, textAlign: 'center' }}>
      <Typography variant="h2" component="p">{title}</Typography>
      {children && <Typography color="text.secondary" sx={{ mt: 1, mx: 'auto', maxWidth: 520 }}>{children}</Typography>}
      {action && <Box sx={{ mt: 2.5 }}>{action}</Box>}
    </Box>
  );
}

export function Loading() {
  const { t } = useTranslation();
  // What is there in a moment should not flash.
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Box sx={{ p: 6, textAlign: 'center', minHeight: 160 }} aria-busy="true">
      {shown && <CircularProgress size={28} aria-label={t('common.loading')} />}
    </Box>
  );
}

// --- errors

/** What went wrong in the reader's language, and the API's own reason below it. */
export function ErrorNotice({ error, title, onRetry, severity = 'error' }: { error: unknown; title?: string; onRetry?: () => void; severity?: AlertColor }) {
  const { t } = useTranslation();
  const known = useExplanation(error);
  return (
    <Alert
      severity={severity}
      sx={{ mb: 2 }}
      action={onRetry && <Button color="inherit" size="small" onClick={onRetry}>{t('common.tryAgain')}</Button>}
    >
      <AlertTitle sx={{ mb: 0.25 }}>{title ?? known ?? t('errors.unexpected')}</AlertTitle>
      {title && known && <div>{known}</div>}
      <Detail>{error instanceof Error ? error.message : undefined}</Detail>
    </Alert>
  );
}

/** What was refused, by its reason, else by its code. */
function useExplanation(error: unknown): string | undefined {
  const { t, i18n } = useTranslation();
  if (!(error instanceof ApiError)) return undefined;
  if (i18n.exists(`reasons.refused.${error.reason}`)) return t(`reasons.refused.${error.reason as 'Invalid'}`);
  switch (error.code) {
    case 0: return t('errors.unreachable');
    case 401: return t('errors.unauthorized');
    case 403: return t('errors.forbidden');
    case 404: return t('errors.notFound');
    case 409: return t('errors.conflict');
    case 429: return t('errors.tooMany');
    case 503: return t('errors.unavailable');
    case 507: return t('errors.full');
    default: return undefined;
  }
}

// --- actions

/** A button that stays reachable when it may not be used, and says why. */
export function Action({ reason, onClick, ...props }: ButtonProps & { reason?: string | undefined }) {
  if (!reason) return <Button onClick={onClick} {...props} />;
  return (
    <Tooltip title={reason}>
      <Button
        {...props}
        aria-disabled="true"
        onClick={(event) => event.preventDefault()}
        sx={{ ...props.sx, opacity: 0.55, cursor: 'not-allowed' }}
      />
    </Tooltip>
  );
}

// --- short messages

interface Message {
  text: string;
  severity: AlertColor;
  id: number;
}
export const messageStore = new Store<Message | null>(null);
let nextMessage = 1;
export function say(text: string, severity: AlertColor = 'success'): void {
  nextMessage += 1;
  messageStore.set({ text, severity, id: nextMessage });
}
