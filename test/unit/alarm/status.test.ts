import { describe, expect, it } from 'vitest';
import {
  ALARM_TYPES,
  emptyRecovery,
  emptyStatus,
  hits,
  isHit,
  SENSOR_ID_MAX,
  type Status,
  STATUS_BYTES_MAX,
} from '../../../alarm/status.ts';

describe('a status', () => {
  const typesHit = (fields: Partial<Status>) => {
    const status = { ...emptyStatus(), temperature: 20, maxTemperature: 30, ...fields };
    return [isHit(status), ALARM_TYPES.filter((type) => hits(status, type))];
  };

  it.each<[Partial<Status>, string[]]>([
    [{}, []],
    [{ motion: true }, ['motion']],
    [{ smoke: true }, ['smoke']],
    [{ temperature: 30 }, []],
    [{ temperature: 30.1 }, ['temperature']],
    [{ temperature: Number.NaN }, []],
    [{ maxTemperature: Number.NaN }, []],
    [{ motion: true, smoke: true, temperature: 31 }, ['motion', 'smoke', 'temperature']],
  ])('with %j is a hit of %j', (fields, types) => {
    expect(typesHit(fields)).toEqual([types.length > 0, types]);
  });

  it('says nothing before it is read', () => {
    expect(typesHit(emptyStatus())).toEqual([false, []]);
    expect([emptyStatus().notReported, emptyStatus().unreadable, emptyRecovery().at]).toEqual([0, 0, undefined]);
  });

  it('is bounded as documented', () => {
    expect([SENSOR_ID_MAX, STATUS_BYTES_MAX]).toEqual([2 ** 31 - 1, 4_096]);
  });
});
