/** The contract "A status": an absent or unreadable field is not reported, and does not affect the others. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Decoder } from '../../../alarm/decode.ts';
import { emptyRecovery, emptyStatus, STATUS_BYTES_MAX, type Status } from '../../../alarm/status.ts';
import { warningsOf } from '../../../alarm/warnings.ts';
import statuses from '../../fixtures/statuses.json' with { type: 'json' };
import values from '../../fixtures/values.json' with { type: 'json' };
import { REFERENCE } from '../../support/alarm-types.ts';
import { readingOf } from './reading.ts';
import { drawn } from '../../support/draws.ts';

vi.setConfig({ testTimeout: 60_000 });

const decoder = new Decoder(REFERENCE);
type Field = 'id' | 'motion' | 'smoke' | 'temperature' | 'maxTemperature' | 'at' | 'seq';
type Values = Partial<Record<Field, unknown>>;

/** A status that is a hit of every type. */
const FIRE: Record<Field, string> = {
  id: '42959',
  motion: 'true',
  smoke: 'true',
  temperature: '80.5',
  maxTemperature: '30.0',
  at: '1764000000000',
  seq: '12',
};
const SAID: Values = { id: 42959, motion: true, smoke: true, temperature: 80.5, maxTemperature: 30, at: 1764000000000, seq: 12 };
const OPTIONAL = ['motion', 'smoke', 'temperature', 'maxTemperature', 'at', 'seq'] as const;

const message = (changes: Partial<Record<Field | 'name', string>>) =>
  `{${Object.entries({ ...FIRE, ...changes })
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`;

function decoded(bytes: Buffer): Status {
  const status = emptyStatus(REFERENCE);
  expect(decoder.status(bytes, 0, bytes.length, status), bytes.toString()).toBeUndefined();
  return status;
}

function said(status: Status): Values {
  const { notReported: _, unreadable: __, repaired: ___, ...fields } = readingOf(status);
  return fields;
}

/** The expected reading, without fields that are not reported. */
const SILENT: Values = {
  motion: undefined,
  smoke: undefined,
  temperature: undefined,
  maxTemperature: undefined,
  at: undefined,
  seq: undefined,
};

/** What is written to the log is JSON with the same meaning. */
function expectStorable(bytes: Buffer, status: Status): void {
  const stored = status.repaired ?? bytes;
  expect(() => JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(stored)), stored.toString()).not.toThrow();
  expect(decoded(stored)).toEqual({ ...status, repaired: undefined });
}

