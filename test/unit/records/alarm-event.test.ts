import { describe, expect, it } from 'vitest';
import { decodeAlarmChange, decodeAlarmEvent, decodeMailedChange } from '../../../records/alarm-event.ts';
import { changeOf } from '../../support/alarms.ts';

const DECODERS = { decodeAlarmEvent, decodeAlarmChange, decodeMailedChange };
type Reader = keyof typeof DECODERS;
const READERS = Object.keys(DECODERS) as Reader[];
/** As a record whose key is the sensor of its alarm. */
const read = (reader: Reader, value: unknown) => {
  const { alarm } = (value ?? {}) as { alarm?: { sensor?: number } };
  return DECODERS[reader](JSON.stringify(value), alarm?.sensor ?? 7);
};
const raised = changeOf('raised');
const withAlarm = (changes: object) => ({ ...raised, alarm: { ...raised.alarm, ...changes } });
const action = { id: 'x', alarm: 'a', sensor: 1, kind: 'note', version: 1, by: 'Ann', note: 'seen' };
const refused = { event: 'refused', at: 1, cause: { topic: 'ACTION', partition: 0, offset: 1 }, action, reason: 'no such alarm' };

describe.each(READERS)('an alarm event, read by %s', (reader) => {
  it.each([
    ['a moment of 1970', { ...raised, at: 0 }],
    ['the last moment that has a date', { ...raised, at: 8.64e15 }],
    ['a sensor 0', withAlarm({ sensor: 0 })],
    ['the last sensor', withAlarm({ sensor: 2_147_483_647 })],
    ['a short id', withAlarm({ id: 'a' })],
    ['a long id', withAlarm({ id: 'a'.repeat(200) })],
    ['no evidence', withAlarm({ evidence: [] })],
    ['a type that no settings have any more', withAlarm({ type: 'carbon-monoxide2' })],
    ['what a newer version has added', { ...withAlarm({ incident: 'i1' }), site: 7 }],
  ])('is as it was written, with %s', (_, event) => {
    expect(read(reader, event)).toEqual({ value: event });
  });

  it.each([
    ['a moment before 1970', { ...raised, at: -1 }],
    ['a moment that has no date', { ...raised, at: 8.64e15 + 1 }],
    ['a sensor below all', withAlarm({ sensor: -1 })],
    ['a sensor above all', withAlarm({ sensor: 2_147_483_648 })],
    ['no id', withAlarm({ id: '' })],
    ['an endless id', withAlarm({ id: 'a'.repeat(201) })],
    ['evidence that is none', withAlarm({ evidence: [{}] })],
    ['no type', withAlarm({ type: undefined })],
    ['a type that has no name', withAlarm({ type: '' })],
    ['a type whose name is markup', withAlarm({ type: '<b>' })],
    ['an endless type', withAlarm({ type: 'a'.repeat(65) })],
    ['an event that nobody knows', { ...raised, event: 'exploded' }],
    ['nothing', null],
  ])('cannot be read with %s', (_, event) => {
    expect(read(reader, event)).toEqual({ problem: expect.stringMatching(/^not an alarm event: /) });
  });

  it('cannot be read where it is not JSON', () => {
    expect(DECODERS[reader]('{', 7)).toEqual({ problem: 'not JSON' });
  });

  it('is not taken for another sensor than its key, so that nobody else is mailed or shown', () => {
    const { sensor } = raised.alarm;
    for (const key of [sensor + 1, -1])
      expect(DECODERS[reader](JSON.stringify(raised), key)).toEqual({ problem: expect.stringMatching(/^not an alarm event/) });
  });
});

describe('an alarm event', () => {
  it.each(['raised', 'cleared'] as const)('is mailed where it is %s, and a mail is not kept back by what it does not say', (event) => {
    const change = changeOf(event);
    for (const said of [change, { ...change, cause: 7, alarm: { ...change.alarm, state: 'SHELVED', version: 'x', disposition: 'arson' } }])
      expect(read('decodeMailedChange', said)).toEqual({ value: said });
  });

  it.each(['seen', 'acknowledged', 'noted', 'disposed', 'refused'])('is nobody’s mail where it is %s, whatever else it says', (event) => {
    expect(read('decodeMailedChange', { event, alarm: 7 })).toEqual({ value: undefined });
  });

  it('is a refusal too, of interest only to those who answer operators', () => {
    for (const said of [refused, { ...refused, alarm: raised.alarm }]) {
      expect(read('decodeAlarmEvent', said)).toEqual({ value: said });
      expect(read('decodeAlarmChange', said)).toEqual({ value: undefined });
    }
    expect(read('decodeAlarmEvent', { ...refused, action: { kind: 'explode' } }).problem).toMatch(/action\.kind .*action\.by /);
  });

  it('is refused in few words, however much is wrong with it', () => {
    const { problem } = read('decodeMailedChange', { event: 'raised', at: 'x', alarm: { evidence: [] } });
    expect(problem?.match(/at |alarm\.(id|sensor|type|severity|raisedAt) /g)).toEqual([
      'at ',
      'alarm.id ',
      'alarm.sensor ',
      'alarm.type ',
      'alarm.severity ',
    ]);
  });
});
