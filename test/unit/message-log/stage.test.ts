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
  it('give back exactly what was staged, one by one or in batches, whatever lies between the values', () => {
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