describe('a status with a field that is unreadable', () => {
  const cases = OPTIONAL.flatMap((field) => values.unreadable.map((value) => [field, value] as const)).filter(
    ([field, value]) => field !== 'seq' || !/^"?(1|0)"?$/.test(value),
  );

  it.each(cases)('is taken without it: %s is %j', (field, value) => {
    const bytes = Buffer.from(message({ [field]: value }));
    const status = decoded(bytes);
    expect(said(status)).toEqual({ ...SAID, [field]: SILENT[field] });
    expect([readingOf(status).notReported, status.unreadable]).toEqual([[field], [field]]);
    expect(warningsOf(status, REFERENCE)).toEqual([{ field, warning: expect.stringMatching(/^unreadable: ./) }]);
    expectStorable(bytes, status);
  });

  it.each(values.unreadable.filter((value) => value !== '-0'))('is refused where that is its id: %j', (value) => {
    const bytes = Buffer.from(message({ id: value }));
    expect(decoder.status(bytes, 0, bytes.length, emptyStatus(REFERENCE))).toBe('id must be a whole number from 0 to 2147483647');
  });

  it('keeps other and unknown fields unchanged', () => {
    const bytes = Buffer.from(
      '{ "id":42959,"radio":{"rssi":[-70.50,nan]}, "smoke":True,"temperature":-nan,"name":"B\u00fcro\t1","note":kitchen}',
    );
    expect(decoded(bytes).repaired?.toString()).toBe(
      '{"id":42959,"radio":{"rssi":[-70.50,null]},"smoke":true,"temperature":null,"name":"B\u00fcro\\t1","note":"kitchen"}',
    );
  });

  it.each([
    ['a comma too many within', '{"a":[1,2,],"b":{"c":1,},"d":[3 , ]}', '{"a":[1,2],"b":{"c":1},"d":[3  ]}'],
    ['nothing at all within', '{"a":,"b":}', '{"a":null,"b":null}'],
    ['what cannot be understood within, as a text', '{"a":1 2}', '"{\\"a\\":1 2}"'],
    ['escapes in texts', '"a\\n\\"b\\u00fc\\\\"', '"a\\n\\"b\\u00fc\\\\"'],
    ['backslashes that escape nothing', '"C:\\Dir\\u12"', '"C:\\\\Dir\\\\u12"'],
    ['what is bare, as a text', 'ok so far', '"ok so far"'],
  ])('keeps %s', (_, value, expected) => {
    const bytes = Buffer.from(`{"id":42959,"smoke":nan,"more":${value}}`);
    expect(decoded(bytes).repaired?.toString()).toBe(`{"id":42959,"smoke":null,"more":${expected}}`);
  });

  it('is stored in UTF-8 if it came in Latin-1', () => {
    const bytes = Buffer.from(message({ name: '"B\u00fcro"' }), 'latin1');
    const status = decoded(bytes);
    expect(said(status)).toEqual(SAID);
    expect(status.repaired?.toString()).toBe(message({ name: '"B\u00fcro"' }));
  });

  it('is stored with its known fields only if all of it would be too long', () => {
    for (const [name, encoding] of [
      ['\u0001', 'utf8'],
      ['\u00fc', 'latin1'],
    ] as const) {
      const text = message({ temperature: '"\u00fc"', at: 'nan', name: `"${name.repeat(3_800)}"` }).replace('"smoke":true,', '');
      const bytes = Buffer.from(text, encoding);
      const status = decoded(bytes);
      expect(status.repaired?.toString()).toBe('{"id":42959,"motion":true,"temperature":null,"maxTemperature":30,"at":null,"seq":12}');
      expectStorable(bytes, status);
    }
  });
});

describe('a status with a field that is absent', () => {
  it.each(OPTIONAL)('is taken without it: %s', (field) => {
    const { [field]: _, ...others } = FIRE;
    const bytes = Buffer.from(
      `{${Object.entries(others)
        .map(([name, value]) => `"${name}":${value}`)
        .join(',')}}`,
    );
    const status = decoded(bytes);
    expect(said(status)).toEqual({ ...SAID, [field]: SILENT[field] });
    const detector = field !== 'at' && field !== 'seq';
    expect([readingOf(status).notReported, status.unreadable, status.repaired]).toEqual([detector ? [field] : [], [], undefined]);
    expect(warningsOf(status, REFERENCE).map((warning) => warning.field)).toEqual(detector ? [field] : []);
  });

  it('raises no heat without its maximum, nor without a temperature', () => {
    for (const text of ['{"id":1,"temperature":99}', '{"id":1,"maxTemperature":-99}', '{"id":1,"temperature":99,"maxTemperature":nan}'])
      expect(decoded(Buffer.from(text)).hits).toBe(0);
  });
});

describe('a value that a person can read', () => {
  const booleans = (['motion', 'smoke'] as const).flatMap((field) => values.booleans.map(([text, value]) => [field, text, value] as const));
  const temperatures = (['temperature', 'maxTemperature'] as const).flatMap((field) =>
    values.temperatures.map(([text, value]) => [field, text, value] as const),
  );
  it.each([...booleans, ...temperatures])('counts: %s is %s', (field, text, value) => {
    const bytes = Buffer.from(message({ [field]: String(text) }));
    const status = decoded(bytes);
    expect({ ...said(status), [field]: Number(said(status)[field]) }).toEqual({ ...SAID, [field]: Number(value) });
    expect([readingOf(status).notReported, status.unreadable, typeof said(status)[field]]).toEqual([[], [], typeof value]);
    expectStorable(bytes, status);
  });
});

