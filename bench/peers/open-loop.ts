/**
 * Load at a fixed rate, whatever the server does: every POST has a time at which it is due, and every latency counts from there, so that
 * a server that stalls can't hide it. ALARMS statuses a second are motion of a sensor that never moved before; the console's live stream tells when
 * the alarm is visible. Arguments: INGEST_URL CONSOLE_URL TOKEN RATE BATCH SECONDS ALARMS FIRST_SENSOR. Reports by IPC message.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { quantile } from '../report.ts';
import { followLive } from './live.ts';

const [ingestUrl = '', consoleUrl = '', token = '', ...figures] = process.argv.slice(2);
const [rate = 0, batch = 1, seconds = 0, alarmsPerSecond = 0, firstSensor = 1] = figures.map(Number);
const SENSORS = 50_000;
const TICK_MS = 1;
/** The first seconds warm up the server and are not counted. */
const WARM_UP_MS = 5_000;

const pool = new Pool(ingestUrl, { connections: 64, pipelining: 1 });
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
const pending = new Set<Promise<void>>();
const began = performance.now();
while (performance.now() - began < seconds * 1_000) {
  const due = (performance.now() - began) * postsPerMs;
  for (; posts < due; posts += 1) post(began + posts / postsPerMs);
  await sleep(TICK_MS);
}
await Promise.all(pending);
await sleep(1_000);
live.close();
await pool.close();
const result = {
  ackP99: quantile(ackMs, 0.99),
  alarmP50: quantile(alarmMs, 0.5),
  alarmP99: quantile(alarmMs, 0.99),
  alarms: alarmMs.length,
  failed,
  unseen: dueOf.size,
};
process.send?.(result, () => process.disconnect());

function post(due: number): void {
  let body = '';
  for (let i = 0; i < batch; i += 1) body += `${i === 0 ? '' : ','}${status(due)}`;
  const request = pool
    .request({ path: '/entry', method: 'POST', headers: { 'content-type': 'application/json' }, body: batch === 1 ? body : `[${body}]` })
    .then(async (response) => {
      await response.body.dump();
      if (response.statusCode !== 202) failed += 1;
      else if (due - began > WARM_UP_MS) ackMs.push(performance.now() - due);
    })
    .catch(() => {
      failed += 1;
    });
  pending.add(request);
  void request.finally(() => pending.delete(request));
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
