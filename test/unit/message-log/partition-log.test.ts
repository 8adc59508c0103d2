import { beforeEach, describe, expect, it } from 'vitest';
import { type Follower, PartitionLog } from '../../../message-log/embedded/partition-log.ts';
import { Stage } from '../../../message-log/embedded/stage.ts';
import { FrameTree } from '../../support/frame-tree.ts';

const MIB = 1024 * 1024;

/** A frame as written by one commit, with records at these times. */
function frame(base: number, ...times: number[]): Buffer {
  const stage = new Stage();
  for (const [i, at] of times.entries()) stage.add(base + i, at, Buffer.from(`v${base + i}`), 0, `v${base + i}`.length);
  return stage.seal(base)[0] ?? expect.unreachable();
}

function damaged(base: number): Buffer {
  const bytes = frame(base, 1);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  return bytes;
}

let tree: FrameTree;
let corrupt: unknown[];
beforeEach(() => {
  tree = new FrameTree();
  corrupt = [];
});

function open(frames: Readonly<Record<number, Buffer>> = {}): PartitionLog {
  for (const [base, bytes] of Object.entries(frames)) tree.frames.set(Number(base), bytes);
  return new PartitionLog('OK', 3, tree.database, (...where) => corrupt.push(where));
}

/** Appends records with these times, or of this many bytes, which are on disk at once. */
function append(log: PartitionLog, ...times: number[]): void {
  for (const at of times) log.stage.add(1, at, Buffer.from('x'), 0, 1);
  log.seal();
  log.publish();
}
function appendBytes(log: PartitionLog, bytes: number): void {
  log.stage.add(1, 1, Buffer.alloc(bytes), 0, bytes);
  log.seal();
  log.publish();
}

/** A reader that counts how often it was woken. */
function follower(log: PartitionLog, ahead: boolean, position = 0) {
  const one = {
    ahead,
    position,
    told: 0,
    wake(): void {
      one.told += 1;
    },
  };
  log.followers.add(one satisfies Follower);
  return one;
}

/** What it says of itself. */
function stateOf({ topic, partition, earliest, next, sealed, losses, lastTime, isReadAhead }: PartitionLog) {
  return { topic, partition, earliest, next, sealed, losses, lastTime, isReadAhead };
}

const offsetsFrom = (log: PartitionLog, from: number, end?: number) => {
  const { batch, next } = log.read(from, end);
  return { offsets: batch && Array.from({ length: batch.length }, (_, i) => batch.offset(i)), next };
};

describe('a partition', () => {
  it('begins empty', () => {
    const log = open();
    expect(stateOf(log)).toMatchObject({
      topic: 'OK',
      partition: 3,
      earliest: 0,
      next: 0,
      sealed: 0,
      losses: 0,
      lastTime: 0,
      isReadAhead: false,
    });
    expect([log.oldest(9, 9), offsetsFrom(log, 0), offsetsFrom(log, 5)]).toEqual([
      [],
      { offsets: undefined, next: 0 },
      { offsets: undefined, next: 5 },
    ]);
    expect(corrupt).toEqual([]);
  });

  it('continues where it was when the process ended', () => {
    const log = open({ 5: frame(5, 100, 101), 7: frame(7, 102, 103, 104) });
    expect(stateOf(log)).toMatchObject({ earliest: 5, next: 10, sealed: 10, lastTime: 104 });
    append(log, 200, 201);
    expect(stateOf(log)).toMatchObject({ earliest: 5, next: 12, sealed: 12 });
  });

  it('uses no offset twice if the newest frame is damaged: a frame has at most 8192 records', () => {
    const log = open({ 5: frame(5, 100), 7: damaged(7) });
    expect(stateOf(log)).toMatchObject({ next: 7 + 8_192, lastTime: 0 });
    expect(corrupt).toEqual([['OK', 3, 7]]);
  });

  it('gives records times that never run backwards', () => {
    const log = open({ 0: frame(0, 100) });
    expect([99, 101, 100, 101, 102].map((at) => log.monotone(at))).toEqual([100, 101, 101, 101, 102]);
    expect(log.lastTime).toBe(102);
  });

  it('is as large as the pages that it takes', () => {
    expect(open().sizeBytes).toBe(321 * 4_096);
  });
});

