/**
 * Owns tasks on Kafka until it is killed, and prints how many it has whenever that changes. Its argument is the configuration as JSON. Each task
 * commits an ALARM record again and again: its process and a number, which is its position in ENTRY as well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import type { TaskLog } from '../../message-log/port.ts';
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

/** Runs until the task is revoked or fails. */
async function work(task: TaskLog, from: number): Promise<void> {
  try {
    for (let n = from + 1; held.has(task.partition); n += 1) {
      const value = Buffer.from(`${process.pid} ${n}`);
      await task.commit([{ topic: 'ALARM', key: 1, at: systemClock(), value }], [], { ENTRY: n, OK: 0, ACTION: 0 });
      await sleep(20);
    }
  } catch {
    held.delete(task.partition);
    say();
  }
}

await log.own({
  assigned: async (task) => {
    const { ENTRY: from } = await task.restore(
      () => undefined,
      () => undefined,
    );
    held.add(task.partition);
    say();
    void work(task, from);
  },
  revoked: async (partition) => {
    held.delete(partition);
    say();
  },
});
