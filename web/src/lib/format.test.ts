// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDateTime, formatDuration, formatMinute, formatMoment, formatNumber, formatPercent, formatRelative } from './format';

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

describe('formatBytes', () => {
  it.each([
    [0, '0 B', '0 B'],
    [1023, '1,023 B', '1.023 B'],
    [1024, '1 KiB', '1 KiB'],
    [1536, '1.5 KiB', '1,5 KiB'],
    [1024 * 1024 - 1, '1 MiB', '1 MiB'],
    [8.1 * 2 ** 20, '8.1 MiB', '8,1 MiB'],
    [250.4 * 2 ** 10, '250 KiB', '250 KiB'],
    [2 * 2 ** 30, '2 GiB', '2 GiB'],
  ])('%d', (bytes, english, german) => {
    expect(plain(formatBytes(bytes, 'en'))).toBe(english);
    expect(plain(formatBytes(bytes, 'de'))).toBe(german);
  });
  it('shows what is not known as a dash', () => expect(formatBytes(undefined, 'en')).toBe('–'));
});

describe('formatDuration', () => {
  it.each([
    [850, '< 1 s'],
    [5000, '5 s'],
    [65_000, '1 min 5 s'],
    [120_000, '2 min'],
    [3_660_000, '1 h 1 min'],
    [90_000_000, '1 d 1 h'],
  ])('%d', (milliseconds, english) => expect(plain(formatDuration(milliseconds, 'en'))).toBe(english));
  it('names days in German', () => expect(plain(formatDuration(90_000_000, 'de'))).toBe('1 T 1 h'));
});

describe('formatRelative', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  it.each([
    [-2, 'now', 'jetzt'],
    [-45, '45 seconds ago', 'vor 45 Sekunden'],
    [-300, '5 minutes ago', 'vor 5 Minuten'],
    [3 * 3600, 'in 3 hours', 'in 3 Stunden'],
    [-86400, 'yesterday', 'gestern'],
    [-10 * 86400, '10 days ago', 'vor 10 Tagen'],
  ])('%d s', (seconds, english, german) => {
    expect(formatRelative(at(seconds), now, 'en')).toBe(english);
    expect(formatRelative(at(seconds), now, 'de')).toBe(german);
  });
});

describe('dates', () => {
  const time = new Date('2026-10-25T01:30:00Z'); // after the clocks of Berlin went back
  it('shows the zone that was asked for', () => {
    expect(plain(formatMinute(time, 'en', 'Europe/Berlin'))).toBe('Sun, Oct 25, 2026, 02:30');
    expect(plain(formatMinute(time, 'de', 'Europe/Berlin'))).toBe('So., 25. Okt. 2026, 02:30');
    expect(plain(formatMinute(time, 'en', 'UTC'))).toBe('Sun, Oct 25, 2026, 01:30');
  });
  it('leaves out the year of today', () => {
    const now = new Date('2026-11-21T12:00:00Z');
    expect(plain(formatMoment(time, now, 'en', 'UTC'))).toBe('Oct 25, 01:30');
    expect(plain(formatMoment(time, now, 'de', 'UTC'))).toBe('25. Okt., 01:30');
    expect(plain(formatMoment(new Date('2025-10-25T01:30:00Z'), now, 'en', 'UTC'))).toBe('Oct 25, 2025, 01:30');
  });
  it('writes seconds and zone', () => {
    expect(plain(formatDateTime(time, 'en', 'UTC'))).toBe('Oct 25, 2026, 01:30:00 UTC');
    expect(plain(formatDateTime(time, 'de', 'UTC'))).toBe('25. Okt. 2026, 01:30:00 UTC');
  });
});

describe('numbers', () => {
  it('groups and separates as the language does', () => {
    expect(formatNumber(1234567, 'en')).toBe('1,234,567');
    expect(formatNumber(1234567, 'de')).toBe('1.234.567');
    expect(plain(formatPercent(0.125, 'de'))).toBe('13 %');
    expect(plain(formatPercent(0.0125, 'en'))).toBe('1.3%');
  });
});
