// SPDX-License-Identifier: Apache-2.0
// Charts in plain SVG. Each also says in words what it shows, for those who cannot see it.
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'wouter';
import { formatDay, formatMoment } from '../lib/format';
import { HiddenText } from './DataTable';

/** The ends of a line of time: by day, or to the minute when it is a short one. */
function endsOf(from: number, to: number, language: string): [string, string] {
  const write = (time: number) => (to - from > 2 * 86_400_000 ? formatDay(new Date(time), language) : formatMoment(new Date(time), new Date(), language));
  return [write(from), write(to)];
}

export interface Point {
  time: number;
  value: number;
}

const width = 320;
const height = 96;

/** A line over time, with its first, last and largest value in words. */
export function LineChart({ title, points, format }: { title: string; points: Point[]; format: (value: number) => string }) {
  const { t, i18n } = useTranslation();
  const sorted = [...points].sort((a, b) => a.time - b.time);
  const first = sorted[0];
  const last = sorted[sorted.length - 1];
  const most = Math.max(...sorted.map((point) => point.value), 0);
  if (!first || !last || sorted.length < 2) {
    return (
      <Box>
        <Typography variant="h3">{title}</Typography>
        <Typography variant="body2" color="text.secondary" sx={{ mt: 1 }}>{t('charts.tooFew')}</Typography>
      </Box>
    );
  }
  const ends = endsOf(first.time, last.time, i18n.language);
  const x = (time: number) => ((time - first.time) / Math.max(1, last.time - first.time)) * width;
  const y = (value: number) => height - 4 - (value / (most || 1)) * (height - 12);
  const line = sorted.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.time).toFixed(1)} ${y(point.value).toFixed(1)}`).join('');
  const words = t('charts.summary', { title, first: format(first.value), last: format(last.value), most: format(most), count: sorted.length });
  return (
    <Box component="figure" sx={{ m: 0, minWidth: 0 }}>
      <Box component="figcaption" sx={{ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', columnGap: 1, mb: 0.5 }}>
        <Typography variant="h3" component="span">{title}</Typography>
        <Typography component="span"><strong>{format(last.value)}</strong> <Box component="span" sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}>{t('charts.most', { value: format(most) })}</Box></Typography>
      </Box>
      <Box component="svg" role="img" aria-label={words} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" sx={{ width: '100%', height: 96, display: 'block', color: 'primary.main' }}>
        <path d={`${line}L${width} ${height}L0 ${height}Z`} fill="currentColor" opacity="0.12" />
        <path d={line} fill="none" stroke="currentColor" strokeWidth="2" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
      </Box>
      <Box sx={{ display: 'flex', justifyContent: 'space-between', color: 'text.secondary', fontSize: '0.75rem' }}>
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </Box>
    </Box>
  );
}

/** Two sizes, one beside the other. */
export function Compare({ rows }: { rows: { label: string; value: number; text: string }[] }) {
  const most = Math.max(...rows.map((row) => row.value), 1);
  return (
    <Box component="dl" sx={{ m: 0, display: 'grid', gap: 1.25 }}>
      {rows.map((row) => (
        <Box key={row.label}>
          <Typography component="dt" variant="body2" sx={{ float: 'left' }}>{row.label}</Typography>
          <Typography component="dd" variant="body2" sx={{ m: 0, fontWeight: 650, textAlign: 'right' }}>
            {row.text}
            <Box component="span" aria-hidden="true" sx={{ display: 'block', clear: 'both', height: 8, borderRadius: 4, backgroundColor: 'action.selected', mt: 0.5 }}>
              <Box component="span" sx={{ display: 'block', height: '100%', borderRadius: 4, backgroundColor: 'primary.main', width: `${Math.max(0.5, (row.value / most) * 100)}%` }} />
            </Box>
          </Typography>
        </Box>
      ))}
    </Box>
  );
}

export interface Day {
  day: Date;
  good: number;
  partly: number;
  failed: number;
}

/** A square a day: deep when all was proven, hatched where something failed; numbers in each one's title. */
export function HeatMap({ days, label }: { days: Day[]; label: string }) {
  const { t, i18n } = useTranslation();
  return (
    <Box component="ul" aria-label={label} sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gridTemplateColumns: 'repeat(14, minmax(0, 34px))', gap: '4px' }}>
      {days.map(({ day, good, partly, failed }) => {
        const text = `${formatDay(day, i18n.language)}: ${t('overview.dayText', { good, partly, failed })}`;
        const color = failed > 0 ? 'error.main' : partly > 0 ? 'warning.main' : good > 0 ? 'success.main' : undefined;
        return (
          <Box
            component="li" key={day.getTime()} title={text}
            sx={{
              aspectRatio: '1', borderRadius: 1, border: 1, borderColor: color ?? 'divider', color, backgroundColor: color ?? 'action.hover', display: 'grid', placeItems: 'center',
            }}
          >
            <Box component="span" aria-hidden="true" sx={{ color: color ? 'background.paper' : 'text.secondary', fontSize: '0.7rem', fontWeight: 700 }}>{failed > 0 ? '!' : partly > 0 ? '~' : good > 0 ? '✓' : ''}</Box>
            <HiddenText>{text}</HiddenText>
          </Box>
        );
      })}
    </Box>
  );
}

/** Backups on a line of time. Pointing at one names it, and a click leads there; for others there is the list. */
export function Timeline({ marks, label }: { marks: { time: number; tone: 'good' | 'partly' | 'failed'; href: string; text: string }[]; label: string }) {
  const { i18n } = useTranslation();
  if (marks.length === 0) return null;
  const times = marks.map((mark) => mark.time);
  const from = Math.min(...times);
  const to = Math.max(...times, from + 1);
  const ends = endsOf(from, to, i18n.language);
  const color = { good: 'success.main', partly: 'warning.main', failed: 'error.main' };
  return (
    <Box>
      <HiddenText>{label}</HiddenText>
      <Box aria-hidden="true" sx={{ position: 'relative', height: 36, mx: 1, borderBottom: 2, borderColor: 'divider' }}>
        {marks.map((mark) => (
          <Box
            component={RouterLink} tabIndex={-1} key={mark.href} href={mark.href} title={mark.text}
            sx={{ position: 'absolute', bottom: -7, left: `calc(${((mark.time - from) / (to - from)) * 100}% - 6px)`, width: 12, height: 12, borderRadius: mark.tone === 'failed' ? 0.25 : '50%', backgroundColor: color[mark.tone], border: 2, borderColor: 'background.paper', transform: mark.tone === 'failed' ? 'rotate(45deg)' : undefined }}
          />
        ))}
      </Box>
      <Box aria-hidden="true" sx={{ display: 'flex', justifyContent: 'space-between', color: 'text.secondary', fontSize: '0.75rem', mt: 1.25 }}>
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </Box>
    </Box>
  );
}