describe('what real senders send', () => {
  it.each(statuses as [string, string, Values, string[]?][])('%s', (_, text, expected, warnings = []) => {
    const bytes = Buffer.from(text);
    const status = decoded(bytes);
    const normal = (['motion', 'smoke'] as const).filter((field) => !warnings.some((warning) => warning.startsWith(field)));
    expect(said(status)).toEqual({ ...SILENT, ...Object.fromEntries(normal.map((field) => [field, false])), id: 42959, ...expected });
    expect(warningsOf(status, REFERENCE).map(({ field, warning }) => `${field}: ${warning.split(':')[0]}`)).toEqual(warnings);
    expectStorable(bytes, status);
    const recovery = emptyRecovery();
    expect(decoder.recovery(bytes, 0, bytes.length, recovery)).toBeUndefined();
    expect(recovery.id).toBe(42959);
    expect(recovery.repaired).toEqual(status.repaired);
  });

  it.each([
    ['a status that breaks off', '{"id":42959,"smoke":true', 'not valid JSON'],
    ['an id that breaks off', '{"id":42', 'not valid JSON'],
    ['a text that breaks off', '{"id":42959,"smoke":true,"name":"Joe', 'not valid JSON'],
    ['an array within that breaks off behind an object', '{"id":42959,"gps":[{"lat":1}', 'not valid JSON'],
    ['an object within that breaks off', '{"id":42959,"gps":{"lat":1,"smoke":true}', 'not valid JSON'],
    ['two statuses in one', '{"id":1,"smoke":false}{"id":2,"smoke":true}', 'not valid JSON'],
    ['two statuses in one, the first with a decimal comma', '{"id":1,"temperature":21,5}{"id":2,"smoke":true}', 'not valid JSON'],
    ['no name', '{42959}', 'not valid JSON'],
    ['a name without quotes', '{id:42959}', 'not valid JSON'],
    ['nothing', '', 'not valid JSON'],
    ['spaces', '   ', 'not valid JSON'],
    ['a word', 'nan', 'not valid JSON'],
    ['text', '"id"', 'must be a JSON object'],
    ['an array', '[{"id":1}]', 'must be a JSON object'],
  ])('%s is refused', (_, text, reason) => {
    const bytes = Buffer.from(text);
    expect(decoder.status(bytes, 0, bytes.length, emptyStatus(REFERENCE))).toBe(reason);
    expect(decoder.recovery(bytes, 0, bytes.length, emptyRecovery())).toBe(reason);
  });

  it('a recovery is stored with its id only if all of it would be too long', () => {
    const bytes = Buffer.from(`{"id":5,"at":"2026-03-01T10:00:00Z","name":"${'\u0001'.repeat(3_800)}"}`);
    const recovery = emptyRecovery();
    expect(decoder.recovery(bytes, 0, bytes.length, recovery)).toBeUndefined();
    expect(recovery.repaired?.toString()).toBe('{"id":5,"at":1772359200000}');
  });
});

describe('whatever is sent in place of one field', () => {
  /** Anything that can't be mistaken for the end of the value: no quotes, braces and backslashes, and no comma before a quote. */
  const rubbish = fc.stringMatching(/^[^"{}\\]*$/).filter((text) => !text.trimEnd().endsWith(','));
  const value = fc.oneof(
    rubbish,
    fc.json(),
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom(...values.unreadable),
  );

  it('changes no other field', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPTIONAL, 'name'), value, (field, text) => {
        const bytes = Buffer.from(message({ [field]: text }));
        if (bytes.length > STATUS_BYTES_MAX) return;
        const status = emptyStatus(REFERENCE);
        const reason = decoder.status(bytes, 0, bytes.length, status);
        if (reason?.startsWith('nested')) return;
        expect(reason).toBeUndefined();
        const reading = readingOf(status);
        for (const other of [...OPTIONAL, 'id'] as const) if (other !== field) expect(reading[other]).toEqual(SAID[other]);
        expect(reading.notReported.filter((name) => name !== field)).toEqual([]);
        expectStorable(bytes, status);
      }),
      drawn(2_500, 1),
    );
  });
});
