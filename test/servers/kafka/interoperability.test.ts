/** Kafka's own tools write records that Tocsin processes, read what it writes, and show its lag. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { MessageLog, RecordBatch } from '../../../message-log/port.ts';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { type KafkaInstallation, kafkaInstallation } from '../../support/kafka-log.ts';
import type { ToolName } from '../../support/servers/kafka-distribution.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { readUntil } from '../../support/log-reading.ts';

const PARTITIONS = 4;
const status = (id: number, motion = false): string =>
  `{"id":${id},"motion":${motion},"smoke":false,"temperature":25.5,"maxTemperature":30.0}`;

describe.each(['4.4.0', '3.9.2'])('the tools of Kafka %s', (version) => {
  let kafka: TestKafka;
  let installation: KafkaInstallation;
  let log: MessageLog;
  const releases: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    kafka = await startKafka({ version });
  });
  afterAll(() => kafka?.destroy());

  const begin = async (): Promise<void> => {
    installation = await kafkaInstallation(kafka, { partitions: PARTITIONS });
    log = await installation.open();
    releases.push(() => log.close());
  };
  afterEach(async () => {
    for (const release of releases.splice(0).toReversed()) await release();
  });

  const named = (topic: string): string => installation.config.prefix + topic;
  const run = async (name: ToolName, args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kafka.tool(name, args, input);
    expect(`${code} ${code === 0 ? '' : stderr}`).toBe('0 ');
    return stdout;
  };
  /** As an administrator may have set it. */
  const storeAsTheyCome = async (topic: string): Promise<void> => {
    const [type, name] = ['topics', named(topic)];
    await run('kafka-configs', ['--alter', '--entity-type', type, '--entity-name', name, '--add-config', 'compression.type=producer']);
  };
  const produce = (topic: string, records: readonly (readonly [number, string])[], ...more: string[]): Promise<string> => {
    const lines = records.map(([key, value]) => `${key}\t${value}\n`).join('');
    return run('kafka-console-producer', ['--topic', named(topic), '--property', 'parse.key=true', ...more], lines);
  };
  const consume = async (topic: string, count: number): Promise<string[]> => {
    const shown = ['key', 'timestamp', 'partition'].flatMap((what) => ['--property', `print.${what}=true`]);
    const limits = ['--from-beginning', '--max-messages', String(count), '--timeout-ms', '20000'];
    const committed = ['--consumer-property', 'isolation.level=read_committed'];
    const output = await run('kafka-console-consumer', ['--topic', named(topic), ...limits, ...shown, ...committed]);
    // Newer versions also print that these options have new names.
    return output.split('\n').filter((line) => line.startsWith('CreateTime:'));
  };

  it.each([
    ...['none', 'lz4'].map((codec) => [codec, 'unpacked by the brokers']),
    ...['gzip', 'snappy', 'lz4', 'zstd'].map((codec) => [codec, 'stored as they came']),
  ])('write records, compressed by %s and %s, that our log finds in the partitions where it would have put them', async (codec, stored) => {
    await begin();
    if (stored === 'stored as they came') await storeAsTheyCome('ENTRY');
    const ids = Array.from({ length: 300 }, (_, i) => (i * 7_919_357) % 2 ** 31);
    await produce(
      'ENTRY',
      ids.map((id) => [id, status(id)]),
      '--compression-codec',
      codec,
    );
    const seen = new Map<number, string>();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const expected = ids.filter((id) => partitionOf(id, PARTITIONS) === partition);
      const reader = await log.reader('ENTRY', partition, 'earliest');
      for (const end = Date.now() + 10_000; expected.some((id) => !seen.has(id)) && Date.now() < end; )
        for (const batch of await reader.poll(200)) for (const [key, value] of entriesOf(batch)) seen.set(key, value);
      expect([...seen.keys()].filter((id) => partitionOf(id, PARTITIONS) === partition).toSorted()).toEqual(expected.toSorted());
    }
    expect([...seen]).toEqual([...seen.keys()].map((id) => [id, status(id)]));
    expect(seen.size).toBe(300);
  });

  it('read what we append: the key as text, the time of receipt, the value unchanged', async () => {
    await begin();
    const at = Date.now();
    for (const id of [42, 2 ** 31 - 1]) await log.append('OK', oneRecord(id, `{"id":${id},"note":"é"}`), at);
    const lines = [42, 2 ** 31 - 1].map(
      (id) => `CreateTime:${at}\tPartition:${partitionOf(id, PARTITIONS)}\t${id}\t{"id":${id},"note":"é"}`,
    );
    expect((await consume('OK', 2)).toSorted()).toEqual(lines.toSorted());
  });

  it('start an alarm, and read it once it is committed', async () => {
    await begin();
    const deps = { log, clock: Date.now, logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() };
    const processor = startProcessor(readSettings(processorSettings, {}), { ...deps, types: REFERENCE });
    await processor.restored;
    releases.push(() => processor.stop());
    await produce('ENTRY', [
      [42_959, status(42_959, true)],
      [7, 'no status'],
    ]);
    const [line = ''] = await consume('ALARM', 1);
    expect(line).toContain(`Partition:${partitionOf(42_959, PARTITIONS)}\t42959\t`);
    expect(JSON.parse(line.slice(line.indexOf('{')))).toMatchObject({ event: 'raised', alarm: { sensor: 42_959, type: 'motion' } });
    const [dead = ''] = await consume('DEAD', 1);
    expect(JSON.parse(dead.slice(dead.indexOf('{')))).toMatchObject({ topic: 'ENTRY', by: 'processor', value: 'no status' });
  });

  it('show the lag of a consumer and of the tasks', async () => {
    await begin();
    const id = 42;
    for (let i = 0; i < 5; i += 1) await log.append('ALARM', oneRecord(id, `{"n":${i}}`), Date.now());
    const partition = partitionOf(id, PARTITIONS);
    const subscription = await log.subscribe('archiver', ['ALARM']);
    await readUntil(subscription, 5);
    const { earliest } = await log.bounds('ALARM', partition);
    await subscription.commit('ALARM', partition, earliest + 3);
    await expect
      .poll(() => lagOf('archiver', 'ALARM', partition), { timeout: 30_000, interval: 500 })
      .toMatchObject({ current: '3', end: '5', lag: '2' });

    const deps = { log, clock: Date.now, logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() };
    const processor = startProcessor(readSettings(processorSettings, {}), { ...deps, types: REFERENCE });
    await processor.restored;
    releases.push(() => processor.stop());
    await produce('ENTRY', [[id, status(id, true)]]);
    await consume('ALARM', 6);
    await expect
      .poll(() => lagOf('processor', 'ENTRY', partition), { timeout: 60_000, interval: 500 })
      .toMatchObject({ end: '1', lag: '0' });
  });

  async function lagOf(group: string, topic: string, partition: number) {
    const table = await run('kafka-consumer-groups', ['--describe', '--group', named(group)]);
    const row = table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find((cells) => cells[1] === named(topic) && cells[2] === String(partition));
    return row && { current: row[3], end: row[4], lag: row[5] };
  }
});

function entriesOf(batch: RecordBatch): [number, string][] {
  return Array.from({ length: batch.length }, (_, i) => [batch.key(i), batch.bytes.toString('utf8', batch.start(i), batch.end(i))]);
}
