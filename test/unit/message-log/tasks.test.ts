import type { Database } from 'lmdb';
import { beforeEach, describe, expect, it } from 'vitest';
import { FrameBatch } from '../../../message-log/embedded/frame.ts';
import type { GroupCommit } from '../../../message-log/embedded/group-commit.ts';
import { PartitionLog } from '../../../message-log/embedded/partition-log.ts';
import { Positions } from '../../../message-log/embedded/positions.ts';
import { seal } from '../../../message-log/embedded/sealed-row.ts';
import { TASK_GROUP, Tasks } from '../../../message-log/embedded/tasks.ts';
import type { Reader, TaskLog, TaskOwner } from '../../../message-log/port.ts';
import type { Topic } from '../../../records/topics.ts';
import { FrameTree } from '../../support/frame-tree.ts';

const NOTHING = { ENTRY: 0, OK: 0, ACTION: 0 };

/** States of a partition in the tree. */
class StateTree {
  readonly states = new Map<number, Buffer>();
  readonly limits: number[] = [];

  getRange({ start, limit }: { start: number; limit: number }): { key: number; value: Buffer }[] {
    this.limits.push(limit);
    const keys = [...this.states.keys()].filter((key) => key >= start).sort((a, b) => a - b);
    return keys.slice(0, limit).map((key) => ({ key, value: this.states.get(key) ?? expect.unreachable() }));
  }
}

/** Commits that end when a test says so. */
class Commits {
  admitted: number[] = [];
  refusal: Error | undefined;
  readonly touched: string[] = [];
  readonly states: unknown[] = [];
  readonly positions: unknown[] = [];
  readonly order: string[];
  committed: Promise<void> = Promise.resolve();

  constructor(order: string[]) {
    this.order = order;
  }

  async idle(): Promise<void> {
    await new Promise(setImmediate);
    this.order.push('idle');
  }
  admit(bytes: number): void {
    if (this.refusal) throw this.refusal;
    this.admitted.push(bytes);
  }
  touch({ topic, partition }: PartitionLog): void {
    this.touched.push(`${topic}/${partition}`);
  }
  also(states: readonly unknown[], positions: readonly unknown[]): void {
    this.states.push(...states);
    this.positions.push(...positions);
  }
  next(): { committed: Promise<void> } {
    return { committed: this.committed };
  }
}

let order: string[];
let states: readonly [StateTree, StateTree];
let newest: Map<number, Buffer | undefined>;
let positions: Positions;
let commits: Commits;
let logs: Map<string, PartitionLog>;
let readers: unknown[];
let tasks: Tasks;
beforeEach(() => {
  order = [];
  states = [new StateTree(), new StateTree()];
  newest = new Map();
  const kept = [{ key: `${TASK_GROUP}/OK/1`, value: 7 }];
  positions = new Positions({ getRange: () => kept } as unknown as Database<number, string>);
  commits = new Commits(order);
  logs = new Map();
  readers = [];
  tasks = new Tasks({
    states: states as unknown as Database<Buffer, number>[],
    positions,
    commits: commits as unknown as GroupCommit,
    log: logOf,
    readAhead: (log, from) => {
      readers.push([log, from]);
      return 'a reader' as unknown as Reader;
    },
    newestStates: (partition) => (partition === 1 ? newest : new Map()),
  });
});

function logOf(topic: Topic, partition: number): PartitionLog {
  const key = `${topic}/${partition}`;
  const log = logs.get(key) ?? new PartitionLog(topic, partition, new FrameTree().database, () => undefined);
  logs.set(key, log);
  return log;
}

/** An owner of the partitions; `order` has the calls that it gets. */
function owner(name: string): TaskOwner & { readonly tasks: TaskLog[] } {
  const given: TaskLog[] = [];
  return {
    tasks: given,
    assigned: async (task) => {
      await new Promise(setImmediate);
      given.push(task);
      order.push(`${name} has ${task.partition}`);
    },
    revoked: async (partition) => {
      order.push(`${name} gives ${partition}`);
      await new Promise(setImmediate);
      order.push(`${name} gave ${partition}`);
    },
  };
}

