/** A bit of a record flips before it is written to the log: its reader takes it, or says why not, and never quotes it. */
import { describe, expect, it } from 'vitest';
import type { Decoded } from '../../../records/json.ts';
import { decodeAlarmCount } from '../../../records/alarm-count.ts';
import { decodeAlarmChange, decodeAlarmEvent, decodeMailedChange } from '../../../records/alarm-event.ts';
import { decodeDeadLetter } from '../../../records/dead-letter.ts';
import { decodeDelivery } from '../../../records/delivery.ts';
import { decodeIncidentRecord } from '../../../records/incident-record.ts';
import { decodeSensorFaults } from '../../../records/sensor-faults.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const PERSONAL = 'Zwingenberger';

const action = { id: 'x', alarm: 'a', sensor: 7, kind: 'note', version: 1, by: PERSONAL, note: PERSONAL };
const change = {
  event: 'raised',
  at: NOON,
  cause: { topic: 'ENTRY', partition: 0, offset: 1 },
  alarm: alarmOf({ sensor: 7, acknowledgedBy: PERSONAL }),
  action,
};
const delivery = {
  alarm: 'a',
  sensor: 7,
  event: 'raised',
  outcome: 'sent',
  messageId: `<${PERSONAL}>`,
  reply: PERSONAL,
  attempts: 1,
  at: NOON,
};
const letter = { topic: 'ENTRY', partition: 0, offset: 1, at: NOON, reason: PERSONAL, by: 'mailer', value: PERSONAL };
const faults = { sensor: 7, faults: [{ detector: 'smoke', reason: 'absent', since: NOON, note: PERSONAL }] };
const incident = {
  ...{ id: 'i1', kind: 'alarm', place: { site: PERSONAL }, phase: 'CLOSED', severity: 'CRITICAL', membersInAll: 1, active: 0 },
  ...{ membersVersion: 1, version: 3, unseen: 0, openedAt: NOON, restoredAt: NOON, told: [PERSONAL], clock: { opened: NOON } },
  members: [
    { id: 'a', sensor: 7, type: 'smoke', severity: 'CRITICAL', raisedAt: NOON, active: false, acknowledgedBy: PERSONAL, version: 2 },
  ],
  closing: { by: PERSONAL, at: NOON, disposition: 'genuine', why: 'operator', standing: false, note: PERSONAL },
};

describe('a record with a flipped bit', () => {
  it.each<[string, object, (text: string, key: number) => Decoded<unknown>]>([
    ['an alarm event', change, decodeAlarmEvent],
    ['a change of an alarm', change, decodeAlarmChange],
    ['a change that is mailed', change, decodeMailedChange],
    ['a delivery', delivery, decodeDelivery],
    ['a dead letter', letter, decodeDeadLetter],
    ['a count', { alarm: 'a', sensor: 7, type: 'smoke', at: NOON, note: PERSONAL }, decodeAlarmCount],
    ['the faults of a sensor', faults, decodeSensorFaults],
    ['an incident', { incident, events: [{ event: 'noted', at: NOON, note: PERSONAL }] }, decodeIncidentRecord],
    ['answers', { answers: [{ action: 'x', done: false, code: 409, reason: PERSONAL, incident: 'i1' }] }, decodeIncidentRecord],
    ['the end of an incident', { forgotten: 'i1' }, decodeIncidentRecord],
  ])('as %s is taken, or told without its content', (_, record, decode) => {
    const bytes = Buffer.from(JSON.stringify(record));
    let told = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { value, problem } = decode(flipped.toString(), 7);
      if (problem === undefined) {
        const read = value as { sensor?: number; alarm?: { sensor?: number } } | undefined;
        expect(read?.alarm?.sensor ?? read?.sensor ?? 7).toBe(7);
        continue;
      }
      told += 1;
      expect(problem).toMatch(/^not /);
      expect(problem).not.toContain(PERSONAL.slice(1, -1));
    }
    expect(told).toBeGreaterThan(0);
  });
});
