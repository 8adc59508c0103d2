import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { MessageLog, RecordBatch, Subscription } from '../../../message-log/port.ts';
import { type BatchHandler, startConsumer } from '../../../processor/consumer.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { batchOf } from '../../support/batches.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let running: Running | undefined;
afterEach(() => running?.stop());

/** The subscription of a log that gives these batches once and whose partitions are `assigned`. */
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

it('drops records whose partition went to another process after they were read', async () => {
  const assigned = new Map([
    [0, 1],
    [1, 1],
  ]);
  const { log, committed } = logWith([recordOf(0), recordOf(1)], assigned);
  const handled: number[] = [];
  running = await startConsumer(
    'archiver',
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

/** A log that gives what it is given, and waits for more until the subscription is closed. */
function openLog() {
  const given: RecordBatch[] = [];
  const commits: string[] = [];
  let wake: () => void = () => undefined;
  let polls = 0;
  let closed = 0;
  const subscription: Subscription = {
    assigned: new Map([[0, 1]]),
    onGap: undefined,
    poll: async () => {
      polls += 1;
      if (given.length === 0 && closed === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return given.splice(0);
    },
    commit: async (topic, partition, next) => {
      commits.push(`${topic}/${partition}@${next}`);
    },
    close: async () => {
      closed += 1;
      wake();
    },
  };
  const log: MessageLog = Object.assign(new MemoryLog(1), { subscribe: async () => subscription });
  const give = (...batches: RecordBatch[]): void => {
    given.push(...batches);
    wake();
  };
  return { log, give, commits, subscription, polls: () => polls, closed: () => closed };
}

const batchAt = (offset: number, length = 1) =>
  batchOf(
    'ALARM',
    offset,
    Array.from({ length }, () => ({ key: 1, at: 1, value: '{}' })),
  );

describe('a consumer', () => {
  it('commits a batch when its work is done, up to where the work says', async () => {
    const { log, give, commits } = openLog();
    const answers = [undefined, 5];
    running = await startConsumer('archiver', ['ALARM'], async () => answers.shift(), depsOf(log));
    give(batchAt(0, 3), batchAt(3, 4));
    await expect.poll(() => commits).toEqual(['ALARM/0@3', 'ALARM/0@5']);
  });

  it('commits later what its work reports later', async () => {
    const { log, give, commits } = openLog();
    const later = [[], [{ topic: 'ALARM', partition: 0, next: 1 } as const]];
    running = await startConsumer(
      'archiver',
      ['ALARM'],
      async () => 0,
      depsOf(log),
      undefined,
      () => later.shift() ?? [],
    );
    give(batchAt(0));
    await expect.poll(() => commits).toEqual(['ALARM/0@0']);
    give(batchAt(1));
    await expect.poll(() => commits).toEqual(['ALARM/0@0', 'ALARM/0@1', 'ALARM/0@0']);
  });

  it('tries the same batch again if its work fails, reports that to health, and logs it once', async () => {
    const { log, give, commits } = openLog();
    const lines: { level: number; msg: string; consumer: string; reason: string }[] = [];
    const deps = { ...depsOf(log), logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) };
    let [tries, away] = [0, true];
    const offsets: number[] = [];
    const told: number[] = [];
    const handle: BatchHandler = async (batch) => {
      told.push(lines.length);
      tries += 1;
      offsets.push(batch.offset(0));
      if (away) throw new TransientError('store-away', 'no disk');
      return undefined;
    };
    running = await startConsumer('archiver', ['ALARM'], handle, deps);
    give(batchAt(7));
    await expect.poll(() => tries).toBeGreaterThan(1);
    expect(deps.health.problems()).toEqual({ archiver: 'no disk' });
    expect(commits).toEqual([]);
    away = false;
    await expect.poll(() => commits).toEqual(['ALARM/0@8']);
    await expect.poll(() => deps.health.problems()).toEqual({});
    expect(new Set(offsets)).toEqual(new Set([7]));
    expect(told).toEqual([0, ...Array(tries - 1).fill(1)]);
    expect(lines.map(({ level, consumer, reason }) => ({ level, consumer, reason }))).toEqual([
      { level: 40, consumer: 'archiver', reason: 'no disk' },
    ]);
    expect(await deps.registry.getSingleMetricAsString('tocsin_consumer_failures_total')).toContain(
      `tocsin_consumer_failures_total{consumer="archiver"} ${tries - 1}`,
    );
  });

  it('shares the counter of its failures with the others of its process', async () => {
    const deps = depsOf(openLog().log);
    running = await startConsumer('archiver', ['ALARM'], async () => undefined, deps);
    const other = await startConsumer('states', ['ALARM'], async () => undefined, { ...deps, log: openLog().log });
    await other.stop();
  });

  it('logs records that were gone before it read them', async () => {
    const { log, subscription } = openLog();
    const lines: object[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    running = await startConsumer('archiver', ['ALARM'], async () => undefined, { ...depsOf(log), logger });
    subscription.onGap?.('ALARM', 0, 3, 9);
    expect(lines).toEqual([expect.objectContaining({ consumer: 'archiver', topic: 'ALARM', partition: 0, from: 3, to: 9 })]);
  });
});

describe('a consumer that is stopped', () => {
  it('ends at once while it waits for records', async () => {
    const { log, polls, closed } = openLog();
    const consumer = await startConsumer('archiver', ['ALARM'], async () => undefined, depsOf(log));
    await expect.poll(polls).toBe(1);
    await consumer.stop();
    expect(polls()).toBe(1);
    expect(closed()).toBeGreaterThan(0);
  });

  it('finishes the batch in hand, leaves the next one, and only then gives up its partitions', async () => {
    const { log, give, commits, closed } = openLog();
    let finish: () => void = () => undefined;
    const begun: number[] = [];
    const consumer = await startConsumer(
      'archiver',
      ['ALARM'],
      async (batch) => {
        begun.push(batch.offset(0));
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return undefined;
      },
      depsOf(log),
    );
    give(batchAt(0), batchAt(1));
    await expect.poll(() => begun).toEqual([0]);
    const stopped = consumer.stop();
    await new Promise(setImmediate);
    expect(closed()).toBe(0);
    finish();
    await stopped;
    expect([begun, commits, closed()]).toEqual([[0], ['ALARM/0@1'], 1]);
  });

  it('does not wait for a store that is away', async () => {
    const { log, give } = openLog();
    const deps = depsOf(log);
    const consumer = await startConsumer('archiver', ['ALARM'], () => Promise.reject(new TransientError('store-away', 'no disk')), deps);
    give(batchAt(0));
    await expect.poll(() => deps.health.ready).toBe(false);
    await consumer.stop();
  });
});
