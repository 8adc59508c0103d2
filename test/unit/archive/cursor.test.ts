import { describe, expect, it } from 'vitest';
import { cursorOf, placeOfCursor } from '../../../archive/cursor.ts';

const cursorFrom = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it.each([
    { raisedAt: 0, id: '' },
    { raisedAt: 1_800_000_000_000, id: 'a'.repeat(1_000) },
  ])('leads back to where it was given out', (place) => {
    expect(placeOfCursor(cursorOf(place))).toEqual(place);
  });

  it.each([
    ['no list', cursorFrom(7)],
    ['no text', '%%%'],
    ['no time', cursorFrom(['x', 'a'])],
    ['half a millisecond', cursorFrom([1.5, 'a'])],
    ['no id', cursorFrom([1])],
    ['an id that is none', cursorFrom([1, 2])],
    ['an id without end', cursorFrom([1, 'a'.repeat(1_001)])],
    ['something more', cursorFrom([1, 'a', 2])],
  ])('with %s is refused', (_, cursor) => {
    expect(() => placeOfCursor(cursor)).toThrow(expect.objectContaining({ code: 'bad-cursor' }));
  });
});
