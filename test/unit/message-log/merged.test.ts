import { describe, expect, it } from 'vitest';
import { baseOf, FrameBatch, isIntact, MAX_FRAME_RECORDS, recordsOf } from '../../../message-log/embedded/frame.ts';
import { merged } from '../../../message-log/embedded/merged.ts';
import { Stage } from '../../../message-log/embedded/stage.ts';

const KIB = 1024;

/** A frame of records with that time, each with its number as the key. */
function frame(base: number, { records = 1, bytes = 10, at = 1_000 } = {}): Buffer {
  const stage = new Stage();
  for (let i = 0; i < records; i += 1) stage.add(base + i, at, Buffer.alloc(bytes, base + i), 0, bytes);
  return stage.seal(base)[0] as Buffer;
}

/** A frame of exactly that length. */
const ofLength = (base: number, length: number): Buffer => frame(base, { bytes: length - 48 });

const merge = (...frames: Buffer[]): Buffer[] => merged('OK', 3, frames, 1_000);
const placesOf = (frames: readonly Buffer[]) => frames.map((bytes) => [baseOf(bytes), recordsOf(bytes)]);

describe('small frames of a partition', () => {
  it('are merged into one with all their records at the same offsets', () => {
    const [one, ...others] = merge(frame(7, { records: 2 }), frame(9, { at: 1_500 }), frame(10, { records: 3, at: 2_000 }));
    expect(others).toEqual([]);
    if (!one) throw new Error('no frame');
    expect(isIntact(one, 7)).toBe(true);
    const batch = new FrameBatch('OK', 3, one, 0);
    const records = Array.from({ length: batch.length }, (_, i) => [
      batch.offset(i),
      batch.key(i),
      batch.time(i),
      batch.bytes.subarray(batch.start(i), batch.end(i)).toString('hex'),
    ]);
    const bytes = (n: number) => Buffer.alloc(10, n).toString('hex');
    const at = [1_000, 1_000, 1_500, 2_000, 2_000, 2_000];
    expect(records).toEqual(at.map((time, i) => [7 + i, 7 + i, time, bytes(7 + i)]));
  });

  it('stay as they are if they are alone, large, or old', () => {
    const alone = frame(5);
    expect(merge(alone)[0]).toBe(alone);
    expect(merge()).toEqual([]);
    const between = [frame(1), ofLength(2, 64 * KIB), frame(3)];
    expect(merge(...between).every((bytes, i) => bytes === between[i])).toBe(true);
    const old = [frame(1, { at: 999 }), frame(2, { at: 999 }), frame(3), frame(4)];
    expect(placesOf(merge(...old))).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
  });

  it('are smaller than 64 KiB, and are gathered until there are 192 KiB', () => {
    const just = 64 * KIB - 1;
    expect(placesOf(merge(ofLength(0, just), ofLength(1, just), ofLength(2, just), ofLength(3, 100), ofLength(4, 100)))).toEqual([
      [0, 4],
      [4, 1],
    ]);
    const exactly = [ofLength(0, just), ofLength(1, just), ofLength(2, just - 97), ofLength(3, 100), ofLength(4, 100)];
    expect(placesOf(merge(...exactly))).toEqual([
      [0, 4],
      [4, 1],
    ]);
  });

  it('are never joined across a gap, nor beyond the maximum of records in a frame', () => {
    expect(placesOf(merge(frame(0), frame(1), frame(3), frame(4)))).toEqual([
      [0, 2],
      [3, 2],
    ]);
    const quarter = { records: MAX_FRAME_RECORDS / 4, bytes: 0 };
    const quarters = [0, 1, 2, 3].map((n) => frame((n * MAX_FRAME_RECORDS) / 4, quarter));
    const [next, more] = [frame(MAX_FRAME_RECORDS), frame(MAX_FRAME_RECORDS + 1)];
    expect(placesOf(merge(...quarters, next, more))).toEqual([
      [0, MAX_FRAME_RECORDS],
      [MAX_FRAME_RECORDS, 2],
    ]);
    const thirds = [0, 3_000, 6_000].map((base) => frame(base, { records: 3_000, bytes: 0 }));
    expect(placesOf(merge(...thirds))).toEqual([
      [0, 6_000],
      [6_000, 3_000],
    ]);
  });
});
