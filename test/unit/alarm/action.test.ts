import { describe, expect, it } from 'vitest';
import { NOTE_MAX, parseAction } from '../../../alarm/action.ts';

const ACTION = { id: 'a1', alarm: '7-smoke-0-2-3', sensor: 7, kind: 'acknowledge', version: 1, by: 'ada' };
const parse = (fields: object) => parseAction(JSON.stringify({ ...ACTION, ...fields }));

describe('parseAction', () => {
  it.each([
    {},
    { kind: 'note', note: 'called the neighbour' },
    { kind: 'disposition', disposition: 'false' },
    { note: 'x'.repeat(NOTE_MAX) },
    { kind: 'note', note: 'x' },
    { sensor: 0 },
    { id: 'x', alarm: 'y', by: 'z' },
  ])('takes %j', (fields) => {
    expect(parse(fields)).toEqual({ ...ACTION, ...fields });
  });

  it('leaves out what it does not know', () => {
    expect(parse({ admin: true })).toEqual(ACTION);
  });

  it.each<[object, string]>([
    [{ id: '' }, 'id must be a text of 1 to 200 characters'],
    [{ alarm: 5 }, 'alarm must be a text of 1 to 200 characters'],
    [{ sensor: -1 }, 'sensor must be a whole number from 0 to 2147483647'],
    [{ sensor: 2 ** 31 }, 'sensor must be a whole number from 0 to 2147483647'],
    [{ kind: 'delete' }, 'kind must be one of acknowledge, note, disposition'],
    [{ version: 0 }, 'version must be a whole number from 1'],
    [{ version: '1' }, 'version must be a whole number from 1'],
    [{ by: null }, 'by must be a text of 1 to 200 characters'],
    [{ kind: 'note' }, 'note is missing'],
    [{ kind: 'note', note: '  ' }, 'note must be a text of 1 to 2000 characters'],
    [{ kind: 'note', note: 'x'.repeat(NOTE_MAX + 1) }, 'note must be a text of 1 to 2000 characters'],
    [{ kind: 'disposition' }, 'disposition is missing'],
    [{ kind: 'disposition', disposition: 'maybe' }, 'disposition must be one of genuine, false, test, aborted, unknown'],
  ])('refuses %j: %s', (fields, reason) => {
    expect(parse(fields)).toMatchObject({ problem: reason });
  });

  it.each([
    ['', 'not valid JSON'],
    ['[]', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
    ['5', 'must be a JSON object'],
    ['"acknowledge"', 'must be a JSON object'],
  ])('refuses %s: %s', (json, reason) => {
    expect(parseAction(json)).toEqual({ problem: reason });
  });

  it.each<[string, object, object]>([
    ['a version below 1', { version: -1 }, { version: 0 }],
    ['a version that is no whole number', { version: 1.5 }, { version: 0 }],
    ['a version beyond all counting', { version: 2 ** 53 }, { version: 0 }],
    ['no version', { version: undefined }, { version: 0 }],
    ['no note', { kind: 'note' }, { kind: 'note' }],
    ['a note that is none', { kind: 'note', note: 5 }, { kind: 'note' }],
    ['a disposition that is none', { kind: 'disposition', disposition: 'maybe' }, { kind: 'disposition' }],
  ])('returns what an answer needs for an action with %s', (_, fields, expected) => {
    expect(parse(fields)).toEqual({ problem: expect.any(String), action: { ...ACTION, ...expected } });
  });

  it.each([{ id: 7 }, { alarm: '' }, { sensor: 1.5 }, { kind: 'burn' }, { by: undefined }, { id: 'x'.repeat(201) }])(
    'gives nothing for an answer to one with %j',
    (fields) => {
      expect(parse(fields)).not.toHaveProperty('action');
    },
  );

  it('takes texts of 200 characters and a sensor with the largest id', () => {
    const long = 'x'.repeat(200);
    expect(parse({ id: long, alarm: long, by: long, sensor: 2 ** 31 - 1 })).not.toHaveProperty('problem');
  });
});
