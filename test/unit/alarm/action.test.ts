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
    expect(parse(fields)).toBe(reason);
  });

  it.each([
    ['', 'not valid JSON'],
    ['[]', 'must be a JSON object'],
    ['null', 'must be a JSON object'],
  ])('refuses %s: %s', (json, reason) => {
    expect(parseAction(json)).toBe(reason);
  });
});
