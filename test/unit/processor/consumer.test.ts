import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import type { MessageLog, RecordBatch, Subscription } from '../../../message-log/port.ts';
import { startConsumer } from '../../../processor/consumer.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { batchOf } from '../../support/batches.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let running: Running | undefined;
afterEach(() => running?.stop());

/** Of a log that gives these batches once and whose partitions are `assigned`. */
function logWith(batches: readonly RecordBatch[], assigned: ReadonlyMap<number, number>) {
  const committed: number[] = [];
  let given = false;
  const subscription: Subscription = {
    assigned,
    onGap: undefined,
    poll: async () => {
      if (given) await new Promise((resolve) => setTimeout(resolve, 5));
      const now = given ? [] : batches;
      given = true;
      return now;
    },
    commit: async (_topic, partition) => {
      committed.push(partition);
    },
    close: async () => undefined,
  };
  const log: MessageLog = Object.assign(new MemoryLog(2), { subscribe: async () => subscription });
  return { log, committed };
}

const depsOf = (log: MessageLog) => ({ log, logger: pino({ level: 'silent' }), health: new Health(), registry: new Registry() });
const recordOf = (partition: number) => batchOf('ALARM', 0, [{ key: 1, at: 1, value: '{}' }], partition);

it('leaves records alone whose partition went to another process after they were read', async () => {
  const assigned = new Map([
    [0, 1],
    [1, 1],
  ]);
  const { log, committed } = logWith([recordOf(0), recordOf(1)], assigned);
  const handled: number[] = [];
  running = await startConsumer(
    'archive',
    ['ALARM'],
    async ({ partition }) => {
      handled.push(partition);
      return undefined;
    },
    depsOf(log),
    async () => {
      assigned.delete(0);
    },
  );
  await expect.poll(() => committed).toEqual([1]);
  expect(handled).toEqual([1]);
});