/** The task of the second partition. */
async function task(): Promise<TaskLog> {
  const one = owner('one');
  await tasks.own(one);
  return one.tasks[1] ?? expect.unreachable();
}

async function restored(one: TaskLog) {
  const seen: [number, string][] = [];
  const from = await one.restore(
    (key, value) => seen.push([key, value.toString()]),
    () => undefined,
  );
  return { seen, from };
}

const failing = async (work: Promise<unknown> | undefined) => expect(await work?.catch((error: unknown) => error));

describe('tasks', () => {
  it('all belong to whoever asks for them, until they are given back', async () => {
    const one = owner('one');
    const giveBack = await tasks.own(one);
    expect(order).toEqual(['idle', 'one has 0', 'one has 1']);
    await one.tasks[0]?.commit([], [], NOTHING);
    await giveBack();
    expect(order.slice(3)).toEqual(['one gives 0', 'one gives 1', 'one gave 0', 'one gave 1']);
    for (const given of one.tasks) (await failing(given.commit([], [], NOTHING))).toMatchObject({ name: 'PermanentError', code: 'fenced' });
    await Promise.all([giveBack(), tasks.close()]);
    expect(order).toHaveLength(7);
  });

  it('go to whoever asked last, once the previous owner writes no more and everything it wrote is on disk', async () => {
    const [one, two] = [owner('one'), owner('two')];
    await tasks.own(one);
    order.length = 0;
    const giveBack = await tasks.own(two);
    expect(order).toEqual(['one gives 0', 'one gives 1', 'one gave 0', 'one gave 1', 'idle', 'two has 0', 'two has 1']);
    (await failing(one.tasks[0]?.commit([], [], NOTHING))).toMatchObject({ code: 'fenced' });
    await two.tasks[0]?.commit([], [], NOTHING);
    await giveBack();
  });

  it('are not assigned further to an owner that gives them back meanwhile', async () => {
    const one = owner('one');
    const begun = tasks.own({
      ...one,
      assigned: async (given) => {
        await one.assigned(given);
        await tasks.close();
      },
    });
    await begun;
    expect(order.filter((line) => line.includes('has'))).toEqual(['one has 0']);
  });

  it('write no more even if their owner failed to end them', async () => {
    const one = owner('one');
    const giveBack = await tasks.own({
      ...one,
      revoked: async () => {
        throw new Error('a fault');
      },
    });
    await expect(giveBack()).rejects.toThrow('a fault');
    (await failing(one.tasks[1]?.commit([], [], NOTHING))).toMatchObject({ code: 'fenced' });
  });

  it('can be closed without an owner', async () => {
    await tasks.close();
    expect(order).toEqual([]);
  });

  it('keep retention from removing undecided records, from the first moment on', async () => {
    expect(positions.lowest('ENTRY', 0)).toBe(Number.POSITIVE_INFINITY);
    await task();
    const lowest = (['ENTRY', 'OK', 'ACTION', 'ALARM'] as const).map((topic) => [positions.lowest(topic, 0), positions.lowest(topic, 1)]);
    expect(lowest).toEqual([
      [0, 0],
      [0, 7],
      [0, 0],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ]);
  });
});

describe('a task that is restored', () => {
  it('has the newest state of each sensor, and the positions of its inputs', async () => {
    for (const [key, value] of [
      [1, 'old'],
      [5, 'five'],
      [6, 'gone'],
      [2 ** 31 - 1, 'last'],
    ] as const)
      states[1].states.set(key, Buffer.from(value));
    newest.set(1, Buffer.from('new')).set(6, undefined).set(9, Buffer.from('nine'));
    const { seen, from } = await restored(await task());
    expect(new Map(seen)).toEqual(
      new Map([
        [1, 'new'],
        [5, 'five'],
        [9, 'nine'],
        [2 ** 31 - 1, 'last'],
      ]),
    );
    expect(seen).toHaveLength(4);
    expect(from).toEqual({ ENTRY: 0, OK: 7, ACTION: 0 });
  });

  it('has all of them, however many, without blocking the rest of the process', async () => {
    for (let key = 0; key < 12_000; key += 1) states[1].states.set(key, Buffer.from('s'));
    const one = await task();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (turns < 10) setImmediate(count);
    };
    setImmediate(count);
    const { seen } = await restored(one);
    expect(seen.map(([key]) => key)).toEqual(Array.from({ length: 12_000 }, (_, i) => i));
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(Math.max(...states[1].limits)).toBeLessThanOrEqual(5_000);
  });

  it('reads its inputs ahead, from the given position', async () => {
    expect(await (await task()).reader('OK', 5)).toBe('a reader');
    expect(readers).toEqual([[logOf('OK', 1), 5]]);
  });
});

