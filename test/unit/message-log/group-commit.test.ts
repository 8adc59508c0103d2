import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Batch } from '../../../message-log/embedded/batch.ts';
import { baseOf, recordsOf } from '../../../message-log/embedded/frame.ts';
import { GroupCommit } from '../../../message-log/embedded/group-commit.ts';
import { logMetrics } from '../../../message-log/embedded/metrics.ts';
import { PartitionLog } from '../../../message-log/embedded/partition-log.ts';
import type { WriteAhead } from '../../../message-log/embedded/write-ahead.ts';
import { OwnError, PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { FrameTree } from '../../support/frame-tree.ts';

const MIB = 1024 * 1024;
const full = (): TransientError => new TransientError('disk-full', 'the disk is full');

/** Lets a few turns of the event loop pass, but no time. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    if (holds()) return;
    await new Promise(setImmediate);
  }
  expect.unreachable();
}

/** A disk whose writes end when and how the test says. */
class Disk {
  readonly written: Batch[] = [];
  #settle: { resolve(): void; reject(error: unknown): void }[] = [];
  /** Writes wait until they are settled. */
  slow = false;
  fault: Error | undefined;

  async write(batch: Batch): Promise<void> {
    this.written.push(batch);
    if (this.slow) await new Promise<void>((resolve, reject) => this.#settle.push({ resolve, reject }));
    else if (this.fault) throw this.fault;
  }

  async done(fault?: Error): Promise<void> {
    await until(() => this.#settle.length > 0);
    const [one] = this.#settle.splice(0, 1);
    if (fault) one?.reject(fault);
    else one?.resolve();
  }
}

let disk: Disk;
let health: Health;
let registry: Registry;
let lines: { level: number; msg: string }[];
let logs: PartitionLog[];
let commits: GroupCommit;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  [disk, health, registry, lines] = [new Disk(), new Health(), new Registry(), []];
  logs = [0, 1].map((partition) => new PartitionLog('OK', partition, new FrameTree().database, () => undefined));
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const metrics = logMetrics(
    registry,
    () => new Map(),
    () => 0,
  );
  commits = new GroupCommit(disk as unknown as WriteAhead, health, logger, metrics);
});
afterEach(() => void vi.useRealTimers());

const log = (partition: number): PartitionLog => logs[partition] ?? expect.unreachable();

/** Appends records of these sizes, in bytes, to a partition; resolves with the offset of the first. */
async function append(partition: number, bytes = 1, records = 1): Promise<number | undefined> {
  commits.admit(bytes * records);
  for (let i = 0; i < records; i += 1) log(partition).stage.add(1, 1, Buffer.alloc(bytes), 0, bytes);
  commits.touch(log(partition));
  const round = commits.next();
  await round.committed;
  return round.bases.get(log(partition));
}

/** Topic, partition, first offset and number of records of each frame of each write. */
const writes = () =>
  disk.written.map(({ frames }) => frames.map(({ topic, partition, bytes }) => [topic, partition, baseOf(bytes), recordsOf(bytes)]));
const levels = () => lines.map(({ level, msg }) => [level, msg]);

describe('a commit', () => {
  it('has everything that came in one turn, and each caller gets the offsets of its records', async () => {
    expect(await Promise.all([append(0), append(1, 1, 2), append(0, 1, 3)])).toEqual([0, 0, 0]);
    expect(writes()).toEqual([
      [
        ['OK', 0, 0, 4],
        ['OK', 1, 0, 2],
      ],
    ]);
    expect(await append(0)).toBe(4);
    expect([log(0).next, log(1).next]).toEqual([5, 2]);
    expect([lines, health.ready]).toEqual([[], true]);
  });

  it('has what gathered while the previous one was written, and resolves nothing sooner', async () => {
    disk.slow = true;
    const first = append(0);
    await until(() => disk.written.length === 1);
    const heard: string[] = [];
    const others = [append(0), append(0), append(1)].map((one) => one.then(() => heard.push('second')));
    await new Promise(setImmediate);
    expect([disk.written.length, log(0).next]).toEqual([1, 0]);
    await disk.done();
    await first.then(() => heard.push('first'));
    await disk.done();
    await Promise.all(others);
    expect(heard).toEqual(['first', 'second', 'second', 'second']);
    expect(writes()[1]).toEqual([
      ['OK', 0, 1, 2],
      ['OK', 1, 0, 1],
    ]);
  });

  it('takes states and positions along, even without any records', async () => {
    const state = { partition: 0, key: 7, value: undefined };
    const position = { name: 'mailer/ALARM/0', position: 5 };
    commits.also([state], []);
    await commits.next().committed;
    commits.also([], [position]);
    await commits.next().committed;
    commits.also([state, state], [position, position]);
    await append(0);
    expect(disk.written.map(({ states, positions }) => [states, positions])).toEqual([
      [[state], []],
      [[], [position]],
      [
        [state, state],
        [position, position],
      ],
    ]);
  });

  it('does not happen if there is nothing to write', async () => {
    void commits.next();
    await commits.idle();
    expect(disk.written).toEqual([]);
    expect(await append(0)).toBe(0);
  });

  it('includes what readers ahead write in answer to its records', async () => {
    disk.slow = true;
    let answered: Promise<number | undefined> | undefined;
    log(0).followers.add({
      position: 0,
      ahead: true,
      // Not at once: the reader has to handle them first.
      wake: () => {
        answered ??= Promise.resolve().then(() => append(1));
      },
    });
    const appended = append(0);
    await disk.done();
    await Promise.all([appended, answered]);
    expect(writes()).toEqual([
      [
        ['OK', 0, 0, 1],
        ['OK', 1, 0, 1],
      ],
    ]);
  });

  it('does not wait for readers that are not ahead', async () => {
    log(0).followers.add({ position: 0, ahead: false, wake: () => undefined });
    await append(0);
    expect(writes()).toEqual([[['OK', 0, 0, 1]]]);
  });

  it('is counted with its bytes and its duration', async () => {
    disk.slow = true;
    vi.advanceTimersByTime(5_000);
    const appended = append(0, 100);
    await until(() => disk.written.length === 1);
    vi.advanceTimersByTime(3_000);
    await disk.done();
    await appended;
    const text = await registry.metrics();
    expect(text).toContain('tocsin_log_appended_bytes_total{topic="OK"} 148');
    expect(text).toMatch(/tocsin_log_commit_seconds_sum 3(\.0\d*)?\n/);
    expect(text).toContain('tocsin_log_commit_seconds_count 1');
  });
});

describe('what waits for the disk', () => {
  it('is no more than 64 MiB, those of the commit under way included', async () => {
    disk.slow = true;
    expect(commits.pendingBytes).toBe(0);
    const first = append(0, 40 * MIB);
    await until(() => disk.written.length === 1);
    expect(commits.pendingBytes).toBe(40 * MIB);
    const second = append(0, 24 * MIB);
    expect(commits.pendingBytes).toBe(64 * MIB);
    expect(() => commits.admit(1)).toThrow('more than 67108864 bytes wait for the disk');
    expect(() => commits.admit(1)).toThrow(expect.objectContaining({ name: 'TransientError', code: 'log-full' }));
    await disk.done();
    await first;
    expect(commits.pendingBytes).toBe(24 * MIB);
    await disk.done();
    await second;
    expect(commits.pendingBytes).toBe(0);
    commits.admit(64 * MIB);
    expect(() => commits.admit(1)).toThrow('wait for the disk');
  });
});

describe('a write that takes very long', () => {
  it('is reported after ten seconds, until it is done', async () => {
    disk.slow = true;
    const appended = append(0);
    await until(() => disk.written.length === 1);
    vi.advanceTimersByTime(9_999);
    expect(health.ready).toBe(true);
    vi.advanceTimersByTime(1);
    expect(health.problems()).toEqual({ log: 'a write to the data folder is taking very long' });
    await disk.done();
    await appended;
    expect(health.ready).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(health.ready).toBe(true);
  });
});

describe('a write that fails', () => {
  it('rejects everything that waits for it and for the next one, which may depend on it', async () => {
    disk.slow = true;
    const lost = [append(0), append(1)];
    await until(() => disk.written.length === 1);
    lost.push(append(0), append(0));
    await disk.done(full());
    expect((await Promise.allSettled(lost)).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    await expect(lost[3]).rejects.toMatchObject({ code: 'disk-full' });
    expect([log(0).next, log(0).sealed, log(0).losses, log(1).losses, commits.pendingBytes]).toEqual([0, 0, 1, 1, 0]);
  });

  it('makes the log refuse everything until an attempt, one every quarter of a second, succeeds; both are logged once', async () => {
    disk.fault = full();
    await expect(append(0)).rejects.toThrow('the disk is full');
    expect(health.problems()).toEqual({ log: 'the disk is full' });
    expect(() => commits.admit(1)).toThrow('the disk is full');
    for (let n = 1; n < 4; n += 1) {
      await vi.advanceTimersByTimeAsync(249);
      await commits.idle();
      expect(disk.written).toHaveLength(n);
      await vi.advanceTimersByTimeAsync(1);
      await commits.idle();
      expect(disk.written).toHaveLength(n + 1);
    }
    expect(levels()).toEqual([[40, 'cannot write the log, nothing is acknowledged until it can be written again']]);
    expect(() => commits.admit(1)).toThrow('the disk is full');
    disk.fault = undefined;
    await vi.advanceTimersByTimeAsync(250);
    await commits.idle();
    expect([health.ready, levels()[1], lines.length]).toEqual([true, [30, 'the log can be written again'], 2]);
    expect(await append(0)).toBe(0);
    // And no more attempts.
    await vi.advanceTimersByTimeAsync(10_000);
    await commits.idle();
    expect([disk.written.length, lines.length]).toEqual([6, 2]);
    // The next fault is logged again.
    disk.fault = full();
    await expect(append(0)).rejects.toThrow('full');
    expect(lines).toHaveLength(3);
  });

  it('because another owner has taken over is the last one, and is logged as an error', async () => {
    disk.fault = new PermanentError('fenced', 'another process has taken over');
    await expect(append(0)).rejects.toMatchObject({ code: 'fenced' });
    expect(() => commits.admit(1)).toThrow('another process has taken over');
    await vi.advanceTimersByTimeAsync(60_000);
    await commits.idle();
    expect([disk.written.length, levels(), health.problems()]).toEqual([
      1,
      [[50, 'another owner has taken over the log']],
      { log: 'another process has taken over' },
    ]);
  });

  it('for an unknown reason is reported, and the next one may succeed', async () => {
    disk.fault = new OwnError('a fault');
    await expect(append(0)).rejects.toThrow('a fault');
    expect(health.problems()).toEqual({ log: 'a fault' });
    disk.fault = undefined;
    expect(await append(0)).toBe(0);
    expect([health.ready, levels()]).toEqual([true, [[30, 'the log can be written again']]]);
  });

  it('that nobody waits for harms nobody', async () => {
    disk.fault = full();
    commits.also([{ partition: 0, key: 1, value: undefined }], []);
    void commits.next();
    await commits.idle();
    await new Promise(setImmediate);
    expect(health.ready).toBe(false);
  });
});

describe('the end', () => {
  it('comes once everything accepted is written, and nothing more is accepted', async () => {
    disk.slow = true;
    const taken = append(0);
    let closed = false;
    const closing = commits.close().then(() => {
      closed = true;
    });
    expect(() => commits.admit(1)).toThrow(expect.objectContaining({ code: 'log-closed' }));
    await until(() => disk.written.length === 1);
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    await disk.done();
    expect(await taken).toBe(0);
    await closing;
  });

  it('ends further attempts, even one that the last write schedules', async () => {
    disk.fault = full();
    await expect(append(0)).rejects.toThrow('full');
    await commits.close();
    await vi.advanceTimersByTimeAsync(60_000);
    await commits.idle();
    expect(disk.written).toHaveLength(1);
  });

  it('while a write fails ends everything too', async () => {
    disk.slow = true;
    const lost = append(0);
    await until(() => disk.written.length === 1);
    const closing = commits.close();
    await disk.done(full());
    await expect(lost).rejects.toThrow('full');
    await closing;
    disk.slow = false;
    await vi.advanceTimersByTimeAsync(60_000);
    await commits.idle();
    expect(disk.written).toHaveLength(1);
  });
});