describe('records', () => {
  it('are read a frame at a time, from any record on, in memory and in the tree', () => {
    const log = open({ 5: frame(5, 1, 2, 3), 8: frame(8, 4) });
    append(log, 5, 6);
    append(log, 7);
    append(log, 8, 9);
    const rest = (from: number, to: number) => ({ offsets: Array.from({ length: to - from }, (_, i) => from + i), next: to });
    for (const [from, to] of [
      [5, 8],
      [7, 8],
      [8, 9],
      [9, 11],
      [10, 11],
      [11, 12],
      [12, 14],
      [13, 14],
    ] as const)
      expect(offsetsFrom(log, from)).toEqual(rest(from, to));
    expect(offsetsFrom(log, 14)).toEqual({ offsets: undefined, next: 14 });
    expect(log.read(8).batch).toMatchObject({ topic: 'OK', partition: 3 });
  });

  it('that were removed are before the first one held', () => {
    const log = open({ 0: frame(0, 1), 1: frame(1, 2), 2: frame(2, 3) });
    log.remove([0, 1]);
    expect(log.earliest).toBe(0);
    log.removed();
    expect(log.earliest).toBe(2);
    expect(offsetsFrom(log, 0)).toEqual({ offsets: undefined, next: 2 });
    log.remove([2]);
    log.removed();
    expect([log.earliest, log.next]).toEqual([3, 3]);
  });

  it('that are damaged are skipped up to the next intact ones, and that is reported', () => {
    const log = open({ 0: frame(0, 1), 1: damaged(1), 4: frame(4, 2) });
    expect(offsetsFrom(log, 1)).toEqual({ offsets: undefined, next: 4 });
    expect(offsetsFrom(log, 3)).toEqual({ offsets: undefined, next: 4 });
    expect(corrupt).toEqual(Array(2).fill(['OK', 3, 1]));
  });

  it('that are missing are skipped', () => {
    const log = open({ 0: frame(0, 1, 2), 4: frame(4, 2) });
    expect(offsetsFrom(log, 2)).toEqual({ offsets: undefined, next: 4 });
    expect(offsetsFrom(log, 1)).toEqual({ offsets: [1], next: 2 });
    // In memory.
    tree.frames.delete(4);
    append(log, 3);
    expect(offsetsFrom(log, 2)).toEqual({ offsets: undefined, next: 5 });
    expect(corrupt).toEqual([]);
  });
});

describe('records on their way to the disk', () => {
  it('are only for readers ahead; all readers are woken once they are there', () => {
    const log = open();
    const [ahead, behind] = [follower(log, true), follower(log, false)];
    expect(log.isReadAhead).toBe(true);
    log.stage.add(1, 1, Buffer.from('x'), 0, 1);
    expect(log.seal()).toHaveLength(1);
    expect([log.next, log.sealed, ahead.told, behind.told]).toEqual([0, 1, 1, 0]);
    expect(offsetsFrom(log, 0)).toEqual({ offsets: undefined, next: 0 });
    expect(offsetsFrom(log, 0, log.sealed)).toEqual({ offsets: [0], next: 1 });
    log.publish();
    expect([log.next, ahead.told, behind.told]).toEqual([1, 1, 1]);
    expect(offsetsFrom(log, 0)).toEqual({ offsets: [0], next: 1 });
    log.followers.clear();
    follower(log, false);
    expect(log.isReadAhead).toBe(false);
  });

  it('are lost if the commit fails: others get their offsets, and readers ahead are told', () => {
    const log = open();
    append(log, 1);
    const [ahead, behind] = [follower(log, true), follower(log, false)];
    log.stage.add(1, 1, Buffer.from('x'), 0, 1);
    log.seal();
    log.stage.add(1, 1, Buffer.from('y'), 0, 1);
    log.seal();
    expect(log.sealed).toBe(3);
    log.discard();
    expect(stateOf(log)).toMatchObject({ next: 1, sealed: 1, losses: 1 });
    expect([ahead.told, behind.told]).toEqual([3, 0]);
    log.stage.add(9, 2, Buffer.from('z'), 0, 1);
    log.seal();
    log.publish();
    expect(log.read(1).batch?.key(0)).toBe(9);
    expect(offsetsFrom(log, 0)).toEqual({ offsets: [0], next: 1 });
    // Nothing was under way.
    log.discard();
    expect(stateOf(log)).toMatchObject({ next: 2, losses: 1 });
    expect(ahead.told).toBe(4);
  });
});

