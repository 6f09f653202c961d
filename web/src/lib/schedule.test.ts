// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { describeSchedule, parseEvery, presets } from './schedule';

const words: [string, string, string][] = [
  ['@every 20m', 'every 20 minutes', 'alle 20 Minuten'],
  ['@every 1h', 'every hour', 'jede Stunde'],
  ['@every 24h', 'every day', 'jeden Tag'],
  ['@every 1h30m', 'every 1 hour and 30 minutes', 'alle 1 Stunde und 30 Minuten'],
  ['* * * * *', 'every minute', 'jede Minute'],
  ['*/15 * * * *', 'every 15 minutes', 'alle 15 Minuten'],
  ['5 * * * *', 'every hour at minute 05', 'jede Stunde zur Minute 05'],
  ['@hourly', 'every hour at minute 00', 'jede Stunde zur Minute 00'],
  ['30 */6 * * *', 'every 6 hours at minute 30', 'alle 6 Stunden zur Minute 30'],
  [presets.daily.schedule, 'daily at 22:00', 'täglich um 22:00 Uhr'],
  ['0 6,18 * * *', 'daily at 06:00 and 18:00', 'täglich um 06:00 und 18:00 Uhr'],
  [presets.weekly.schedule, 'every Monday at 22:00', 'jeden Montag um 22:00 Uhr'],
  ['@weekly', 'every Sunday at 00:00', 'jeden Sonntag um 00:00 Uhr'],
  ['30 2 * * MON-FRI', 'Monday to Friday at 02:30', 'Montag bis Freitag um 02:30 Uhr'],
  ['0 3 * * 6,7', 'every Saturday and Sunday at 03:00', 'jeden Samstag und Sonntag um 03:00 Uhr'],
  ['0 3 * * 0-6', 'daily at 03:00', 'täglich um 03:00 Uhr'],
  [presets.monthly.schedule, 'on the 1st of each month at 22:00', 'am 1. jedes Monats um 22:00 Uhr'],
  ['0 1 2,15 * *', 'on the 2nd and 15th of each month at 01:00', 'am 2. und 15. jedes Monats um 01:00 Uhr'],
];

describe('describeSchedule', () => {
  it.each(words)('%s', (schedule, english, german) => {
    expect(describeSchedule(schedule, 'en')).toBe(english);
    expect(describeSchedule(schedule, 'de')).toBe(german);
  });

  it.each(['', 'nonsense', '*/25 * * * *', '0 0 1 1 *', '0 0 1 * 1', '61 * * * *', '0 24 * * *', '@every 10s', '@every', '* * * *', '5-1 * * * *'])(
    'says nothing rather than something wrong: %s',
    (schedule) => {
      expect(describeSchedule(schedule, 'en')).toBeUndefined();
    },
  );
});

describe('parseEvery', () => {
  it('reads Go durations of at least a minute', () => {
    expect(parseEvery('1h30m')).toBe(5400);
    expect(parseEvery('90s')).toBe(90);
    expect(parseEvery('1.5h')).toBe(5400);
    expect(parseEvery('30s')).toBeUndefined();
    expect(parseEvery('20 m')).toBeUndefined();
    expect(parseEvery('x20m')).toBeUndefined();
  });
});
