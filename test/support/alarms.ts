/** Alarms and clients with all their fields, for tests that care about few of them. */
import type { Alarm } from '../../alarm/alarm.ts';
import type { MailedChange } from '../../records/alarm-event.ts';
import type { MailedEvent } from '../../records/delivery.ts';
import { BUILT_IN_TYPES } from '../../alarm/alarm-type.ts';
import type { Client } from '../../directory/port.ts';
import { composeMail } from '../../notify/channels/mail/compose.ts';
import type { Mail } from '../../notify/channels/mail/port.ts';

/** 24 November 2026, 13:32:50.123 UTC. */
export const NOON = Date.UTC(2026, 10, 24, 13, 32, 50, 123);

export function alarmOf(changes: Partial<Alarm> = {}): Alarm {
  return {
    id: 'a42959-smoke-17',
    sensor: 42_959,
    type: 'smoke',
    severity: 'CRITICAL',
    state: 'ACTIVE_UNACK',
    version: 1,
    raisedAt: NOON,
    lastSeenAt: NOON,
    evidence: [3, 9, 17].map((offset, i) => ({
      topic: 'ENTRY',
      partition: 0,
      offset,
      at: NOON - (2 - i) * 60_000,
      value: '{"id":42959,"motion":false,"smoke":true,"temperature":25.5,"maxTemperature":30.0}',
    })),
    ...changes,
  };
}

export function changeOf(event: MailedEvent, changes: Partial<Alarm> = {}): MailedChange {
  const at = event === 'raised' ? NOON : NOON + 300_000;
  const cause = event === 'raised' ? { topic: 'ENTRY', partition: 0, offset: 17 } : { topic: 'OK', partition: 0, offset: 2 };
  const cleared = { state: 'CLEARED_UNACK', clearedAt: at, version: 2 } as const;
  return { event, at, cause, alarm: alarmOf(event === 'raised' ? changes : { ...cleared, ...changes }) };
}

export function clientOf(changes: Partial<Client> = {}): Client {
  return {
    id: 42_959,
    name: 'Ann',
    surname: 'Ahmed-Çelik',
    gender: 'female',
    nationalid: 'QQ123456C',
    birthday: '6/3/1967',
    streetaddress: '28 Stroude Road',
    city: 'Leeds',
    zipcode: 'LS1 4DT',
    country: 'GB',
    telephonecountrycode: '44',
    telephonenumber: '079 3411 9055',
    latitude: 53.797_4,
    longitude: -1.543_8,
    emailaddress: 'ann@example.org',
    title: 'Ms.',
    occupation: 'Purser',
    company: 'Sounds & Co <Ltd>',
    username: 'Hosione',
    geohash: 'gcwfhf0kz',
    region: 'UK',
    ...changes,
  };
}

/** A mail with two recipients and non-ASCII text. */
const FRAME = {
  from: 'tocsin@arc.example',
  to: ['desk@arc.example', 'night@arc.example'],
  consoleUrl: 'https://console.example',
  types: BUILT_IN_TYPES,
};

export function mailOf(id = 'a42959-smoke-17'): Mail {
  return composeMail(changeOf('raised', { id }), clientOf({ city: 'Αθήνα' }), FRAME);
}
