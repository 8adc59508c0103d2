import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Decoder, forEachLine, forEachMember } from '../../../alarm/decode.ts';
import { scan } from '../../../alarm/scan.ts';
import { emptyRecovery, emptyStatus } from '../../../alarm/status.ts';
import { readUsualForm } from '../../../alarm/usual-form.ts';
import { Agreement } from './agreement.ts';
import { dirtyMessage, message, mutate, random, usualMessage } from './random-messages.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';
import { decoded, readingOf } from './reading.ts';
import { json, USUAL } from './status-specification.ts';
import { drawn } from '../../support/draws.ts';

const MESSAGES = 25_000;
const ARRAYS = 10_000;
/** On a busy machine. */
const TIMEOUT_MS = 60_000;

const REFERENCE_WHEN = ['motion', 'smoke', 'temperature > maxTemperature'];

/** Reused for all messages, as in a task. */
const decoder = new Decoder(REFERENCE);
const NORMAL = { id: 42959, motion: true, smoke: false, temperature: 25.5, maxTemperature: 30, notReported: [], unreadable: [] };
const withField = (name: string, value: string) =>
  `{"id":42959,"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30.0,"${name}":${value}}`;

describe('a Decoder of statuses', () => {
  it.each([
    ['JSON literals', '{"id":42959,"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30.0}', {}],
    ['strings', '{"id":"42959","motion":"true","smoke":"false","temperature":"25.5","maxTemperature":"30.0"}', {}],
    ['any order and white space', '\r\n{ "smoke" :false,\t"maxTemperature":30,"temperature":25.5, "motion":true ,"id":42959 } ', {}],
    ['the last of two values', withField('id', '7'), { id: 7 }],
    ['the last of a bad and a good value', withField('id', '"x","id":7'), { id: 7 }],
    ['unknown fields', withField('firmware', '"1.2"'), {}],
    ['unknown nested fields', withField('radio', '{"rssi":[-70,{"id":1}]}'), {}],
    ['keys with escapes', withField('i\\u0064', '8'), { id: 8 }],
    ['exponents', withField('temperature', '1e3'), { temperature: 1000 }],
    ['a minus zero id as zero', withField('id', '-0'), { id: 0 }],
    ['an id with a fraction of zero', withField('id', '42959.0'), {}],
    ['the largest id', withField('id', '2147483647'), { id: 2147483647 }],
    ['epoch ms', withField('at', '1764000000000'), { at: 1764000000000 }],
    ['epoch ms as a string', withField('at', '"1764000000000"'), { at: 1764000000000 }],
    ['ISO 8601', withField('at', '"2026-03-01T12:00:00.5+02:00"'), { at: Date.UTC(2026, 2, 1, 10, 0, 0, 500) }],
    ['a counter', withField('seq', '12'), { seq: 12 }],
    ['a counter as a string', withField('seq', '"12"'), { seq: 12 }],
  ])('reads %s', (_, text, expected) => {
    expect(decoded(text, REFERENCE, decoder)).toEqual({ ...NORMAL, ...expected });
  });

  it.each([
    ['{"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30}', 'id is missing'],
    [withField('id', '1.5'), 'id must be a whole number from 0 to 2147483647'],
    [withField('id', '2147483648'), 'id must be a whole number from 0 to 2147483647'],
    [withField('id', '-1'), 'id must be a whole number from 0 to 2147483647'],
    [withField('id', 'null'), 'id must be a whole number from 0 to 2147483647'],
    ['', 'not valid JSON'],
    ['{"id":1', 'not valid JSON'],
    ['[1]', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
    [withField('x', `${'['.repeat(32)}${']'.repeat(32)}`), 'nested deeper than 32 levels'],
    [withField('x', '['.repeat(4_000)), 'nested deeper than 32 levels'],
    [withField('x', `"${'y'.repeat(4_096)}"`), 'longer than 4096 bytes'],
  ] as const)('refuses %#', (text, reason) => {
    expect(decoded(text, REFERENCE, decoder)).toBe(reason);
  });

  it('looks at its range only', () => {
    const bytes = Buffer.from(`}${withField('seq', '1')}{"id":1}`);
    const end = bytes.lastIndexOf('{');
    const status = emptyStatus(REFERENCE);
    expect(decoder.status(bytes, 1, end, status)).toBeUndefined();
    expect(readingOf(status)).toEqual({ ...NORMAL, seq: 1 });
    for (let cut = 1; cut < end; cut++) expect(decoder.status(bytes, 1, cut, status)).toBe('not valid JSON');
  });

  it('agrees with its specification on random messages, broken ones included', { timeout: TIMEOUT_MS }, () => {
    const { numRuns, seed } = drawn(MESSAGES, 20_260_301);
    const next = random(seed);
    const agreement = new Agreement(REFERENCE, USUAL, REFERENCE_WHEN);
    const status = emptyStatus(REFERENCE);
    let valid = 0;
    let scanned = 0;
    for (let i = 0; i < numRuns; i++) {
      const bytes = message(next);
      if (!agreement.on(bytes, next)) continue;
      valid++;
      status.id = -1;
      const first = bytes.indexOf('{');
      if (scan(bytes, first, bytes.length, REFERENCE, status) && status.id >= 0) scanned++;
    }
    expect(valid / numRuns).toBeGreaterThan(0.3);
    expect(valid / numRuns).toBeLessThan(0.9);
    expect(scanned / valid).toBeGreaterThan(0.3);
  });

  it('agrees with its specification on messages in usual form and close to it', { timeout: TIMEOUT_MS }, () => {
    const { numRuns, seed } = drawn(MESSAGES, 20_260_302);
    const next = random(seed);
    const agreement = new Agreement(REFERENCE, USUAL, REFERENCE_WHEN);
    const status = emptyStatus(REFERENCE);
    let valid = 0;
    let usual = 0;
    for (let i = 0; i < numRuns; i++) {
      const bytes = usualMessage(next);
      if (!agreement.on(bytes, next)) continue;
      valid++;
      if (readUsualForm(Buffer.concat([bytes, Buffer.alloc(128)]), 0, status) === bytes.length) usual++;
    }
    expect(valid / numRuns).toBeGreaterThan(0.3);
    expect(valid / numRuns).toBeLessThan(0.9);
    expect(usual / valid).toBeGreaterThan(0.4);
  });

  it('agrees with its specification on messages with much in them that is wrong', { timeout: TIMEOUT_MS }, () => {
    const next = random(20_261_130);
    const agreement = new Agreement(REFERENCE, USUAL, REFERENCE_WHEN);
    let valid = 0;
    for (let i = 0; i < MESSAGES; i++) if (agreement.on(dirtyMessage(next), next)) valid++;
    expect(valid / MESSAGES).toBeGreaterThan(0.3);
    expect(valid / MESSAGES).toBeLessThan(0.9);
  });

  it('reads the usual form at every distance from the end of the buffer', () => {
    const text = Buffer.from(withField('seq', '12'));
    for (const types of [REFERENCE, withTypes(typeWhen('still', 'not motion'))]) {
      const each = new Decoder(types);
      for (let room = 0; room <= 200; room++) {
        const bytes = Buffer.concat([text, Buffer.alloc(room, '9')]);
        const status = emptyStatus(types);
        expect(each.status(bytes, 0, text.length, status)).toBeUndefined();
        expect([status.id, status.seq, status.hits, status.silent]).toEqual([42959, 12, 1, 0]);
        // For the reference system's types nothing else is defined.
        if (types !== REFERENCE) expect(readingOf(status, types)).toEqual({ ...NORMAL, seq: 12 });
        expect(each.status(bytes, 0, text.length - 1, status)).toBe('not valid JSON');
      }
    }
  });

  it('has no values of the previous status', () => {
    const status = emptyStatus(REFERENCE);
    const fire = '"motion":true,"smoke":true,"temperature":90,"maxTemperature":30';
    const before = [
      `{"id":1,${fire}}`,
      `{"id":1,${fire},"seq":5}${' '.repeat(130)}`,
      `{"id":1,${fire},"at":5,"seq":5}`,
      `{ "id":1,"at":5,"seq":5,${fire}}`,
      `{"id":1,${fire.replace('30', 'nan')},"at":nan,"seq":5}`,
    ];
    for (const one of before) {
      for (const text of ['{"id":2}', '{ "id":2, "x":1 }', '{"id":2,"x":[]}']) {
        for (const each of [one, text]) expect(decoder.status(Buffer.from(each), 0, each.length, status)).toBeUndefined();
        expect([readingOf(status), status.hits, status.silent]).toEqual([
          { id: 2, notReported: ['motion', 'smoke', 'temperature', 'maxTemperature'], unreadable: [] },
          0,
          7,
        ]);
      }
    }
  });

  it('looks at the bytes of the buffer it is given, though the one before had the same memory', () => {
    const memory = Buffer.alloc(400);
    const [one, other] = [memory.subarray(0, 300), memory.subarray(100, 400)];
    const status = emptyStatus(REFERENCE);
    for (const [id, bytes] of [7, 8, 9].flatMap((id) => [[id, one] as const, [id + 10, other] as const])) {
      const length = bytes.write(`{"id":${id},"motion":true,"smoke":false,"temperature":25.5,"maxTemperature":30.0}`);
      expect(decoder.status(bytes, 0, length, status)).toBeUndefined();
      expect(status.id).toBe(id);
    }
  });
});

describe('a Decoder of recoveries', () => {
  it.each([
    ['an id alone', '{"id":42959}', { id: 42959, at: undefined }],
    ['an id as a string', '{"id":"42959"}', { id: 42959, at: undefined }],
    ['a whole status', withField('at', '"2026-03-01T10:00:00Z"'), { id: 42959, at: Date.UTC(2026, 2, 1, 10) }],
    ['other fields with any JSON', '{"motion":[],"id":5,"at":{},"temperature":null}', { id: 5, at: undefined }],
    ['no id', '{"motion":true}', 'id is missing'],
    ['a bad id', '{"id":-5}', 'id must be a whole number from 0 to 2147483647'],
    ['no JSON', '{"id":5,"motion":', 'not valid JSON'],
  ])('takes %s', (_, text, expected) => {
    const bytes = Buffer.from(text);
    const recovery = { ...emptyRecovery(), at: 1 };
    expect(decoder.recovery(bytes, 0, bytes.length, recovery) ?? recovery).toEqual(
      typeof expected === 'string' ? expected : { ...expected, repaired: undefined },
    );
  });

  it('looks at its range only, wherever that lies in a batch', () => {
    const before = Buffer.alloc(10_000, '{"id":6},');
    const bytes = Buffer.concat([before, Buffer.from('{"id":5},{"id":7}')]);
    const recovery = emptyRecovery();
    expect(decoder.recovery(bytes, before.length, before.length + 8, recovery)).toBeUndefined();
    expect(recovery.id).toBe(5);
    expect(decoder.recovery(bytes, before.length, before.length + 7, recovery)).toBe('not valid JSON');
  });

  it('keeps nothing of the previous recovery', () => {
    const recovery = emptyRecovery();
    for (const text of ['{"id":5,"at":1764000000000,"temperature":nan}', '{"id":6}'])
      expect(decoder.recovery(Buffer.from(text), 0, text.length, recovery)).toBeUndefined();
    expect(recovery).toEqual({ id: 6, at: undefined, repaired: undefined });
  });
});

describe('the longest message that is read', () => {
  const ofLength = (bytes: number) => withField('x', `"${'y'.repeat(bytes - withField('x', '""').length)}"`);

  it.each([
    [4_096, undefined],
    [4_097, 'longer than 4096 bytes'],
  ])('has 4096 bytes: one of %i is answered with %s', (length, reason) => {
    const before = Buffer.alloc(5_000, ' ');
    const bytes = Buffer.concat([before, Buffer.from(ofLength(length))]);
    expect(bytes.length - before.length).toBe(length);
    expect(decoder.status(bytes, before.length, bytes.length, emptyStatus(REFERENCE))).toBe(reason);
    expect(decoder.recovery(bytes, before.length, bytes.length, emptyRecovery())).toBe(reason);
  });
});

function members(text: string | Buffer): { reason: string | undefined; found: string[] } {
  const bytes = Buffer.from(text);
  const found: string[] = [];
  const reason = forEachMember(bytes, 0, bytes.length, (start, end) => found.push(bytes.toString('latin1', start, end)));
  return { reason, found };
}

describe('forEachMember', () => {
  it.each([
    ['[]', []],
    [' [ ] ', []],
    ['[{"id":1},]', ['{"id":1}']],
    ['[ ,,{"id":1}, , {"id":2}\n]', ['{"id":1}', '{"id":2}']],
    ['[,]', []],
    ['[{"id":1}]', ['{"id":1}']],
    ['[ {"a":"],["} ,\n{"b":[1,{"c":"\\"}"}]} , 5 ]', ['{"a":"],["}', '{"b":[1,{"c":"\\"}"}]}', '5']],
  ])('finds the members of %s', (text, found) => {
    expect(members(text)).toEqual({ reason: undefined, found });
  });

  it.each([
    ['{}', 'not a JSON array'],
    ['', 'not a JSON array'],
    ['[', "not a JSON array: it doesn't end"],
    ['[{"a":1}', "not a JSON array: it doesn't end"],
    ['[{"a":1},', "not a JSON array: it doesn't end"],
    ['[{"a":1}}', 'not a JSON array: unexpected } at byte 8'],
    ['[{"a":1}] x', 'not a JSON array: something follows its end'],
  ])('refuses %s: %s', (text, reason) => {
    expect(members(text).reason).toBe(reason);
  });

  it('takes for an array of JSON what JSON.parse takes for one, with the same members', { timeout: TIMEOUT_MS }, () => {
    const next = random(7);
    for (let i = 0; i < ARRAYS; i++) {
      const whole = Buffer.from(
        `[${Array.from({ length: Math.floor(next() * 4) }, () => (next() < 0.5 ? message : usualMessage)(next).toString('latin1')).join(',')}]`,
        'latin1',
      );
      const bytes = next() < 0.3 ? mutate(whole, next) : whole;
      const expected = json(bytes);
      const { reason, found } = members(bytes);
      const values = found.map((member) => json(Buffer.from(member, 'latin1')));
      const wellFormed = reason === undefined && !values.includes(undefined);
      // Extra commas are ignored.
      const same = wellFormed ? expected === undefined || isDeepStrictEqual(values, expected) : !Array.isArray(expected);
      if (!same) expect.fail(`${JSON.stringify(bytes.toString('latin1'))}: ${reason ?? JSON.stringify(values)}`);
    }
  });
});

describe('forEachLine', () => {
  it('finds lines with either line end, without blank ones and the white space around', () => {
    const bytes = Buffer.from('{"id":1}\r\n\n \t\r\n  {"id":2} \n{"id":3}');
    const found: string[] = [];
    forEachLine(bytes, 0, bytes.length, (start, end) => found.push(bytes.toString('latin1', start, end)));
    expect(found).toEqual(['{"id":1}', '{"id":2}', '{"id":3}']);
  });

  it('finds in random text what splitting it finds', () => {
    const next = random(8);
    for (let i = 0; i < ARRAYS; i++) {
      const whole = Array.from({ length: 4 }, () => (next() < 0.3 ? message : usualMessage)(next).toString('latin1')).join(
        next() < 0.8 ? '\n' : '\r\n',
      );
      const bytes = next() < 0.3 ? mutate(Buffer.from(whole, 'latin1'), next) : Buffer.from(whole, 'latin1');
      const end = Math.floor(bytes.length * Math.min(1, 0.5 + next()));
      const found: string[] = [];
      forEachLine(bytes, 0, end, (start, end) => found.push(bytes.toString('latin1', start, end)));
      const lines = bytes.toString('latin1', 0, end).split('\n');
      expect(found).toEqual(lines.map((line) => line.replace(/^[ \t\r]+|[ \t\r]+$/g, '')).filter((line) => line !== ''));
    }
  });

  it('looks at its range only', () => {
    const bytes = Buffer.from('a\nbb\ncc');
    const found: string[] = [];
    forEachLine(bytes, 2, 6, (start, end) => found.push(bytes.toString('latin1', start, end)));
    expect(found).toEqual(['bb', 'c']);
  });
});
