/**
 * Records when a reader of committed records sees each alarm in ALARM or, as a lower bound for all, the readings in ENTRY that would raise one. Reads
 * with kafkajs, as a neutral party. Arguments: BROKERS TOPIC. Reports `joined` by IPC, and answers each message with what it has seen.
 */
import kafkajs from 'kafkajs';
import { raisedIn } from '../kafka/alarm-watch.ts';
import { monotonicMs } from '../kafka/monotonic.ts';

const [brokers = '', topic = ''] = process.argv.slice(2);
const seen: [number, number][] = [];

process.on('disconnect', () => process.exit(0));
const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `watch-${process.pid}`, readUncommitted: false, maxWaitTimeInMs: 50 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
const joined = new Promise<void>((resolve) => {
  consumer.on('consumer.group_join', () => resolve());
});
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    const at = monotonicMs();
    for (const { key, value } of batch.messages) {
      const sensor = topic === 'ENTRY' ? movingIn(key, value) : raisedIn(value?.toString() ?? '{}')?.sensor;
      if (sensor !== undefined) seen.push([sensor, at]);
    }
  },
});
process.on('message', () => process.send?.(seen));
await joined;
process.send?.('joined');

function movingIn(key: Buffer | null, value: Buffer | null): number | undefined {
  return value?.includes('"motion":true') ? Number(key) : undefined;
}