describe('the newest records', () => {
  /** Whether the records from there on are still in memory: the tree has none. */
  const isInMemory = (log: PartitionLog, from: number): boolean => log.read(from).batch !== undefined;

  it('stay in memory until they are in the tree, even if everybody has read them', () => {
    const log = open();
    follower(log, false, 100);
    for (let n = 0; n < 3; n += 1) append(log, n);
    expect([0, 1, 2].map((from) => isInMemory(log, from))).toEqual([true, true, true]);
    log.moved(2);
    expect([0, 1, 2].map((from) => isInMemory(log, from))).toEqual([false, false, true]);
    log.moved(3);
    expect(isInMemory(log, 2)).toBe(false);
  });

  it('stay until the slowest reader has them, so that none are read back from disk', () => {
    const log = open();
    const [slow, fast] = [follower(log, false, 0), follower(log, false, 3)];
    for (let n = 0; n < 3; n += 1) append(log, n);
    log.moved(3);
    expect(isInMemory(log, 0)).toBe(true);
    slow.position = 2;
    fast.position = 3;
    log.moved(3);
    expect([0, 1, 2].map((from) => isInMemory(log, from))).toEqual([false, false, true]);
    expect(tree.reads).toBe(0);
    log.followers.delete(slow);
    append(log, 3);
    expect([2, 3].map((from) => isInMemory(log, from))).toEqual([false, true]);
  });

  it('that nobody reads leave memory as soon as they are in the tree', () => {
    const log = open();
    append(log, 1);
    log.moved(1);
    expect(isInMemory(log, 0)).toBe(false);
  });

  it('do not stay beyond four MiB for a slow reader', () => {
    const log = open();
    follower(log, false, 0);
    // Of 1 MiB each, head and columns included.
    for (let n = 0; n < 5; n += 1) appendBytes(log, MIB - 48);
    log.moved(5);
    expect([0, 1].map((from) => isInMemory(log, from))).toEqual([false, true]);
    appendBytes(log, 1);
    log.moved(6);
    expect([1, 2].map((from) => isInMemory(log, from))).toEqual([false, true]);
    // Lost records don't count.
    for (let n = 0; n < 3; n += 1) log.stage.add(1, 1, Buffer.alloc(MIB), 0, MIB);
    log.seal();
    log.discard();
    log.moved(6);
    expect(isInMemory(log, 2)).toBe(true);
  });
});

describe('the oldest frames', () => {
  it('are those that end before an offset, but never the newest of all, which holds the offsets', () => {
    const log = open({ 0: frame(0, 1, 2), 2: frame(2, 3), 3: frame(3, 4, 5), 5: frame(5, 6) });
    expect([0, 1, 2, 3, 4, 5, 6, 99].map((end) => log.oldest(end, 10))).toEqual([
      [],
      [],
      [0],
      [0, 2],
      [0, 2],
      [0, 2, 3],
      [0, 2, 3],
      [0, 2, 3],
    ]);
    expect([0, 1, 2, 3].map((limit) => log.oldest(99, limit))).toEqual([[], [0], [0, 2], [0, 2, 3]]);
  });

  it('in the tree may all be removed if newer ones are in memory', () => {
    const log = open({ 0: frame(0, 1, 2), 2: frame(2, 3) });
    append(log, 4);
    expect([log.oldest(99, 10), log.oldest(3, 10), log.oldest(2, 10), log.oldest(99, 1)]).toEqual([[0, 2], [0, 2], [0], [0]]);
    expect(log.oldest(99, 2)).toEqual([0, 2]);
    // Records only in memory aren't among them, however old they are.
    log.remove([0, 2]);
    expect(log.oldest(99, 10)).toEqual([]);
  });

  it('know the time of their last record; a damaged frame counts as older than all others', () => {
    const log = open({ 0: frame(0, 1, 2), 2: damaged(2), 3: frame(3, 7) });
    expect([0, 2, 3, 4].map((base) => log.lastTimeAt(base))).toEqual([2, 0, 7, 0]);
  });

  it('are read once, however often they are asked for their time', () => {
    const log = open({ 0: frame(0, 5), 1: frame(1, 6) });
    tree.reads = 0;
    expect([log.lastTimeAt(0), log.lastTimeAt(0), log.lastTimeAt(0)]).toEqual([5, 5, 5]);
    expect(tree.reads).toBe(1);
    expect([log.lastTimeAt(1), log.lastTimeAt(0)]).toEqual([6, 5]);
  });

  it('are removed, and those in memory become the first', () => {
    const log = open({ 0: frame(0, 1) });
    append(log, 2, 3);
    append(log, 4);
    log.remove([0]);
    log.removed();
    expect(log.earliest).toBe(1);
    log.moved(3);
    log.removed();
    expect(log.earliest).toBe(3);
  });
});

describe('a frame whose key has changed, and is no offset any more', () => {
  it.each([3.031_25, 3.000_000_000_1, 5.9])('is said, and what follows it is read (%d)', (key) => {
    const log = open({ 0: frame(0, 1, 1, 1), 6: frame(6, 2) });
    tree.frames.set(key, frame(3, 1, 1, 1));
    for (let offset = 0, batch = log.read(0); offset < log.next; batch = log.read(offset)) offset = batch.next;
    expect(corrupt).toContainEqual(['OK', 3, 3 + Math.floor(key - 3)]);
    expect(log.read(6).batch?.offset(0)).toBe(6);
  });

  it('is said where it is the first one, and the log begins with the next', () => {
    expect(open({ 0.5: frame(0, 1), 6: frame(6, 2) }).earliest).toBe(6);
    expect(corrupt).toEqual([['OK', 3, 0]]);
  });

  it('leaves whole offsets to new records where it is the last one', () => {
    expect(Number.isInteger(open({ 0: frame(0, 1, 1, 1), 3.5: frame(3, 1) }).next)).toBe(true);
  });
});
