import { describe, expect, it } from 'vitest';
import { decodeMailedChange } from '../../../notify/alarm-event.ts';
import { changeOf } from '../../support/alarms.ts';

const decode = (value: unknown) => decodeMailedChange(JSON.stringify(value));
const raised = changeOf('raised');
const withAlarm = (changes: object) => ({ ...raised, alarm: { ...raised.alarm, ...changes } });

describe('an alarm event', () => {
  it.each(['raised', 'cleared'] as const)('is mailed where it is %s', (event) => {
    expect(decode(changeOf(event))).toEqual(changeOf(event));
  });

  it.each(['acknowledged', 'refused'])('is nobody’s mail where it is %s, whatever else it says', (event) => {
    expect(decode({ event, alarm: 7 })).toBeUndefined();
  });

  it.each([
    ['a moment of 1970', { ...raised, at: 0 }],
    ['the last moment that has a date', { ...raised, at: 8.64e15 }],
    ['a sensor 0', withAlarm({ sensor: 0 })],
    ['the last sensor', withAlarm({ sensor: 2_147_483_647 })],
    ['a short id', withAlarm({ id: 'a' })],
    ['a long id', withAlarm({ id: 'a'.repeat(200) })],
    ['no evidence', withAlarm({ evidence: [] })],
  ])('is read with %s', (_, event) => {
    expect(decode(event)).toEqual(event);
  });

  it.each([
    ['a moment before 1970', { ...raised, at: -1 }],
    ['a moment that has no date', { ...raised, at: 8.64e15 + 1 }],
    ['a sensor below all', withAlarm({ sensor: -1 })],
    ['a sensor above all', withAlarm({ sensor: 2_147_483_648 })],
    ['no id', withAlarm({ id: '' })],
    ['an endless id', withAlarm({ id: 'a'.repeat(201) })],
    ['evidence that is none', withAlarm({ evidence: [{}] })],
    ['an event that nobody knows', { ...raised, event: 'exploded' }],
  ])('is refused with %s', (_, event) => {
    expect(() => decode(event)).toThrow(/^not an alarm event: /);
  });

  it('is refused in few words, however much is wrong with it', () => {
    expect(() => decodeMailedChange('{')).toThrow('not JSON');
    const refusal = (): string => {
      try {
        decode({ event: 'raised', at: 'x', alarm: { evidence: [] } });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(refusal().match(/at |alarm\.(id|sensor|type|severity|raisedAt) /g)).toEqual([
      'at ',
      'alarm.id ',
      'alarm.sensor ',
      'alarm.type ',
      'alarm.severity ',
    ]);
  });
});
