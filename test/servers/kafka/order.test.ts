import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { MessageLog } from '../../../message-log/port.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { kafkaInstallation, withAdmin } from '../../support/kafka-log.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { valuesOf } from '../../support/log-reading.ts';

const PARTITIONS = 6;
const ROUNDS = 150;

describe('recoveries and readings on three brokers', () => {
  let kafka: TestKafka;
  let log: MessageLog;
  let apart: number[];

  beforeAll(async () => {
    kafka = await startKafka({ nodes: 3 });
    const { config, open } = await kafkaInstallation(kafka, { partitions: PARTITIONS });
    log = await open();
    // Partitions whose recoveries and readings have different leaders, and one where they have the same.
    const leaders = await withAdmin(kafka, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [`${config.prefix}OK`, `${config.prefix}ENTRY`] });
      return (topic: string, partition: number) =>
        topics.find(({ name }) => name === config.prefix + topic)?.partitions.find(({ partitionId }) => partitionId === partition)?.leader;
    });
    const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    apart = all.filter((partition) => leaders('OK', partition) !== leaders('ENTRY', partition));
    if (apart.length === 0) apart = all;
  });
  afterAll(async () => {
    await log?.close();
    await kafka?.destroy();
  });

  it('are seen in order: a reader that has a recovery has the readings acknowledged before it, or knows that there are more to come', async () => {
    for (const partition of apart.slice(0, 3)) {
      const key = Array.from({ length: 1_000 }, (_, id) => id).find((id) => partitionOf(id, PARTITIONS) === partition) ?? 0;
      const recoveries = await log.reader('OK', partition, 'latest');
      const readings = await log.reader('ENTRY', partition, 'latest');
      const writing = (async () => {
        for (let n = 1; n <= ROUNDS; n += 1) {
          await log.append('ENTRY', oneRecord(key, `${n}`), Date.now());
          await log.append('OK', oneRecord(key, `${n}`), Date.now());
        }
      })();
      let recovered = 0;
      let read = 0;
      const end = Date.now() + 30_000;
      while (recovered < ROUNDS && Date.now() < end) {
        for (const value of valuesOf(await recoveries.poll(20))) recovered = Number(value);
        do for (const value of valuesOf(await readings.poll(20))) read = Number(value);
        while (readings.behind);
        expect(read).toBeGreaterThanOrEqual(recovered);
      }
      expect(recovered).toBe(ROUNDS);
      await writing;
      await recoveries.close();
      await readings.close();
    }
  });
});
