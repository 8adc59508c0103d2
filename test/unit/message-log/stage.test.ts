import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameBatch, isIntact, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, recordsOf } from '../../../message-log/embedded/frame.ts';
import { Stage } from '../../../message-log/embedded/stage.ts';

interface Written {
  readonly key: number;
  readonly at: number;
  readonly value: string;
}

const written = fc.record({ key: fc.nat(2 ** 31 - 1), at: fc.nat(2 ** 40), value: fc.string({ maxLength: 40 }) });

function readBack(frames: readonly Buffer[]): (Written & { readonly offset: number })[] {
  return frames.flatMap((frame) => {
    const batch = new FrameBatch('ENTRY', 0, frame, 0);
    return Array.from({ length: batch.length }, (_, i) => ({
      offset: batch.offset(i),
      key: batch.key(i),
      at: batch.time(i),
      value: batch.bytes.toString('utf8', batch.start(i), batch.end(i)),
    }));
  });
}

describe('stage and frames', () => {
  it('give back exactly what was staged, one by one or in batches, whatever is between the values', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 300 }), fc.nat(1_000), fc.nat(12), (list, base, gap) => {
        const sorted = list.toSorted((a, b) => a.at - b.at);
        const at = sorted[0]?.at ?? 0;
        const stage = new Stage();
        for (const { key, at: time, value } of sorted) stage.add(key, time, Buffer.from(`?${value}`), 1, 1 + Buffer.byteLength(value));
        const one = readBack(stage.seal(base));
        expect(one).toEqual(sorted.map((r, i) => ({ ...r, offset: base + i })));

        const parts = sorted.map(({ value }) => Buffer.from(value + '\n'.repeat(gap)));
        const ends: number[] = [];
        for (const part of parts) ends.push((ends.at(-1) ?? -gap) + gap + part.length - gap);
        const starts = ends.map((end, i) => end - (parts[i]?.length ?? 0) + gap);
        stage.addAll({ length: parts.length, bytes: Buffer.concat(parts), keys: sorted.map((r) => r.key), starts, ends }, at);
        expect(readBack(stage.seal(0)).map(({ key, value }) => ({ key, value }))).toEqual(sorted.map(({ key, value }) => ({ key, value })));
      }),
      { numRuns: 100 },
    );
  });

  it('cuts frames so that none is larger than its limits unless a single record is', () => {
    const stage = new Stage();
    for (let i = 0; i < MAX_FRAME_RECORDS + 5; i += 1) stage.add(i, 1, Buffer.from('x'), 0, 1);
    stage.add(1, 1, Buffer.alloc(MAX_FRAME_BYTES + 1), 0, MAX_FRAME_BYTES + 1);
    stage.add(2, 1 + 2 ** 33, Buffer.from('far later'), 0, 9);
    const frames = stage.seal(10);
    expect(frames.map(recordsOf)).toEqual([MAX_FRAME_RECORDS, 5, 1, 1]);
    expect(readBack(frames).map((r) => r.offset)).toEqual(Array.from({ length: MAX_FRAME_RECORDS + 7 }, (_, i) => 10 + i));
    expect(stage.count).toBe(0);
  });

  const staged = (...records: readonly (readonly [at: number, bytes: number])[]): Stage => {
    const stage = new Stage();
    for (const [at, bytes] of records) stage.add(1, at, Buffer.alloc(bytes, 'x'), 0, bytes);
    return stage;
  };

  it('cuts exactly at the limit, header and columns included, and starts a new frame after it', () => {
    // 32 bytes of head, 16 for each record.
    const three = 32 + 3 * 16 + 60;
    expect(
      staged([1, 10], [1, 20], [1, 30])
        .seal(0, three)
        .map((frame) => frame.length),
    ).toEqual([three]);
    expect(
      staged([1, 10], [1, 20], [1, 30])
        .seal(0, three - 1)
        .map(recordsOf),
    ).toEqual([2, 1]);
    expect(
      staged([1, 30], [1, 30], [1, 30], [1, 0])
        .seal(0, 32 + 2 * 16 + 60)
        .map(recordsOf),
    ).toEqual([2, 2]);
    expect(
      staged([1, 30], [1, 30], [1, 7])
        .seal(0, 32 + 2 * 16 + 60)
        .map((frame) => frame.length),
    ).toEqual([32 + 2 * 16 + 60, 32 + 16 + 7]);
    expect(staged([1, 99], [1, 99]).seal(0, 1).map(recordsOf)).toEqual([1, 1]);
    const whole = MAX_FRAME_BYTES - 32 - 2 * 16;
    expect(
      staged([1, whole - 1], [1, 1])
        .seal(0)
        .map(recordsOf),
    ).toEqual([2]);
    expect(staged([1, whole], [1, 1]).seal(0).map(recordsOf)).toEqual([1, 1]);
    expect(staged().seal(0)).toEqual([]);
  });

  it('cuts where a time is too far from the first one of the frame to be stored', () => {
    const most = 2 ** 32 - 1;
    expect(
      staged([5, 1], [6, 1], [5 + most, 1])
        .seal(0)
        .map(recordsOf),
    ).toEqual([3]);
    const frames = staged([5, 1], [6, 1], [6 + most, 1], [7 + most, 1]).seal(0);
    expect(frames.map(recordsOf)).toEqual([2, 2]);
    expect(readBack(frames).map(({ at }) => at)).toEqual([5, 6, 6 + most, 7 + most]);
  });

  it('also copies the bytes between values that are close together, but not long stretches', () => {
    const bytesOf = (gap: number, order: readonly number[] = [0, 1]): number => {
      const stage = new Stage();
      const starts = order.map((i) => 3 + i * (4 + gap));
      const ends = starts.map((start) => start + 4);
      stage.addAll({ length: 2, bytes: Buffer.alloc(100), keys: [1, 2], starts, ends }, 1);
      expect(stage.count).toBe(2);
      return stage.bytes;
    };
    const columns = 2 * 16;
    // Eight bytes for each record.
    expect([bytesOf(0), bytesOf(1), bytesOf(16), bytesOf(17)]).toEqual([columns + 8, columns + 9, columns + 24, columns + 8]);
    expect(bytesOf(1, [1, 0])).toBe(columns + 8);
  });

  it('keeps values that are the same bytes, or overlap, as they are', () => {
    const stage = new Stage();
    const bytes = Buffer.from('abcdef');
    stage.add(9, 1, bytes, 5, 6);
    stage.addAll({ length: 3, bytes, keys: [1, 2, 3], starts: [1, 2, 0], ends: [4, 5, 1] }, 7);
    stage.addAll({ length: 2, bytes, keys: [4, 5], starts: [2, 4], ends: [4, 6] }, 8);
    expect(readBack(stage.seal(3))).toEqual([
      { offset: 3, key: 9, at: 1, value: 'f' },
      { offset: 4, key: 1, at: 7, value: 'bcd' },
      { offset: 5, key: 2, at: 7, value: 'cde' },
      { offset: 6, key: 3, at: 7, value: 'a' },
      { offset: 7, key: 4, at: 8, value: 'cd' },
      { offset: 8, key: 5, at: 8, value: 'ef' },
    ]);
  });

  it('grows as needed, keeps everything, and is empty afterwards', () => {
    const stage = new Stage();
    const value = Buffer.alloc(200, 'v');
    for (let i = 0; i < 256; i += 1) stage.add(i, i, value, 0, 200);
    const keys = Array.from({ length: 300 }, (_, i) => 256 + i);
    const starts = keys.map((_, i) => i * 200);
    stage.addAll({ length: 300, bytes: Buffer.alloc(60_000, 'w'), keys, starts, ends: starts.map((start) => start + 200) }, 300);
    expect([stage.count, stage.bytes]).toEqual([556, 556 * 216]);
    const records = readBack(stage.seal(0));
    expect(records).toEqual(
      Array.from({ length: 556 }, (_, i) => ({ offset: i, key: i, at: i < 256 ? i : 300, value: (i < 256 ? 'v' : 'w').repeat(200) })),
    );
    expect([stage.count, stage.bytes, stage.seal(0)]).toEqual([0, 0, []]);
  });

  it('notices any flipped bit and a frame in the wrong place', () => {
    const stage = new Stage();
    stage.add(7, 1_000, Buffer.from('value'), 0, 5);
    const [frame] = stage.seal(3);
    if (!frame) throw new Error('no frame');
    expect(isIntact(frame, 3)).toBe(true);
    expect(isIntact(frame, 4)).toBe(false);
    expect(isIntact(frame.subarray(0, 20), 3)).toBe(false);
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const damaged = Buffer.from(frame);
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(isIntact(damaged, 3)).toBe(false);
    }
  });
});
