/** Whether "all is well" may be said: only with proof that what sensors sent has been decided. The test sets the time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DetectionProof } from '../../../console/live/detection-proof.ts';
import { LogPulse } from '../../../console/live/log-pulse.ts';
import type { TaskLog } from '../../../message-log/port.ts';
import { partitionOf } from '../../../message-log/partitioning.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const WALL = Date.UTC(2026, 10, 29);
let seconds: number;
let wallOff: number;
let log: MemoryLog;
let pulse: LogPulse;
let tasks: Map<number, TaskLog>;

const newPulse = () =>
  new LogPulse(
    log,
    () => WALL + wallOff + seconds * 1_000,
    () => seconds * 1_000,
  );
const inPartition = (partition: number): number => {
  for (let id = 0; ; id += 1) if (partitionOf(id, 2) === partition) return id;
};
const status = (partition: number) => log.append('ENTRY', oneRecord(inPartition(partition), '{}'), seconds);
const recovery = (partition: number) => log.append('OK', oneRecord(inPartition(partition), '{}'), seconds);
/** What a living task does: it commits its positions. */
async function decides(partition: number): Promise<void> {
  const ends = (await log.progress()).filter((input) => input.partition === partition);
  const end = (topic: string) => ends.find((input) => input.topic === topic)?.next ?? 0;
  await tasks.get(partition)?.commit([], [], { ENTRY: end('ENTRY'), OK: end('OK'), ACTION: 0 });
}
/** A second passes, and the console checks. */
async function second(): Promise<number | null> {
  seconds += 1;
  await pulse.look();
  return pulse.detection().behindMs;
}

beforeEach(async () => {
  seconds = 0;
  wallOff = 0;
  log = new MemoryLog(2);
  tasks = new Map();
  await log.own({
    assigned: async (task) => {
      tasks.set(task.partition, task);
    },
    revoked: async () => undefined,
  });
  pulse = newPulse();
});

