import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Poller } from '../../../message-log/embedded/cursor.ts';
import { PartitionLog } from '../../../message-log/embedded/partition-log.ts';
import { FrameTree } from '../../support/frame-tree.ts';

const MIB = 1024 * 1024;
/** Bytes of a frame of one record beside its value. */
const AROUND = 48;

let tree: FrameTree;
let logs: PartitionLog[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  tree = new FrameTree();
  logs = [0, 1, 2].map(
    (partition) => new PartitionLog('OK', partition, (partition === 0 ? tree : new FrameTree()).database, () => undefined),
  );
});
afterEach(() => void vi.useRealTimers());

const log = (partition: number): PartitionLog => logs[partition] ?? expect.unreachable();

function seal(partition: number, bytes = 1, records = 1): Buffer[] {
  const { stage } = log(partition);
  for (let i = 0; i < records; i += 1) stage.add(1, 1, Buffer.alloc(bytes), 0, bytes);
  return log(partition).seal();
}
function append(partition: number, bytes?: number, records?: number): void {
  for (const frame of seal(partition, bytes, records)) tree.frames.set(frame.readDoubleLE(16), frame);
  log(partition).publish();
}

/** Partition, first offset and next offset of each batch. */
type Places = readonly (readonly [partition: number, from: number, next: number])[];
async function polled(poller: Poller, waitMs = 0): Promise<Places> {
  return (await poller.poll(waitMs)).map(({ partition, nextOffset, length }) => [partition, nextOffset - length, nextOffset]);
}
const from = (partitions: readonly number[], position = 0, ahead?: boolean): Poller =>
  new Poller(partitions.map(log), () => position, ahead);

describe('a reader', () => {
  it('gets everything from its beginning, and then new records', async () => {
    append(0, 1, 3);
    append(0);
    const poller = from([0], 1);
    expect(poller.cursors).toMatchObject([{ position: 1, ahead: false }]);
    expect(await polled(poller)).toEqual([
      [0, 1, 3],
      [0, 3, 4],
    ]);
    expect([await polled(poller), poller.cursors[0]?.position]).toEqual([[], 4]);
    append(0, 1, 2);
    expect(await polled(poller)).toEqual([[0, 4, 6]]);
  });

  it('gets no more than a MiB at once, but always something', async () => {
    for (let n = 0; n < 3; n += 1) append(0, MIB / 2 - AROUND);
    append(0, 2 * MIB);
    append(0);
    const poller = from([0]);
    const sizes: number[] = [];
    for (let n = 0; n < 4; n += 1) sizes.push((await poller.poll(0)).length);
    expect(sizes).toEqual([2, 2, 1, 0]);
  });

  it('gets no more than 10,000 records at once, or a frame more', async () => {
    for (let n = 0; n < 5; n += 1) append(0, 0, 5_000);
    const poller = from([0]);
    const ends: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) ends.push((await polled(poller)).at(-1)?.[2]);
    expect(ends).toEqual([10_000, 20_000, 25_000, undefined]);
  });

  it('of several partitions reads each in turn, whatever waits in another', async () => {
    for (let n = 0; n < 3; n += 1) append(0, MIB);
    append(1);
    append(2);
    append(2);
    const poller = from([0, 1, 2]);
    const turns: Places[] = [];
    for (let n = 0; n < 5; n += 1) turns.push(await polled(poller));
    expect(turns).toEqual([
      [[0, 0, 1]],
      [
        [1, 0, 1],
        [2, 0, 1],
        [2, 1, 2],
        [0, 1, 2],
      ],
      [[0, 2, 3]],
      [],
      [],
    ]);
    // None is always the first.
    const firsts: (number | undefined)[] = [];
    for (let n = 0; n < 4; n += 1) {
      for (const partition of [0, 1, 2]) append(partition);
      firsts.push((await polled(poller))[0]?.[0]);
    }
    expect(new Set(firsts)).toEqual(new Set([0, 1, 2]));
  });

  it('of no partition gets nothing', async () => {
    expect(await polled(from([]))).toEqual([]);
  });
});

describe('a reader at the end', () => {
  it('waits for whatever comes first, as long as it was asked to', async () => {
    const poller = from([0, 1]);
    const waiting = polled(poller, 1_000);
    await vi.advanceTimersByTimeAsync(500);
    append(1);
    expect(await waiting).toEqual([[1, 0, 1]]);

    let ended: Places | undefined;
    void polled(poller, 1_000).then((places) => {
      ended = places;
    });
    // The previous wait is over.
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toEqual([]);
  });

  it('does not wait unless it was asked to', async () => {
    const poller = from([0]);
    expect([await polled(poller, 0), await polled(poller, -1)]).toEqual([[], []]);
  });

  it('that is closed has nothing, and nothing more', async () => {
    const poller = from([0]);
    const waiting = polled(poller, 60_000);
    append(1);
    poller.close();
    append(0);
    expect(await waiting).toEqual([]);
    expect(log(0).followers.size).toBe(0);
    await expect(poller.poll(0)).rejects.toMatchObject({ code: 'log-closed' });
  });
});

describe('records that are gone before they are read', () => {
  it('are skipped, and reported as a gap', async () => {
    for (let n = 0; n < 4; n += 1) append(0);
    const poller = from([0]);
    const gaps: number[][] = [];
    const [cursor] = poller.cursors;
    if (cursor) cursor.onGap = (...gap) => gaps.push(gap);
    log(0).moved(4);
    log(0).remove([0, 1]);
    log(0).removed();
    expect([await polled(poller), gaps]).toEqual([
      [
        [0, 2, 3],
        [0, 3, 4],
      ],
      [[0, 2]],
    ]);
  });

  it('are skipped if they are damaged, even at the end', async () => {
    for (let n = 0; n < 4; n += 1) append(0);
    for (const base of [1, 3]) tree.frames.get(base)?.writeUInt8(9, 40);
    log(0).moved(4);
    log(0).followers.clear();
    log(0).publish();
    const poller = from([0]);
    const gaps: number[][] = [];
    const [cursor] = poller.cursors;
    expect(await polled(from([0]))).toHaveLength(2);
    if (cursor) cursor.onGap = (...gap) => gaps.push(gap);
    expect([await polled(poller), gaps, cursor?.position]).toEqual([
      [
        [0, 0, 1],
        [0, 2, 3],
      ],
      [
        [1, 2],
        [3, 4],
      ],
      4,
    ]);
  });
});

describe('a reader that is ahead', () => {
  it('gets records on their way to the disk, and is woken at once', async () => {
    const poller = from([0], 0, true);
    const waiting = polled(poller, 1_000);
    seal(0);
    expect(await waiting).toEqual([[0, 0, 1]]);
    expect(await polled(from([0]))).toEqual([]);
    expect(poller.cursors[0]?.ahead).toBe(true);
  });

  it('can read nothing more once records that it may have read are lost; others can', async () => {
    const [ahead, behind] = [from([0], 0, true), from([0])];
    seal(0);
    log(0).discard();
    append(0);
    await expect(ahead.poll(0)).rejects.toMatchObject({ code: 'input-lost' });
    expect(await polled(behind)).toEqual([[0, 0, 1]]);
    // A reader that begins after the loss has lost nothing.
    expect(await polled(from([0], 0, true))).toEqual([[0, 0, 1]]);
  });
});