describe('what a task commits', () => {
  it('is written with its states and positions, in its own partition, at times that never run backwards', async () => {
    const one = await task();
    await restored(one);
    const value = Buffer.from('state');
    await one.commit(
      [
        { topic: 'ALARM', key: 5, at: 1_000, value: Buffer.from('alarm') },
        { topic: 'COUNT', key: 5, at: 900, value: Buffer.from('counts') },
        { topic: 'ALARM', key: 6, at: 900, value: Buffer.from('second') },
      ],
      [
        { key: 5, value },
        { key: 6, value: null },
      ],
      { ENTRY: 11, OK: 12, ACTION: 13 },
    );
    value.fill('x');
    expect(commits.admitted).toEqual([5 + 6 + 6 + 5]);
    expect(commits.touched).toEqual(['ALARM/1', 'COUNT/1', 'ALARM/1']);
    const [frame] = logOf('ALARM', 1).stage.seal(0);
    const batch = new FrameBatch('ALARM', 1, frame ?? expect.unreachable(), 0);
    expect([0, 1].map((i) => [batch.key(i), batch.time(i), batch.bytes.toString('utf8', batch.start(i), batch.end(i))])).toEqual([
      [5, 1_000, 'alarm'],
      [6, 1_000, 'second'],
    ]);
    expect(commits.states).toEqual([
      { partition: 1, key: 5, value: seal(5, Buffer.from('state')) },
      { partition: 1, key: 6, value: undefined },
    ]);
    expect(commits.positions).toEqual([
      { name: '@task/ENTRY/1', position: 11 },
      { name: '@task/OK/1', position: 12 },
      { name: '@task/ACTION/1', position: 13 },
    ]);
    expect((await restored(one)).from).toEqual({ ENTRY: 11, OK: 12, ACTION: 13 });
  });

  it('counts as decided only once it is on disk', async () => {
    const one = await task();
    let fault: (error: Error) => void = () => undefined;
    commits.committed = new Promise((_, reject) => {
      fault = reject;
    });
    const committing = one.commit([], [], { ENTRY: 11, OK: 12, ACTION: 13 });
    await new Promise(setImmediate);
    expect([positions.get(TASK_GROUP, 'ENTRY', 1), positions.lowest('OK', 1)]).toEqual([undefined, 7]);
    fault(new Error('the disk is full'));
    await expect(committing).rejects.toThrow('the disk is full');
    expect([positions.get(TASK_GROUP, 'ENTRY', 1), positions.lowest('OK', 1)]).toEqual([undefined, 7]);
  });

  it('is rejected if the log accepts no more', async () => {
    const one = await task();
    commits.refusal = new Error('no room');
    await expect(one.commit([{ topic: 'ALARM', key: 5, at: 1, value: Buffer.from('a') }], [], NOTHING)).rejects.toThrow('no room');
    expect([commits.touched, logOf('ALARM', 1).stage.count]).toEqual([[], 0]);
  });

  it.each(['ENTRY', 'OK', 'ACTION'] as const)(
    'is refused once records of %s were lost that it may have read, until it is restored',
    async (topic) => {
      const one = await task();
      await restored(one);
      const log = logOf(topic, 1);
      log.stage.add(1, 1, Buffer.from('x'), 0, 1);
      log.seal();
      await one.commit([], [], NOTHING);
      log.discard();
      (await failing(one.commit([], [], NOTHING))).toMatchObject({ name: 'TransientError', code: 'input-lost' });
      expect(commits.admitted).toHaveLength(1);
      await restored(one);
      await one.commit([], [], NOTHING);
      expect(commits.admitted).toHaveLength(2);
    },
  );
});
