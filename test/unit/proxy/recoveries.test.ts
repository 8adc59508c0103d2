/** From the wire to the alarm: if a sensor reports and recovers within a millisecond, its last message counts. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlarmEvent } from '../../../alarm/alarm.ts';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import type { MessageLog } from '../../../message-log/port.ts';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { proxySettings } from '../../../proxy/config.ts';
import { startProxy } from '../../../proxy/proxy.ts';
import { SteadyClock } from '../../../runtime/clock.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import { accessFrom } from '../../support/operations-access.ts';
import { RawClient, statusesIn } from '../../support/proxy.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { openTemporaryStore } from '../../support/temporary-store.ts';

const SENSORS = Array.from({ length: 100 }, (_, id) => id);
/** Report a fire last of all; every partition has some of them. */
const SENTINELS = Array.from({ length: 20 }, (_, i) => 100 + i);
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function system(partitions: number) {
  const temporary = await openTemporaryStore();
  closing.push(() => temporary.close());
  const logger = pino({ level: 'silent' });
  const shared = () => ({
    clock: new SteadyClock().now,
    types: REFERENCE,
    logger,
    registry: new Registry(),
    health: new Health(),
    operationsAccess: accessFrom(),
  });
  const limits = { retentionMs: 86_400_000, retentionBytes: 1e9, removalClock: () => undefined };
  const log = await openEmbeddedLog(temporary.store, { ...shared(), ...limits, partitions });
  closing.push(() => log.close());
  const processor = startProcessor(readSettings(processorSettings, {}), { log, ...shared() });
  await processor.restored;
  closing.push(() => processor.stop());
  const config = { ...readSettings(proxySettings, { TOCSIN_INGEST_PORT: '0', TOCSIN_INGEST_CONNECTIONS_MAX: '100' }), host: '127.0.0.1' };
  const proxy = await startProxy(config, { log, ...shared() });
  closing.push(() => proxy.stop());
  return { log, port: proxy.port };
}

/** Whether an alarm of the sensor is active; read until the alarms of all sentinels have come, since what was sent before them is detected before them. */
async function alarmsOf(log: MessageLog): Promise<Map<number, boolean>> {
  const active = new Map<number, boolean>();
  const readers = await Promise.all(Array.from({ length: log.partitions }, (_, partition) => log.reader('ALARM', partition, 'earliest')));
  while (!SENTINELS.every((id) => active.has(id))) {
    for (const reader of readers)
      for (const batch of await reader.poll(5))
        for (let i = 0; i < batch.length; i += 1) {
          const event = JSON.parse(batch.bytes.toString('utf8', batch.start(i), batch.end(i))) as AlarmEvent;
          if (event.event !== 'refused') active.set(event.alarm.sensor, event.alarm.state.startsWith('ACTIVE'));
        }
  }
  for (const reader of readers) await reader.close();
  for (const id of SENTINELS) active.delete(id);
  return active;
}

const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const fire = (id: number): string => `{"id":${id},"motion":true,"smoke":false,"temperature":20,"maxTemperature":30}`;
const well = (id: number): string => `{"id":${id}}`;
const ENTRY = (id: number): string => post('/entry', fire(id));
const OK = (id: number): string => post('/ok', well(id));
const PIXY_ENTRY = (id: number): string => post('/topics/ENTRY/messages?sync', fire(id));
const PIXY_OK = (id: number): string => post('/clusters/x/topics/OK/messages', well(id));
const batch = (path: string, member: (id: number) => string, ids = SENSORS): string => post(path, `[${ids.map(member)}]`);

/** Record time may be ahead of the clock by then: behind a recovery of their own, the sentinels' fires are later than all recoveries before. */
const END = batch('/ok', well, SENTINELS) + batch('/entry', fire, SENTINELS);

describe.each([1, 3])('in one write, %d partitions', (partitions) => {
  const sent = async (requests: readonly string[]): Promise<Map<number, boolean>> => {
    const { log, port } = await system(partitions);
    const client = await RawClient.open(port);
    client.socket.end(requests.join(''));
    const answers = statusesIn(await client.end());
    expect(answers.filter((status) => status === 202 || status === 200)).toHaveLength(requests.length);
    const last = await RawClient.open(port);
    last.socket.end(END);
    expect(statusesIn(await last.end())).toEqual([202, 202]);
    return alarmsOf(log);
  };
  const all = (active: boolean) => new Map(SENSORS.map((id) => [id, active]));
  const sorted = (alarms: Map<number, boolean>) => new Map([...alarms].sort(([a], [b]) => a - b));

  it.each([
    ['each behind its reading', SENSORS.flatMap((id) => [ENTRY(id), OK(id)])],
    ['all behind all readings', [...SENSORS.map(ENTRY), ...SENSORS.map(OK)]],
    ['as batches', [batch('/entry', fire), batch('/ok', well)]],
    ['after an earlier recovery', SENSORS.flatMap((id) => [OK(id), ENTRY(id), OK(id)])],
    ["through kafka-pixy's paths", SENSORS.flatMap((id) => [PIXY_ENTRY(id), PIXY_OK(id)])],
    ['through both', SENSORS.flatMap((id) => (id % 2 === 0 ? [ENTRY(id), PIXY_OK(id)] : [PIXY_ENTRY(id), OK(id)]))],
  ])('recoveries clear: %s', async (_, requests) => {
    expect(sorted(await sent(requests))).toEqual(all(false));
  });

  it.each([
    ['each behind its recovery', SENSORS.flatMap((id) => [OK(id), ENTRY(id)])],
    ['each behind its reading and its recovery', SENSORS.flatMap((id) => [ENTRY(id), OK(id), ENTRY(id)])],
    ['as batches', [batch('/ok', well), batch('/entry', fire)]],
    ['as batches behind a reading', [batch('/entry', fire), batch('/ok', well), batch('/entry', fire)]],
    ["through kafka-pixy's paths", SENSORS.flatMap((id) => [ENTRY(id), PIXY_OK(id), PIXY_ENTRY(id)])],
  ])('fires after a recovery raise alarms: %s', async (_, requests) => {
    expect(sorted(await sent(requests))).toEqual(all(true));
  });
});
