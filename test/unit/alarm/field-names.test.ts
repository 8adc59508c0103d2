import { describe, expect, it } from 'vitest';
import {
  DETECTORS,
  FIELD_NAMES,
  fieldAt,
  MAX_TEMPERATURE,
  MOTION,
  nameLength,
  SMOKE,
  TEMPERATURE,
  UNKNOWN,
} from '../../../alarm/field-names.ts';
import { FIELDS } from './fields.ts';

/** The field of that name, wherever it lies in a buffer. */
const named = (name: Buffer | string) => fieldAt(Buffer.concat([Buffer.from('"'), Buffer.from(name), Buffer.from('"')]), 1);

describe('a field', () => {
  it.each(FIELDS)('is known by its name: %s', (name, field) => {
    expect([named(name), nameLength(field)]).toEqual([field, name.length + 1]);
    expect(fieldAt(Buffer.from(`${name}":1`), 0)).toBe(field);
  });

  it('is a bit of its own', () => {
    expect(FIELDS.reduce((sum, [, field]) => sum + field, 0)).toBe(127);
    expect([DETECTORS, UNKNOWN]).toEqual([MOTION + SMOKE + TEMPERATURE + MAX_TEMPERATURE, 0]);
    expect(FIELD_NAMES.map(([field, name]) => [name, field])).toEqual(FIELDS.slice(1));
  });

  it('has no other name', () => {
    for (const [name] of FIELDS) {
      const changed = Array.from({ length: name.length + 1 }, (_, i) => i).flatMap((i) =>
        Array.from({ length: 255 }, (_, change) => {
          const bytes = Buffer.from(`${name}"`, 'latin1');
          bytes[i] = (bytes[i] ?? 0) ^ (change + 1);
          return bytes;
        }),
      );
      expect(changed.filter((bytes) => fieldAt(bytes, 0) !== UNKNOWN).map((bytes) => bytes.toString('latin1'))).toEqual([]);
      for (const other of [name.slice(1), name.slice(0, -1), `${name}s`, name.toUpperCase(), ` ${name}`])
        expect(named(other)).toBe(UNKNOWN);
      for (let end = 0; end <= name.length; end += 1) expect(fieldAt(Buffer.from(name.slice(0, end)), 0)).toBe(UNKNOWN);
    }
    for (const other of ['', 'idx', 'maxTempature', 'motemperature', 'smon', 'setq', 'temption', 'mi', 'st'])
      expect(named(other)).toBe(UNKNOWN);
  });
});
