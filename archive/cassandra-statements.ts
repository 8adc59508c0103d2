/** Statements of the archive on Cassandra, for one keyspace. */
import { types } from 'cassandra-driver';
import type { Statement } from '../cassandra/session.ts';
import type { ArchivedAlarm, CustodyEntry } from './port.ts';
import { DAY_MS, HOUR_MS } from '../runtime/durations.ts';

const BUCKETS = 128;

/** All alarms by hour, and those of each sensor by day, so that no partition of the table grows over the years. */
export const ALL = { name: 'all', periodMs: HOUR_MS } as const;
export interface AlarmList {
  readonly name: string;
  readonly periodMs: number;
}

export function listOfSensor(sensor: number): AlarmList {
  return { name: String(sensor), periodMs: DAY_MS };
}

export function periodOf(list: AlarmList, time: number): number {
  return Math.floor(time / list.periodMs) * list.periodMs;
}

export const BUCKET_NUMBERS: readonly number[] = Array.from({ length: BUCKETS }, (_, i) => i);

/** FNV-1a. */
function bucketOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % BUCKETS;
}

/**
 * The timestamp of an alarm's cells, in microseconds: the time when it was raised, which never changes, plus its version. So the highest version
 * is the newest, whatever the order of the writes.
 */
function dateOf({ raisedAt, version }: ArchivedAlarm): types.Long {
  return types.Long.fromNumber(raisedAt).multiply(1_000).add(version);
}

const dated = 'USING TIMESTAMP ? AND TTL ?';

export function archiveStatements(keyspace: string) {
  const text = {
    alarm: `INSERT INTO ${keyspace}.alarms (id, alarm, region, geohash) VALUES (?, ?, ?, ?) ${dated}`,
    open: `INSERT INTO ${keyspace}.alarms_open (bucket, id, alarm, region, geohash) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`,
    close: `DELETE FROM ${keyspace}.alarms_open USING TIMESTAMP ? WHERE bucket = ? AND id = ?`,
    listed: `INSERT INTO ${keyspace}.alarms_by_period (list, period, raised_at, id, state, type, region, sensor) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ${dated}`,
    period: `INSERT INTO ${keyspace}.alarm_periods (list, period) VALUES (?, ?) USING TTL ?`,
    custody: `INSERT INTO ${keyspace}.alarm_custody (alarm, step, at, kind, position, operator, note, message_id, reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?`,
  };
  return {
    find: `SELECT alarm, region, geohash FROM ${keyspace}.alarms WHERE id = ?`,
    inBucket: `SELECT id, alarm, region, geohash FROM ${keyspace}.alarms_open WHERE bucket = ?`,
    custody: `SELECT step, at, kind, position, operator, note, message_id, reply FROM ${keyspace}.alarm_custody WHERE alarm = ?`,
    periods: `SELECT period FROM ${keyspace}.alarm_periods WHERE list = ? AND period <= ? AND period >= ?`,
    inPeriod:
      `SELECT raised_at, id, state, type, region FROM ${keyspace}.alarms_by_period` +
      ' WHERE list = ? AND period = ? AND (raised_at, id) < (?, ?) AND (raised_at) >= (?)',

    /** `ttl`: in seconds, 0 for ever. An unknown place is left out, so that it doesn't overwrite a known one. */
    putAlarm: (alarm: ArchivedAlarm, ttl: number): Statement[] => {
      const { id, raisedAt, state, type, sensor } = alarm;
      const [region, geohash] = [alarm.region || undefined, alarm.geohash || undefined];
      const listed = [ALL, listOfSensor(sensor)].map((list) => ({
        query: text.listed,
        params: [list.name, periodOf(list, raisedAt), raisedAt, id, state, type, region, sensor, dateOf(alarm), ttl],
      }));
      return [{ query: text.alarm, params: [id, jsonOf(alarm), region, geohash, dateOf(alarm), ttl] }, ...listed];
    },
    putOpen: (alarm: ArchivedAlarm): Statement => ({
      query: text.open,
      params: [bucketOf(alarm.id), alarm.id, jsonOf(alarm), alarm.region || undefined, alarm.geohash || undefined, dateOf(alarm)],
    }),
    removeOpen: (alarm: ArchivedAlarm): Statement => ({ query: text.close, params: [dateOf(alarm), bucketOf(alarm.id), alarm.id] }),
    putPeriod: (list: string, period: number, ttl: number): Statement => ({ query: text.period, params: [list, period, ttl] }),
    putCustody: (alarm: string, entry: CustodyEntry, ttl: number): Statement => ({
      query: text.custody,
      params: [alarm, entry.key, entry.at, entry.kind, entry.position, entry.by, entry.note, entry.messageId, entry.reply, ttl],
    }),
  };
}

/** Without the place, which has columns of its own. */
function jsonOf({ region: _region, geohash: _geohash, ...alarm }: ArchivedAlarm): string {
  return JSON.stringify(alarm);
}
