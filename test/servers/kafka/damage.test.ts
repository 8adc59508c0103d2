/** A log that is no longer what was written: a byte has changed on the broker's disk, or a topic was deleted and created again. */
import { open as openFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaInstallation, withAdmin } from '../../support/kafka-log.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { readUntil } from '../../support/log-reading.ts';
import { oneRecord } from '../../../message-log/one-record.ts';

let kafka: TestKafka;
beforeAll(async () => {
  kafka = await startKafka({ settings: { 'controlled.shutdown.enable': 'false' } });
});
afterAll(() => kafka?.destroy());

describe('a log on Kafka', () => {
  it('with a damaged batch is read without it, and says what was lost', async () => {
    const installation = await kafkaInstallation(kafka, { partitions: 1 });
    const writer = await installation.open();
    for (const value of ['before', 'damaged', 'after']) await writer.append('ENTRY', oneRecord(1, value), Date.now());
    await writer.close();
    // Needs a clean stop: after a crash the broker itself checks its newest segment, and would cut it off at the damage.
    await kafka.stop();
    await damage(join(kafka.dataFolder(1), `${installation.config.prefix}ENTRY-0`, '00000000000000000000.log'), 'damaged');
    await kafka.restart(1);

    const log = await installation.open();
    const reader = await log.reader('ENTRY', 0, 'earliest');
    const gaps: unknown[] = [];
    reader.onGap = (from, to) => gaps.push([from, to]);
    expect(await readUntil(reader, 2)).toEqual(['before', 'after']);
    expect(gaps).toEqual([[1, 2]]);
    await log.close();
  });

  it('whose topic was deleted and created again is read from its beginning', async () => {
    const installation = await kafkaInstallation(kafka, { partitions: 1 });
    const log = await installation.open();
    for (const value of ['a', 'b', 'c']) await log.append('ENTRY', oneRecord(1, value), Date.now());
    const reader = await log.reader('ENTRY', 0, 'earliest');
    expect(await readUntil(reader, 3)).toEqual(['a', 'b', 'c']);
    const topic = `${installation.config.prefix}ENTRY`;
    await withAdmin(kafka, async (admin) => {
      await admin.deleteTopics({ topics: [topic] });
      await expect.poll(async () => (await admin.listTopics()).includes(topic), { timeout: 20_000 }).toBe(false);
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    });
    const writer = await installation.open();
    await writer.append('ENTRY', oneRecord(1, 'new'), Date.now());
    expect(await readUntil(reader, 1)).toEqual(['new']);
    await Promise.all([log.close(), writer.close()]);
  });
});

/** Changes one byte in the only occurrence of `text`. */
async function damage(path: string, text: string): Promise<void> {
  const place = (await readFile(path)).indexOf(text);
  expect(place).toBeGreaterThan(0);
  const file = await openFile(path, 'r+');
  await file.write(Buffer.from('D'), 0, 1, place);
  await file.close();
}
