/**
 * Load at a fixed rate (open loop): every POST has a time at which it is due, from which every latency counts, so that a server can't hide a stall.
 * ALARMS statuses a second are the motion of a new sensor; the console's live stream shows when the alarm is visible.
 * Arguments: INGEST_URL CONSOLE_URL TOKEN RATE BATCH SECONDS ALARMS FIRST_SENSOR. Reports by IPC message.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../report.ts';
import { followLive } from './live.ts';
import { PostConnection } from './post-connection.ts';

const [ingestUrl = '', consoleUrl = '', token = '', ...figures] = process.argv.slice(2);
const [rate = 0, batch = 1, seconds = 0, alarmsPerSecond = 0, firstSensor = 1] = figures.map(Number);
const SENSORS = 50_000;
const TICK_MS = 1;
/** The first seconds warm up the server and are not counted. */
const WARM_UP_MS = 5_000;

/** Enough that a stall is not made longer by a queue of our own, since real sensors don't wait for each other. */
const CONNECTIONS = 256;
const idle = Array.from({ length: CONNECTIONS }, () => new PostConnection(new URL(ingestUrl), '/entry'));
/** Bodies that are due while no connection is free: [due, body]. */
const waiting: [number, string][] = [];
const ackMs: number[] = [];
const alarmMs: number[] = [];
let failed = 0;
let posts = 0;

const dueOf = new Map<number, number>();
const live = await followLive(consoleUrl, token, (sensor) => {
  const due = dueOf.get(sensor);
  if (due === undefined) return;
  dueOf.delete(sensor);
  if (due - began > WARM_UP_MS) alarmMs.push(performance.now() - due);
});

const postsPerMs = rate / batch / 1_000;
const alarmEvery = Math.round(rate / alarmsPerSecond);
let sent = 0;
let alarms = 0;
const began = performance.now();
const busyAtStart = performance.eventLoopUtilization();
while (performance.now() - began < seconds * 1_000) {
  const due = (performance.now() - began) * postsPerMs;
  for (; posts < due; posts += 1) post(began + posts / postsPerMs);
  await sleep(TICK_MS);
}
const busy = performance.eventLoopUtilization(busyAtStart).utilization;
while (idle.length < CONNECTIONS) await sleep(10);
await sleep(1_000);
live.close();
for (const connection of idle) connection.close();
const result = {
  ackP99: quantile(ackMs, 0.99),
  alarmP50: quantile(alarmMs, 0.5),
  alarmP99: quantile(alarmMs, 0.99),
  alarms: alarmMs.length,
  failed,
  unseen: dueOf.size,
  /** Share of the time in which the generator was busy: near 1 it measures itself. */
  busy,
};
process.send?.(result, () => process.disconnect());

function post(due: number): void {
  let body = '';
  for (let i = 0; i < batch; i += 1) body += `${i === 0 ? '' : ','}${status(due)}`;
  waiting.push([due, batch === 1 ? body : `[${body}]`]);
  sendNext();
}

function sendNext(): void {
  if (waiting.length === 0) return;
  const connection = idle.pop();
  if (!connection) return;
  const [due, body] = waiting.shift() as [number, string];
  connection.post(body, (accepted) => {
    idle.push(connection);
    if (!accepted) failed += 1;
    else if (due - began > WARM_UP_MS) ackMs.push(performance.now() - due);
    sendNext();
  });
}

function status(due: number): string {
  sent += 1;
  if (sent % alarmEvery !== 0)
    return `{"id":${1_000_000 + (sent % SENSORS)},"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
  const sensor = firstSensor + alarms;
  alarms += 1;
  dueOf.set(sensor, due);
  return `{"id":${sensor},"motion":true,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
}
