import { expect, it } from 'vitest';
import { meaningOf } from '../../../history/influx/connection.ts';

it.each([
  // As 1.6, 1.8 and 2.7 say it, and as it stands in an answer that is passed on as JSON.
  [
    'partial write: field type conflict: input field "active" on measurement "sensor_state" is type integer, already exists as type float dropped=1',
    'active is of type float there and not integer',
  ],
  [
    '{"error":"partial write: field type conflict: input field \\"active\\" on measurement \\"sensor_state\\" is type integer, already exists as type float dropped=1"}',
    'active is of type float there and not integer',
  ],
  ['field type conflict', 'a field is of another type there'],
  ['partial write: points beyond retention policy dropped=3', 'the points are older than what is kept'],
  ["unable to parse 'sensor_state,geohash=u10j1xx00 active=oops': invalid number", 'it cannot read what was sent'],
  ['something that nobody expected about u10j1xx00', 'the reason is in its log'],
])('of %s means: %s', (words, meaning) => {
  expect(meaningOf(words)).toBe(meaning);
});
