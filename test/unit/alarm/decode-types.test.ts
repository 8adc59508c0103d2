/** Decoding for types of an installation's own: whatever their fields are called, in whatever order they come, the decoder agrees with its specification. */
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../alarm/decode.ts';
import { emptyStatus } from '../../../alarm/status.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { Agreement } from './agreement.ts';
import { message, random, usualMessage, wideMessage } from './random-messages.ts';
import { typeWhen } from '../../support/alarm-types.ts';
import { decoded, readingOf } from './reading.ts';
import { type SpecifiedField, USUAL } from './status-specification.ts';
import { drawn } from '../../support/draws.ts';

/** This many messages over ten fields, fewer over more. */
const MESSAGES = 6_000;
const TIMEOUT_MS = 60_000;

interface Installation {
  readonly when: readonly string[];
  readonly fields: readonly SpecifiedField[];
}

const booleans = (...names: string[]): SpecifiedField[] => names.map((name) => [name, 'boolean']);
const numbers = (...names: string[]): SpecifiedField[] => names.map((name) => [name, 'number']);
const LONG = Array.from({ length: 64 }, (_, i) => `f${i}_${'n'.repeat((i * 7) % 37)}`);

const INSTALLATIONS: Record<string, Installation> = {
  'eight types over ten fields': {
    when: ['motion', 'smoke', 'temperature > maxTemperature', 'water', 'co > 50', 'not mains', 'battery <= batteryMin', 'panic'],
    fields: [...USUAL, ...booleans('water', 'mains', 'panic'), ...numbers('co', 'battery', 'batteryMin')],
  },
  'the reference system, and a type more': {
    when: ['motion', 'smoke', 'temperature > maxTemperature', 'temperature < -40'],
    fields: [...USUAL],
  },
  'names that are beginnings of each other': {
    when: [
      'c',
      'co > 50',
      'co2 >= co',
      'co22 < 25.5',
      'temp > temperature',
      `${'x'.repeat(40)} <= ${'x'.repeat(39)}`,
      'not i',
      'seque',
      'smok',
    ],
    fields: [
      ...booleans('c', 'i', 'seque', 'smok'),
      ...numbers('co', 'co2', 'co22', 'temp', 'temperature', 'x'.repeat(40), 'x'.repeat(39)),
    ],
  },
  'names that every object has': {
    when: ['constructor', '__proto__ > 5', 'not toString', 'hasOwnProperty >= valueOf', 'motion'],
    fields: [...booleans('constructor', 'toString', 'motion'), ...numbers('__proto__', 'hasOwnProperty', 'valueOf')],
  },
  'usual fields of another kind': {
    when: ['motion > 3', 'not temperature', 'smoke', 'maxTemperature < motion', 'water'],
    fields: [...numbers('motion', 'maxTemperature'), ...booleans('temperature', 'smoke', 'water')],
  },
  'usual fields compared otherwise': {
    when: ['smoke', 'motion', 'maxTemperature <= temperature', 'not smoke', 'temperature < -5'],
    fields: [...USUAL],
  },
  'none of the usual fields': { when: ['water', 'level >= 1.5'], fields: [...booleans('water'), ...numbers('level')] },
  'one usual field': { when: ['smoke'], fields: booleans('smoke') },
  '32 types over 64 fields': {
    when: Array.from({ length: 32 }, (_, i) => `${LONG[2 * i]} ${['>', '>=', '<', '<='][i % 4]} ${LONG[2 * i + 1]}`),
    fields: numbers(...LONG),
  },
};

const typesOf = ({ when }: Installation): TypeSet => new TypeSet(when.map((condition, i) => typeWhen(`t${i}`, condition)));

