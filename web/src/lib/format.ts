// SPDX-License-Identifier: Apache-2.0
// Sizes, times and counts in the reader's language. Pure: `now` and the language come in.

// To make a format takes a hundred times as long as to use it, and lists use it for each row that scrolls by.
const formats = new Map<string, unknown>();
function cached<T>(make: () => T, ...key: unknown[]): T {
  const name = key.join(' ');
  let format = formats.get(name) as T | undefined;
  if (!format) {
    format = make();
    formats.set(name, format);
  }
  return format;
}

const numbers = (language: string, digits: number): Intl.NumberFormat =>
  cached(() => new Intl.NumberFormat(language, { maximumFractionDigits: digits }), 'number', language, digits);
const dates = (name: string, language: string, timeZone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  cached(() => new Intl.DateTimeFormat(language, { ...options, timeZone }), name, language, timeZone);

export const formatNumber = (value: number, language: string): string => numbers(language, 0).format(value);

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** "1.5 MiB", "1,5 MiB": three digits at most, as the command line has it. */
export function formatBytes(bytes: number | undefined, language: string): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return '–';
  let value = Math.abs(bytes);
  let unit = 0;
  // 1023.9 would be written as 1,024 KiB.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${bytes < 0 ? '-' : ''}${numbers(language, digits).format(value)}\u00a0${units[unit]}`;
}

export function formatPercent(share: number, language: string): string {
  const digits = share < 0.1 ? 1 : 0;
  return cached(() => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits }), 'percent', language, digits).format(share);
}

/** Seconds, minutes or hours: the two largest units. "1 min 5 s". */
export function formatDuration(milliseconds: number | undefined, language: string): string {
  if (milliseconds === undefined || !Number.isFinite(milliseconds)) return '–';
  // The API tells times to the second.
  if (milliseconds < 1000) return '<\u00a01\u00a0s';
  const seconds = Math.round(milliseconds / 1000);
  const part = (value: number, unit: string) => `${formatNumber(value, language)}\u00a0${unit}`;
  if (seconds < 60) return part(seconds, 's');
  if (seconds < 3600) return join(part(Math.floor(seconds / 60), 'min'), seconds % 60, (n) => part(n, 's'));
  if (seconds < 86400) return join(part(Math.floor(seconds / 3600), 'h'), Math.floor((seconds % 3600) / 60), (n) => part(n, 'min'));
  const day = language.startsWith('de') ? 'T' : 'd';
  return join(part(Math.floor(seconds / 86400), day), Math.floor((seconds % 86400) / 3600), (n) => part(n, 'h'));
}
const join = (first: string, rest: number, write: (n: number) => string) => (rest > 0 ? `${first} ${write(rest)}` : first);

/** "5 minutes ago", "in 3 hours". Below `now` + 1 s the future is now: clocks differ a little. */
export function formatRelative(time: Date, now: Date, language: string): string {
  const seconds = (time.getTime() - now.getTime()) / 1000;
  const format = cached(() => new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'long' }), 'relative', language);
  const magnitude = Math.abs(seconds);
  if (magnitude < 10) return format.format(0, 'second');
  if (magnitude < 59.5) return format.format(Math.round(seconds), 'second');
  if (magnitude < 3570) return format.format(Math.round(seconds / 60), 'minute');
  if (magnitude < 84600) return format.format(Math.round(seconds / 3600), 'hour');
  if (magnitude < 60 * 86400) return format.format(Math.round(seconds / 86400), 'day');
  if (magnitude < 700 * 86400) return format.format(Math.round(seconds / (30.44 * 86400)), 'month');
  return format.format(Math.round(seconds / (365.25 * 86400)), 'year');
}

const toTheMinute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** Date and time to the second, with the zone: for tooltips and details. */
export const formatDateTime = (time: Date, language: string, timeZone?: string): string =>
  dates('exact', language, timeZone, { year: 'numeric', month: 'short', day: 'numeric', ...toTheMinute, second: '2-digit', timeZoneName: 'short' }).format(time);

/** Weekday, date and time to the minute. */
export const formatMinute = (time: Date, language: string, timeZone?: string): string =>
  dates('minute', language, timeZone, { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric', ...toTheMinute }).format(time);

/** Day and minute, for the second line of a list: "Nov 21, 17:35", and with the year when it is another. */
export function formatMoment(time: Date, now: Date, language: string, timeZone?: string): string {
  const sameYear = time.getFullYear() === now.getFullYear();
  return dates(`moment ${sameYear}`, language, timeZone, { year: sameYear ? undefined : 'numeric', month: 'short', day: 'numeric', ...toTheMinute }).format(time);
}

export const formatDay = (time: Date, language: string): string =>
  dates('day', language, undefined, { weekday: 'short', month: 'short', day: 'numeric' }).format(time);
