/**
 * Writes statuses to ENTRY at a fixed rate (open loop): each has a time at which it is due, from which latencies count. ALARMS of them per second, at
 * irregular times so that they never match a contender's timer, are the motion of a new sensor, which recovers a second later. Writes with our own
 * client, since kafkajs takes three times the CPU, which the contenders need.
 * Arguments: RATE SECONDS ALARMS FIRST_SENSOR; TOCSIN_KAFKA_* in the environment. Reports by IPC message.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Records } from '../../message-log/port.ts';
import { GatheredRecords } from '../kafka/gathered-records.ts';
import { openLog } from '../kafka/log.ts';
import { monotonicMs } from '../kafka/monotonic.ts';
import type { Sent } from '../kafka/open-loop.ts';

const [rate = 0, seconds = 0, alarmsPerSecond = 0, firstSensor = 1] = process.argv.slice(2).map(Number);
const SENSORS = 50_000;
const TICK_MS = 1;
const RECOVERS_AFTER_MS = 1_000;

process.on('disconnect', () => process.exit(1));
const log = await openLog(process.env);

const alarmEvery = Math.round(rate / alarmsPerSecond);
const due: [number, number][] = [];
let failed = 0;
let sent = 0;
let alarmAt = Math.floor(Math.random() * alarmEvery);
let recovered = 0;
const began = monotonicMs();
const busyAtStart = performance.eventLoopUtilization();
while (monotonicMs() - began < seconds * 1_000) {
  append('ENTRY', statusesDue());
  append('OK', recoveriesDue());
  await sleep(TICK_MS);
}
const { utilization: busy } = performance.eventLoopUtilization(busyAtStart);
await log.close();
process.send?.({ began, due, failed, busy } satisfies Sent, () => process.exit(0));

function append(topic: 'ENTRY' | 'OK', records: Records): void {
  if (records.length === 0) return;
  log.append(topic, records, Date.now()).catch(() => {
    failed += records.length;
  });
}

function statusesDue(): Records {
  const until = Math.floor(((monotonicMs() - began) * rate) / 1_000);
  const records = new GatheredRecords(Math.max(0, until - sent));
  for (; sent < until; sent += 1) {
    const moves = sent === alarmAt;
    const sensor = moves ? firstSensor + due.length : 1 + ((sent * 48_271) % SENSORS);
    records.add(sensor, `{"id":${sensor},"motion":${moves},"smoke":false,"temperature":21.5,"maxTemperature":30.0}`);
    if (!moves) continue;
    due.push([sensor, began + (sent / rate) * 1_000]);
    // One at a random place in each interval.
    alarmAt = due.length * alarmEvery + Math.floor(Math.random() * alarmEvery);
  }
  return records;
}

function recoveriesDue(): Records {
  const until = monotonicMs() - RECOVERS_AFTER_MS;
  const records = new GatheredRecords(due.length - recovered);
  for (let next = due[recovered]; next && next[1] < until; next = due[recovered]) {
    records.add(next[0], `{"id":${next[0]}}`);
    recovered += 1;
  }
  return records;
}