describe.each(Object.entries(INSTALLATIONS))('with %s', (name, installation) => {
  const { fields, when } = installation;
  const types = typesOf(installation);

  it('the decoder agrees with its specification on whatever is sent', { timeout: TIMEOUT_MS }, () => {
    const { numRuns, seed } = drawn(MESSAGES / Math.max(1, fields.length / 10), name.length);
    const next = random(seed);
    const agreement = new Agreement(types, fields, when);
    let valid = 0;
    for (let i = 0; i < numRuns; i += 1) {
      // Forms alternate, so that anything left or learnt from one message would show in the next.
      const turn = Math.floor(next() * 8);
      const bytes = turn === 0 ? message(next) : turn === 1 ? usualMessage(next) : wideMessage(next, fields);
      if (agreement.on(bytes, next)) valid += 1;
    }
    expect(valid / numRuns).toBeGreaterThan(0.5);
    expect(valid / numRuns).toBeLessThan(0.99);
  });

  it('an empty status has no values of the previous one', () => {
    const decoder = new Decoder(types);
    const status = emptyStatus(types);
    const all = JSON.stringify({
      id: 1,
      at: 5,
      seq: 6,
      ...Object.fromEntries(fields.map(([field, kind]) => [field, kind === 'boolean' ? true : 7])),
    });
    for (const before of [
      all,
      `${all} `,
      all.replaceAll(',', ', '),
      usual('"at":5,"seq":6'),
      usual('"seq":6'),
      all.replace('{', '{"x":nan,'),
    ]) {
      for (const text of ['{"id":2}', ' {"id":2,"x":"\u00fc"}', `{"id":2}${' '.repeat(130)}`]) {
        const bytes = [before, text].map((one) => Buffer.from(one + ' '.repeat(150)));
        decoder.status(bytes[0] ?? Buffer.alloc(0), 0, Buffer.byteLength(before), status);
        expect(decoder.status(bytes[1] ?? Buffer.alloc(0), 0, Buffer.byteLength(text), status)).toBeUndefined();
        expect([readingOf(status, types).unreadable, status.id, status.at, status.seq, status.repaired]).toEqual([
          [],
          2,
          undefined,
          undefined,
          undefined,
        ]);
        expect([status.hits, status.silent, [...status.values].slice(0, types.fields.length).every(Number.isNaN)]).toEqual([
          0,
          types.all,
          true,
        ]);
      }
    }
  });

  it('a recovery is accepted by its id, whatever else it contains', () => {
    const decoder = new Decoder(types);
    const recovery = { id: 0, at: 5, repaired: undefined };
    for (const [field] of fields) {
      for (const value of ['true', '5', '"x"', 'null', '{}']) {
        const text = `{"id":9,"${field}":${value}}`;
        expect(decoder.recovery(Buffer.from(text), 0, text.length, recovery)).toBeUndefined();
        expect(recovery).toEqual({ id: 9, at: undefined, repaired: undefined });
      }
    }
  });
});

const usual = (more: string): string => `{"id":1,"motion":true,"smoke":true,"temperature":90,"maxTemperature":30,${more}}`;

describe('a field that no type reads', () => {
  const types = new TypeSet([typeWhen('water', 'water')]);

  it('is no fault, whatever it holds', () => {
    for (const smoke of ['true', 'null', '"x"', 'nan', '{}']) {
      expect(decoded(`{"id":1,"smoke":${smoke},"water":true}`, types)).toMatchObject({ water: true, unreadable: [] });
      expect(decoded(`{"id":1,"smoke":${smoke}}`, types)).toMatchObject({ notReported: ['water'], unreadable: [] });
    }
  });
});

describe('a type that reads several fields', () => {
  const types = new TypeSet([typeWhen('flood', 'level > limit'), typeWhen('wet', 'level >= 5')]);

  it.each<[string, readonly string[], readonly string[]]>([
    ['{"id":1,"level":9,"limit":5}', ['flood', 'wet'], []],
    ['{"id":1,"level":9}', ['wet'], ['flood']],
    ['{"id":1,"limit":-9}', [], ['flood', 'wet']],
    ['{"id":1,"level":9,"limit":null}', ['wet'], ['flood']],
    ['{"id":1,"level":"5,0","limit":5}', ['wet'], []],
  ])('%s', (text, hit, silent) => {
    const status = emptyStatus(types);
    expect(new Decoder(types).status(Buffer.from(text), 0, text.length, status)).toBeUndefined();
    expect([types.namesOf(status.hits), types.namesOf(status.silent)]).toEqual([hit, silent]);
  });
});
