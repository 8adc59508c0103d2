import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  ConfigurationError,
  duration,
  durationText,
  flag,
  integer,
  port,
  readSettings,
  setting,
  size,
} from '../../../runtime/configuration.ts';

const settings = {
  ingestPort: setting('TOCSIN_INGEST_PORT', port, '19092', 'port'),
  dataDir: setting('TOCSIN_DATA_DIR', z.string(), './data', 'folder'),
  retentionMs: setting('TOCSIN_LOG_RETENTION', duration, '7d', 'span'),
  url: setting('TOCSIN_SMTP_URL', z.string().optional(), undefined, 'url'),
};

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings(settings, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('reading settings', () => {
  it('uses the defaults where nothing is set, and treats an empty value as not set', () => {
    expect(readSettings(settings, { TOCSIN_INGEST_PORT: '' })).toEqual({
      ingestPort: 19_092,
      dataDir: './data',
      retentionMs: 604_800_000,
      url: undefined,
    });
  });

  it('reports every problem at once', () => {
    const problems = problemsOf({ TOCSIN_INGEST_PORT: '70000', TOCSIN_LOG_RETENTION: 'a week' });
    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toMatch(/TOCSIN_INGEST_PORT.*0 to 65535[\s\S]*TOCSIN_LOG_RETENTION.*7d/);
  });

  it('refuses an unknown name and names the nearest right one', () => {
    expect(problemsOf({ TOCSIN_INGEST_PROT: '1' })).toEqual(['TOCSIN_INGEST_PROT is not a setting; did you mean TOCSIN_INGEST_PORT?']);
  });

  it('leaves the names of other roles and other programs alone', () => {
    const known = { current: ['TOCSIN_MAIL_TO'], retired: new Map() };
    expect(readSettings(settings, { TOCSIN_MAIL_TO: 'a@example.org', PATH: '/bin' }, known).ingestPort).toBe(19_092);
  });

  it('refuses a setting of an earlier version that still has a value, and says what to do instead', () => {
    const known = { current: [], retired: new Map([['TOCSIN_OLD', (value: string) => `write ${value} elsewhere`]]) };
    expect(() => readSettings(settings, { TOCSIN_OLD: '5' }, known)).toThrow('TOCSIN_OLD is no longer a setting: write 5 elsewhere');
    expect(readSettings(settings, { TOCSIN_OLD: '' }, known).ingestPort).toBe(19_092);
    expect(() => readSettings(settings, { TOCSIN_OLDE: '5' }, known)).toThrow(/did you mean TOCSIN_[^O]/);
  });

  it('never repeats a value in its message, since it may be a secret', () => {
    expect(problemsOf({ TOCSIN_INGEST_PORT: 'hunter2' }).join()).not.toContain('hunter2');
  });
});

describe('kinds of settings', () => {
  it.each([
    [duration, '500ms', 500],
    [duration, '30s', 30_000],
    [duration, '15m', 900_000],
    [duration, '12h', 43_200_000],
    [size, '64KiB', 65_536],
    [size, '20GiB', 21_474_836_480],
    [size, '10B', 10],
    [flag, 'On', true],
    [flag, '0', false],
    [integer(-5, 5), '-5', -5],
  ])('reads %#: %s', (schema, text, value) => {
    expect(schema.parse(text)).toBe(value);
  });

  it.each(['500ms', '90s', '5m', '36h', '7d'])('writes a span as somebody would: %s', (text) => {
    expect(durationText(duration.parse(text))).toBe(text);
  });

  it.each([
    [duration, '10'],
    [duration, '-1s'],
    [size, '10MB'],
    [flag, 'maybe'],
    [integer(1, 5), '6'],
    [integer(1, 5), '1.5'],
    [integer(1, 5), '0x1'],
  ])('refuses %#: %s', (schema, text) => {
    expect(schema.safeParse(text).success).toBe(false);
  });
});
