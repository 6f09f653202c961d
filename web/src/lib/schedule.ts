// SPDX-License-Identifier: Apache-2.0
// Schedules in words. Only forms that can be said exactly get words; for all others the caller shows the schedule
// itself. When a schedule runs next is asked of the server, which is the one that runs it.

export const presets = {
  daily: { schedule: '0 22 * * *', keep: 7 },
  weekly: { schedule: '0 22 * * 1', keep: 4 },
  monthly: { schedule: '0 22 1 * *', keep: 3 },
} as const;
export type Preset = keyof typeof presets;

/** What a schedule says, as a value that each language words. */
export type Meaning =
  | { kind: 'every'; seconds: number }
  | { kind: 'hourly'; minute: number }
  | { kind: 'everyMinutes'; minutes: number }
  | { kind: 'everyHours'; hours: number; minute: number }
  | { kind: 'daily'; times: string[] }
  | { kind: 'weekdays'; days: number[]; times: string[] }
  | { kind: 'monthly'; days: number[]; times: string[] };

const descriptors: Record<string, string> = {
  '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0', '@monthly': '0 0 1 * *',
};
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Go's duration, such as 1h30m: seconds; undefined: it is none. */
export function parseEvery(text: string): number | undefined {
  const pattern = /(\d+(?:\.\d+)?)(h|m|s)/gy;
  let seconds = 0;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    seconds += Number(match[1]) * { h: 3600, m: 60, s: 1 }[match[2] as 'h' | 'm' | 's'];
    end = match.index + match[0].length;
  }
  return end > 0 && end === text.length && seconds >= 60 && Number.isInteger(seconds) ? seconds : undefined;
}

/** A field of plain numbers, names, ranges and lists; undefined: something else. */
function listOf(field: string, min: number, max: number, names: string[] = []): number[] | undefined {
  const numberOf = (text: string) => {
    const name = names.indexOf(text.toUpperCase());
    if (name >= 0) return name;
    return /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  };
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [from, to, more] = part.split('-');
    if (from === undefined || more !== undefined) return undefined;
    const low = numberOf(from);
    const high = to === undefined ? low : numberOf(to);
    if (!(low >= min && high <= max && low <= high)) return undefined;
    for (let value = low; value <= high; value += 1) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

export function meaningOf(schedule: string): Meaning | undefined {
  const text = schedule.trim();
  if (text.startsWith('@every ')) {
    const seconds = parseEvery(text.slice(7).trim());
    return seconds === undefined ? undefined : { kind: 'every', seconds };
  }
  const fields = (descriptors[text] ?? text).split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minuteField, hourField, dayField, monthField, weekField] = fields as [string, string, string, string, string];
  const anyDay = dayField === '*' || dayField === '?';
  const anyWeekDay = weekField === '*' || weekField === '?';
  if (monthField !== '*') return undefined;
  if (anyDay && anyWeekDay && hourField === '*') {
    if (minuteField === '*') return { kind: 'everyMinutes', minutes: 1 };
    const step = /^\*\/(\d{1,2})$/.exec(minuteField);
    // 0, 25, 50, 0, …: that is not "every 25 minutes".
    if (step) return 60 % Number(step[1]) === 0 ? { kind: 'everyMinutes', minutes: Number(step[1]) } : undefined;
    const minutes = listOf(minuteField, 0, 59);
    return minutes?.length === 1 ? { kind: 'hourly', minute: minutes[0]! } : undefined;
  }
  const minutes = listOf(minuteField, 0, 59);
  if (!minutes) return undefined;
  const hourStep = /^\*\/(\d{1,2})$/.exec(hourField);
  if (hourStep && anyDay && anyWeekDay && minutes.length === 1 && 24 % Number(hourStep[1]) === 0) {
    return { kind: 'everyHours', hours: Number(hourStep[1]), minute: minutes[0]! };
  }
  const hours = listOf(hourField, 0, 23);
  if (!hours || hours.length * minutes.length > 4) return undefined;
  const times = hours.flatMap((hour) => minutes.map((minute) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`));
  if (anyDay && anyWeekDay) return { kind: 'daily', times };
  if (anyDay) {
    const days = listOf(weekField, 0, 7, dayNames);
    if (!days) return undefined;
    const week = [...new Set(days.map((day) => day % 7))].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
    return week.length === 7 ? { kind: 'daily', times } : { kind: 'weekdays', days: week, times };
  }
  if (!anyWeekDay) return undefined; // either of both counts: hard to say, easy to misread
  const days = listOf(dayField, 1, 31);
  return days && days.length <= 4 ? { kind: 'monthly', days, times } : undefined;
}

type Language = 'en' | 'de';

const weekday = (day: number, language: Language) =>
  new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2023, 0, 1 + day)));
const list = (parts: string[], language: Language) => new Intl.ListFormat(language, { type: 'conjunction' }).format(parts);

function ordinal(day: number): string {
  const rule = new Intl.PluralRules('en', { type: 'ordinal' }).select(day);
  return `${day}${{ one: 'st', two: 'nd', few: 'rd' }[rule as 'one' | 'two' | 'few'] ?? 'th'}`;
}

function period(seconds: number, language: Language): string {
  const units = [
    [86400, 'day', 'days', 'Tag', 'Tage'],
    [3600, 'hour', 'hours', 'Stunde', 'Stunden'],
    [60, 'minute', 'minutes', 'Minute', 'Minuten'],
    [1, 'second', 'seconds', 'Sekunde', 'Sekunden'],
  ] as const;
  const parts: string[] = [];
  let rest = seconds;
  for (const [size, one, many, eins, viele] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${language === 'de' ? (count === 1 ? eins : viele) : count === 1 ? one : many}`);
  }
  if (parts.length > 1) return language === 'de' ? `alle ${list(parts, 'de')}` : `every ${list(parts, 'en')}`;
  const only = parts[0] ?? '';
  if (!only.startsWith('1 ')) return language === 'de' ? `alle ${only}` : `every ${only}`;
  const unit = only.slice(2);
  return language === 'de' ? `${unit === 'Tag' ? 'jeden' : 'jede'} ${unit}` : `every ${unit}`;
}

