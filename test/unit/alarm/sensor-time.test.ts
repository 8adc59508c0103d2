import { describe, expect, it } from 'vitest';
import { parseIsoTime, TIME_MAX } from '../../../alarm/sensor-time.ts';

const NOON = Date.UTC(2026, 2, 1, 12);

describe('a time of ISO 8601', () => {
  it.each([
    ['2026-03-01T12:00:00Z', NOON],
    ['2026-03-01T12:00Z', NOON],
    ['2026-03-01T12:34:56.789Z', Date.UTC(2026, 2, 1, 12, 34, 56, 789)],
    ['2026-03-01T12:00:00.5Z', NOON + 500],
    ['2026-03-01T12:00:00,25Z', NOON + 250],
    ['2026-03-01T12:00:00.123456789Z', NOON + 123],
    ['2026-03-01T14:00:00+02:00', NOON],
    ['2026-03-01T17:30:00+05:30', NOON],
    ['2026-03-01T08:30:00-03:30', NOON],
    ['2026-02-28T12:01:00-23:59', NOON],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['2026-12-31T23:59:59Z', Date.UTC(2026, 11, 31, 23, 59, 59)],
    ['1970-01-01T00:00:00Z', 0],
    ['0099-01-01T00:00:00Z', Date.parse('0099-01-01T00:00:00Z')],
  ])('%s is one', (text, expected) => {
    expect(parseIsoTime(text)).toBe(expected);
  });

  it.each([
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-99T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:60:00Z',
    '2026-03-01T12:00:60Z',
    '2026-03-01T12:00:00+24:00',
    '2026-03-01T12:00:00+01:60',
    '2026-03-01T12:00:00',
    '2026-03-01 12:00:00Z',
    '2026-03-01',
    'now',
  ])('%s is none', (text) => {
    expect(parseIsoTime(text)).toBeUndefined();
  });

  it('lies within what a Date can hold', () => {
    expect([new Date(TIME_MAX).getTime(), new Date(TIME_MAX + 1).getTime()]).toEqual([TIME_MAX, Number.NaN]);
  });
});
