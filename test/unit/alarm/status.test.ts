import { describe, expect, it } from 'vitest';
import { emptyRecovery, emptyStatus, SENSOR_ID_MAX, STATUS_BYTES_MAX } from '../../../alarm/status.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { type Reading, readingOf, statusSaying, typesHit } from './reading.ts';

describe('a status', () => {
  it.each<[Partial<Reading>, string[]]>([
    [{}, []],
    [{ motion: true }, ['motion']],
    [{ smoke: true }, ['smoke']],
    [{ temperature: 30 }, []],
    [{ temperature: 30.1 }, ['temperature']],
    [{ temperature: Number.NaN }, []],
    [{ maxTemperature: Number.NaN }, []],
    [{ motion: true, smoke: true, temperature: 31 }, ['motion', 'smoke', 'temperature']],
  ])('with %j is a hit of %j', (fields, types) => {
    expect(typesHit(statusSaying({ temperature: 20, maxTemperature: 30, ...fields }))).toEqual(types);
  });

  it('says nothing before it is read', () => {
    const status = emptyStatus(REFERENCE);
    expect(typesHit(status)).toEqual([]);
    expect(REFERENCE.namesOf(status.silent)).toEqual(['motion', 'smoke', 'temperature']);
    expect([readingOf(status).unreadable, status.at, status.seq, status.repaired, emptyRecovery().at]).toEqual([
      [],
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is bounded as documented', () => {
    expect([SENSOR_ID_MAX, STATUS_BYTES_MAX]).toEqual([2 ** 31 - 1, 4_096]);
  });
});
