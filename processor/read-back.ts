/** What the log still says of sensors whose state is damaged. */
import type { Alarm } from '../alarm/alarm.ts';
import type { SensorFaults } from '../alarm/faults.ts';
import type { MessageLog } from '../message-log/port.ts';
import { textOf } from '../message-log/values.ts';
import { decodeAlarmChange } from '../records/alarm-event.ts';
import { decodeSensorFaults } from '../records/sensor-faults.ts';
import type { Topic } from '../records/topics.ts';
import { TransientError } from '../runtime/errors.ts';
import { recordsBetween } from './records-between.ts';

export interface ReadBack {
  /** The newest version of each alarm, also of those that are over, by sensor. */
  readonly alarms: ReadonlyMap<number, readonly Alarm[]>;
  /** The newest record of each sensor. */
  readonly faults: ReadonlyMap<number, SensorFaults>;
}

/** The partition's sensors wait meanwhile, so it is given up after this long. */
const GIVEN_UP_AFTER_MS = 5_000;

/** Reads one partition of ALARM and SUPERVISION. Rejects with TransientError, also if that takes too long. */
export async function readBack(
  log: Pick<MessageLog, 'reader' | 'bounds'>,
  partition: number,
  sensors: ReadonlySet<number>,
): Promise<ReadBack> {
  const until = performance.now() + GIVEN_UP_AFTER_MS;
  const alarms = new Map<number, Map<string, Alarm>>();
  for await (const { key, text } of recordsOf(log, 'ALARM', partition, sensors, until)) {
    const alarm = decodeAlarmChange(text, key).value?.alarm;
    if (alarm === undefined) continue;
    const own = alarms.get(key) ?? new Map<string, Alarm>();
    if (alarm.version >= (own.get(alarm.id)?.version ?? 0)) own.set(alarm.id, alarm);
    alarms.set(key, own);
  }
  const faults = new Map<number, SensorFaults>();
  for await (const { key, text } of recordsOf(log, 'SUPERVISION', partition, sensors, until)) {
    const newest = decodeSensorFaults(text, key).value;
    if (newest !== undefined) faults.set(key, newest);
  }
  return { alarms: new Map([...alarms].map(([sensor, own]) => [sensor, [...own.values()]])), faults };
}

async function* recordsOf(
  log: Pick<MessageLog, 'reader' | 'bounds'>,
  topic: Topic,
  partition: number,
  sensors: ReadonlySet<number>,
  until: number,
): AsyncGenerator<{ readonly key: number; readonly text: string }> {
  const { earliest, next } = await log.bounds(topic, partition);
  for await (const batch of recordsBetween(log, topic, partition, earliest, next)) {
    if (performance.now() > until) throw new TransientError('log-unavailable', `reading ${topic}/${partition} takes too long`);
    for (let i = 0; i < batch.length; i += 1) if (sensors.has(batch.key(i))) yield { key: batch.key(i), text: textOf(batch, i) };
  }
}