describe('the lag of detection', () => {
  it('is unknown until the log was looked at, and for ever where no processor was ever started', async () => {
    expect(pulse.detection().behindMs).toBeNull();
    for (let i = 0; i < 60; i += 1) {
      await status(i % 2);
      expect(await second()).toBeNull();
    }
    // For alerts, which need a number.
    expect(pulse.unprovenMs()).toBe(60_000);
  });

  it('is zero if nothing has come in, and the silence is reported', async () => {
    expect(await second()).toBe(0);
    expect(pulse.now()).toMatchObject({ lastStatusMs: null, problem: null });
    await status(0);
    await second();
    seconds += 7_200;
    expect(pulse.now()).toMatchObject({ lastStatusMs: 7_200_000, lastStatusAt: WALL + 2_000 });
  });

  it('stays small while tasks commit every five seconds', async () => {
    await decides(0);
    await decides(1);
    const seen: (number | null)[] = [];
    for (let i = 1; i <= 60; i += 1) {
      await status(i % 2);
      if (i % 5 === 0) for (const partition of [0, 1]) await decides(partition);
      seen.push(await second());
    }
    expect(seen.slice(5).every((behind) => behind !== null && behind <= 6_000)).toBe(true);
  });

  it.each([
    ['of a processor that has died', []],
    ['of one partition whose task has died', [1]],
  ])('grows with the time %s, from the last that was decided', async (_, alive) => {
    for (let i = 0; i < 10; i += 1) {
      await status(i % 2);
      for (const partition of [0, 1]) await decides(partition);
      expect(await second()).toBe(0);
    }
    for (let i = 1; i <= 100; i += 1) {
      await status(0);
      await status(1);
      for (const partition of alive) await decides(partition);
      expect(await second()).toBe(i * 1_000);
    }
    expect(pulse.unprovenMs()).toBe(100_000);
  });

  it('grows where recoveries alone are left', async () => {
    await second();
    await recovery(1);
    for (let i = 1; i <= 30; i += 1) expect(await second()).toBe(i * 1_000);
    await decides(1);
    expect(await second()).toBeLessThanOrEqual(2_000);
  });

  it('is small again soon after a long outage, whatever came in meanwhile', async () => {
    for (let i = 0; i < 10_000; i += 1) {
      await status(i % 2);
      await second();
    }
    expect(pulse.detection().behindMs).toBeNull();
    await decides(0);
    await decides(1);
    expect(await second()).toBeLessThanOrEqual(1_000);
  });

  it('falls while a backlog is worked off, although more comes in', async () => {
    await second();
    for (let i = 0; i < 40; i += 1) {
      await status(0);
      await second();
    }
    const before = pulse.detection().behindMs ?? 0;
    await tasks.get(0)?.commit([], [], { ENTRY: 20, OK: 0, ACTION: 0 });
    await status(0);
    const after = await second();
    expect(before).toBe(40_000);
    expect(after).toBeGreaterThan(15_000);
    expect(after).toBeLessThan(30_000);
  });

  it('is unknown once the log has not answered for a while, but not after a moment', async () => {
    await decides(0);
    expect(await second()).toBe(0);
    log.fault = new TransientError('log-unavailable', 'no broker answers');
    expect(await second()).toBe(1_000);
    for (let i = 0; i < 20; i += 1) await second();
    expect(pulse.detection().behindMs).toBeNull();
    expect(pulse.now().problem).toContain('no broker answers');
    expect(pulse.unprovenMs()).toBe(21_000);
    log.fault = undefined;
    expect(await second()).toBe(0);
    expect(pulse.now().problem).toBeNull();
  });

  it('is not proven by a position in a topic that was deleted and created again', async () => {
    for (let i = 0; i < 20; i += 1) await status(0);
    await decides(0);
    await second();
    const old = log;
    // The position remains, the records are gone.
    pulse = new LogPulse(
      {
        progress: async () =>
          (await old.progress()).map((input) => ({ ...input, next: input.topic === 'ENTRY' && input.partition === 0 ? 5 : 0 })),
      },
      () => WALL,
      () => seconds * 1_000,
    );
    for (let i = 0; i < 30; i += 1) expect(await second()).toBeNull();
  });

  it('does not know of the time before a restart of the console', async () => {
    await status(0);
    await second();
    await decides(0);
    await status(0);
    pulse = newPulse();
    expect(await second()).toBeNull();
    await decides(0);
    expect(await second()).toBeLessThanOrEqual(1_000);
  });

  it('and the rate do not follow a clock that is set', async () => {
    for (let i = 0; i < 5; i += 1) {
      await status(0);
      await decides(0);
      await second();
    }
    for (const off of [31 * 86_400_000, -31 * 86_400_000]) {
      wallOff = off;
      await status(0);
      await decides(0);
      expect(await second()).toBe(0);
      expect(pulse.now()).toMatchObject({ perSecond: 1, lastStatusMs: 0, lastStatusAt: WALL + off + seconds * 1_000 });
    }
  });

  it('takes no memory for a long outage', () => {
    const proof = new DetectionProof();
    for (let i = 0; i < 100_000; i += 1) proof.add([{ topic: 'ENTRY', partition: 0, next: i, decided: undefined }], i);
    expect(proof.waiting).toBeLessThanOrEqual(16);
    proof.add([{ topic: 'ENTRY', partition: 0, next: 100_000, decided: 100_000 }], 100_000);
    expect([proof.waiting, proof.behindMs(100_001)]).toEqual([0, 1]);
  });

  it('asks the log once at a time, however slow it is', async () => {
    let asked = 0;
    const slow = new LogPulse(
      {
        progress: () => {
          asked += 1;
          return new Promise(() => undefined);
        },
      },
      () => WALL,
    );
    for (let i = 0; i < 10; i += 1) void slow.look();
    expect(asked).toBe(1);
    expect(slow.detection().behindMs).toBeNull();
  });
});

describe('the rate of statuses', () => {
  const rate = () => pulse.now().perSecond;

  it('is unknown until two looks were taken, then that of the last three seconds, over all partitions', async () => {
    expect(rate()).toBeNull();
    await second();
    expect(rate()).toBeNull();
    for (let i = 0; i < 10; i += 1) {
      for (let n = 0; n < 30; n += 1) await status(n % 2);
      await second();
    }
    expect(rate()).toBe(30);
    expect(pulse.now().position).toEqual([150, 150]);
    for (let i = 0; i < 3; i += 1) await second();
    expect(rate()).toBe(0);
  });

  it('counts statuses, not recoveries, which are no sign that sensors are heard', async () => {
    for (let i = 0; i < 5; i += 1) {
      await recovery(0);
      await second();
    }
    expect(pulse.now()).toMatchObject({ perSecond: 0, lastStatusMs: null, lastStatusAt: null });
  });

  it('starts over with a topic that was deleted and created again', async () => {
    let next = 1_000;
    const made = new LogPulse(
      { progress: async () => [{ topic: 'ENTRY', partition: 0, next, decided: undefined }] },
      () => WALL,
      () => seconds * 1_000,
    );
    const look = async (end: number): Promise<number | null> => {
      next = end;
      seconds += 1;
      await made.look();
      return made.now().perSecond;
    };
    await look(1_000);
    expect(await look(1_010)).toBe(10);
    expect(await look(0)).toBeNull();
    expect(await look(20)).toBe(20);
    expect(made.now().lastStatusMs).toBe(0);
  });
});
