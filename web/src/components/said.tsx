// SPDX-License-Identifier: Apache-2.0
// What the server says, in the reader's language as far as the page knows its words; the rest as it came, marked English.
import Box from '@mui/material/Box';
import { useTranslation } from 'react-i18next';
import type { KubeEvent } from '../api/meta';
import type { en } from '../i18n/en';
import { formatBytes, formatDateTime, formatNumber } from '../lib/format';
import { hintOf } from '../lib/hints';
import { describeSchedule } from '../lib/schedule';
import { understand, type Understood } from '../lib/sentences';
import { monospace } from '../theme';

/** What stands in a hole of a sentence, as people write it. */
function useHoles() {
  const { t, i18n } = useTranslation();
  return ({ holes }: Understood): Record<string, string | number> => {
    const write = (name: string, value: string): string | number => {
      switch (name) {
        case 'bytes': case 'newBytes': return formatBytes(Number(value), i18n.language);
        case 'records': case 'pages': case 'revision': case 'compacted': return formatNumber(Number(value), i18n.language);
        case 'time': return formatDateTime(new Date(value), i18n.language);
        case 'schedule': return describeSchedule(value, i18n.language) ?? value;
        case 'phase': return i18n.exists(`clusterPhase.${value}`) ? t(`clusterPhase.${value as 'Running'}`) : value;
        case 'stage': return i18n.exists(`restore.stepNames.${value}`) ? t(`restore.stepNames.${value as 'Pausing'}`) : value;
        case 'field': return i18n.exists(`scheduleFields.${value}`) ? t(`scheduleFields.${value as 'minute'}`) : value;
        default: return value;
      }
    };
    const counted = holes.objects ?? holes.records ?? holes.members ?? holes.attempts ?? holes.count;
    return {
      ...Object.fromEntries(Object.entries(holes).map(([name, value]) => [name, name === 'why' ? '\0' : write(name, value)])),
      ...(counted === undefined ? {} : { count: Number(counted) }),
    };
  };
}

export function FromServer({ children: text }: { children: string | undefined }) {
  const { t } = useTranslation();
  const write = useHoles();
  if (!text) return null;
  const known = understand(text);
  if (!known) return <span lang="en" style={{ overflowWrap: 'anywhere' }}>{text}</span>;
  const [before, after] = t(`said.${known.key}` as 'said.cancelled', write(known)).split('\0');
  return <span style={{ overflowWrap: 'anywhere' }}>{before}{known.holes.why && <FromServer>{known.holes.why}</FromServer>}{after}</span>;
}

/** One word of the API, such as the reason of a condition. */
export function Reason({ of, reason }: { of: keyof (typeof en)['reasons']; reason: string | undefined }) {
  const { t, i18n } = useTranslation();
  if (!reason) return null;
  const key = `reasons.${of}.${reason}`;
  return i18n.exists(key) ? <>{t(`reasons.${of}.${reason}` as 'reasons.health.LastRunFailed')}</> : <Box component="code" lang="en" sx={{ fontFamily: monospace }}>{reason}</Box>;
}

/** As much of it as a row of a list has room for; all of it on pointing at it. */
export const InShort = ({ children }: { children: string | undefined }) => (
  <Box title={children} sx={{ fontSize: '0.8125rem', display: '-webkit-box', WebkitLineClamp: 2, WebkitBoxOrient: 'vertical', overflow: 'hidden' }}>
    <FromServer>{children}</FromServer>
  </Box>
);

/** Below what the page says itself: what exactly the server had to say. */
export function Detail({ children }: { children: string | undefined }) {
  const { t } = useTranslation();
  if (!children) return null;
  const hint = hintOf(children);
  return (
    <>
      {hint && <Box sx={{ mt: 0.25 }}>{t(`hints.${hint}`)}</Box>}
      <Box sx={{ fontSize: '0.8125rem', mt: 0.25 }}><FromServer>{children}</FromServer></Box>
    </>
  );
}

// These only repeat their reason.
const empty = new Set(['clusterIs', 'restoreStage']);

/** What happened; and below it the particulars, where there are some. */
export function EventText({ event }: { event: KubeEvent }) {
  const { t } = useTranslation();
  const known = event.message ? understand(event.message) : undefined;
  return (
    <>
      <Reason of="event" reason={event.reason} />{(event.count ?? 1) > 1 && ` (${t('activity.times', { count: event.count })})`}
      {event.message && !(known && empty.has(known.key)) && <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}><FromServer>{event.message}</FromServer></Box>}
    </>
  );
}