/** "every Monday at 22:00"; undefined: it cannot be said in a few words. */
export function describeSchedule(schedule: string, language: string): string | undefined {
  const german = language.startsWith('de');
  const tongue: Language = german ? 'de' : 'en';
  const meaning = meaningOf(schedule);
  if (!meaning) return undefined;
  const at = (times: string[]) => (german ? `um ${list(times, 'de')} Uhr` : `at ${list(times, 'en')}`);
  const two = (minute: number) => String(minute).padStart(2, '0');
  switch (meaning.kind) {
    case 'every':
      return period(meaning.seconds, tongue);
    case 'everyMinutes':
      return period(meaning.minutes * 60, tongue);
    case 'hourly':
      return german ? `jede Stunde zur Minute ${two(meaning.minute)}` : `every hour at minute ${two(meaning.minute)}`;
    case 'everyHours': {
      const every = period(meaning.hours * 3600, tongue);
      return german ? `${every} zur Minute ${two(meaning.minute)}` : `${every} at minute ${two(meaning.minute)}`;
    }
    case 'daily':
      return german ? `täglich ${at(meaning.times)}` : `daily ${at(meaning.times)}`;
    case 'weekdays': {
      const { days } = meaning;
      const asRange = days.length > 2 && days.every((day, i) => i === 0 || (day + 6) % 7 === ((days[i - 1]! + 6) % 7) + 1);
      const first = weekday(days[0]!, tongue);
      const last = weekday(days[days.length - 1]!, tongue);
      if (asRange) return german ? `${first} bis ${last} ${at(meaning.times)}` : `${first} to ${last} ${at(meaning.times)}`;
      const names = list(days.map((day) => weekday(day, tongue)), tongue);
      return german ? `jeden ${names} ${at(meaning.times)}` : `every ${names} ${at(meaning.times)}`;
    }
    case 'monthly': {
      const names = list(meaning.days.map((day) => (german ? `${day}.` : ordinal(day))), tongue);
      return german ? `am ${names} jedes Monats ${at(meaning.times)}` : `on the ${names} of each month ${at(meaning.times)}`;
    }
  }
}
