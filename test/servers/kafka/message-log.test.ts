import { afterAll, beforeAll, describe } from 'vitest';
import type { MessageLog } from '../../../message-log/port.ts';
import { type LogFixture, messageLogContract } from '../../contract/message-log.ts';
import { kafkaInstallation, withAdmin } from '../../support/kafka-log.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';

describe.each(['4.4.0', '3.9.2'])('on Kafka %s', (version) => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await startKafka({ version });
  });
  afterAll(() => kafka?.destroy());

  messageLogContract(
    'kafka',
    async (partitions): Promise<LogFixture> => {
      const { config, open } = await kafkaInstallation(kafka, { partitions });
      let log: MessageLog = await open();
      return {
        get log() {
          return log;
        },
        reopen: async () => {
          await log.close();
          log = await open();
        },
        expire: async (topic, partition) => {
          const { next } = await log.bounds(topic, partition);
          const name = config.prefix + topic;
          await withAdmin(kafka, async (admin) => {
            // Only then are the leaders known.
            await admin.fetchTopicOffsets(name);
            await admin.deleteTopicRecords({ topic: name, partitions: [{ partition, offset: String(next - 2) }] });
          });
        },
        close: () => log.close(),
      };
    },
    { severalWriters: true },
  );
});
