import { describe, expect, it } from 'vitest';
import { FieldTable, UNKNOWN } from '../../../alarm/field-table.ts';
import { viewOf } from '../../../alarm/usual-form.ts';
import { REFERENCE } from '../../support/alarm-types.ts';

const REFERENCE_NAMES = ['motion', 'smoke', 'temperature', 'maxTemperature', 'id', 'at', 'seq'];
/** Names that begin like each other, of every length up to the longest, and names that every object has. */
const ALIKE = [
  ...['c', 'co', 'co2', 'co22', 'co2_', 'cop', 'constructor', '__proto__', 'toString', 'o', 'C'],
  ...Array.from({ length: 36 }, (_, i) => 'x'.repeat(5 + i)),
  `${'x'.repeat(39)}y`,
];

/** The field of that name, at any place in a buffer. */
function named(table: FieldTable, name: Buffer | string, previous = UNKNOWN): number {
  return table.at(Buffer.concat([Buffer.from('"'), Buffer.from(name), Buffer.from('"')]), 1, previous);
}

/** The result of `expectedAt` for a member, with enough bytes after it. */
function expected(table: FieldTable, member: string, previous: number): number {
  const bytes = Buffer.from(`?${member}${' '.repeat(60)}`, 'latin1');
  return table.expectedAt(viewOf(bytes), 1, previous);
}

describe.each([
  ['the reference system', REFERENCE_NAMES],
  ['names that are much alike', ALIKE],
])('a field of %s', (_, names) => {
  it.each(names.map((name, i) => [name, i] as const))('is known by its name: %s', (name, field) => {
    const table = new FieldTable(names);
    expect([named(table, name), table.lengths[field], table.memberLengths[field]]).toEqual([field, name.length + 1, name.length + 4]);
    expect(table.at(Buffer.from(`${name}":1`), 0, UNKNOWN)).toBe(field);
  });

  it('is known behind a brace', () => {
    const table = new FieldTable(names);
    const first = (text: string): number => table.firstAt(Buffer.from(`?${text}${' '.repeat(60)}`, 'latin1'), 1);
    for (const [field, name] of names.entries()) {
      expect(first(`{"${name}":1}`)).toBe(field);
      for (const other of [`{"${name}" :1}`, `{"${name}?":1}`, `{"?${name.slice(1)}":1}`, `{ "${name}":1}`, `{'${name}":1}`])
        expect(first(other)).toBe(UNKNOWN);
    }
  });

  it('is known whatever came before it', () => {
    const table = new FieldTable(names);
    for (let previous = UNKNOWN; previous < names.length; previous += 1)
      for (const [field, name] of names.entries()) expect(named(table, name, previous)).toBe(field);
  });

  it('is expected behind the one that it followed last time', () => {
    const table = new FieldTable(names);
    for (let previous = UNKNOWN; previous < names.length; previous += 1) {
      const found = names.map((name) => {
        named(table, name, previous);
        return expected(table, `,"${name}":`, previous);
      });
      expect(found).toEqual(names.map((_, i) => i));
    }
  });

  it('is expected in no other form', () => {
    const table = new FieldTable(names);
    for (const name of names) {
      named(table, name);
      const member = `,"${name}":`;
      const others = [`, "${name}":`, `,"${name}" :`, `{"${name}":`, `,"${name}x":`, `,"${name.slice(0, -1)}":`, ` "${name}":`];
      const changed = [...member].flatMap((_, i) =>
        [...'x",:c\0\u00ff'].map((byte) => `${member.slice(0, i)}${byte}${member.slice(i + 1)}`),
      );
      const found = [...others, ...changed].filter((text) => text !== member && expected(table, text, UNKNOWN) !== UNKNOWN);
      expect(found).toEqual([]);
    }
  });

  it('is expected as the first one, and the others in their order, before anything was read', () => {
    const table = new FieldTable(names);
    for (const [i, name] of names.entries()) expect(expected(table, `,"${name}":`, i - 1 < 0 ? UNKNOWN : i - 1)).toBe(i);
  });

  it('has no other name', () => {
    const table = new FieldTable(names);
    // Every other byte; with many names, every bit.
    const changes = Array.from({ length: 255 }, (_, i) => i + 1).filter(
      (change) => names.length < 10 || Number.isInteger(Math.log2(change)),
    );
    for (const name of names) {
      const changed = Array.from({ length: name.length + 1 }, (_, i) => i).flatMap((i) =>
        changes.map((change) => {
          const bytes = Buffer.from(`${name}"`, 'latin1');
          bytes[i] = (bytes[i] ?? 0) ^ change;
          return bytes;
        }),
      );
      const found = changed.map((bytes) => [bytes.toString('latin1'), table.at(bytes, 0, UNKNOWN)] as const);
      expect(found.filter(([text, field]) => field !== UNKNOWN && !text.startsWith(`${names[field]}"`))).toEqual([]);
      for (const other of [name.slice(1), name.slice(0, -1), `${name}s`, name.toUpperCase(), ` ${name}`])
        expect([other, named(table, other)]).toEqual([other, names.indexOf(other)]);
      for (let end = 0; end <= name.length; end += 1) expect(table.at(Buffer.from(name.slice(0, end)), 0, UNKNOWN)).toBe(UNKNOWN);
    }
    for (const other of ['', 'idx', 'maxTempature', 'motemperature', 'smon', 'setq', 'temption', 'mi', 'st'])
      expect(named(table, other)).toBe(UNKNOWN);
  });
});

it('knows what types read, and behind it what every status may have', () => {
  expect(REFERENCE.table.names).toEqual(REFERENCE_NAMES);
  expect(REFERENCE.id).toBe(4);
});

it('takes no name that is longer than a condition may have', () => {
  expect(() => new FieldTable(['x'.repeat(47)])).not.toThrow();
  expect(() => new FieldTable(['x'.repeat(48)])).toThrow('the name is too long');
});
