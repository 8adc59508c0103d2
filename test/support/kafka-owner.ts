/** Owns tasks on Kafka until it is killed; says on stdout how many it has whenever that changes. Its argument is the configuration as JSON. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Health } from '../../runtime/health.ts';

const config = JSON.parse(process.argv[2] ?? '{}');
const log = await openKafkaLog(config, {
  clock: systemClock,
  logger: pino({ level: 'silent' }),
  registry: new Registry(),
  health: new Health(),
});
const held = new Set<number>();
const say = (): boolean => process.stdout.write(`${held.size}\n`);
await log.own({
  assigned: async (task) => {
    await task.restore(() => undefined);
    held.add(task.partition);
    say();
  },
  revoked: async (partition) => {
    held.delete(partition);
    say();
  },
});
