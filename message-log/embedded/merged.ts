import type { Topic } from '../../records/topics.ts';
import { baseOf, FrameBatch, lastTimeOf, MAX_FRAME_RECORDS, recordsOf } from './frame.ts';
import { Stage } from './stage.ts';

/** Frames smaller than this are merged into frames of about three times this size. */
const SMALL_BYTES = 64 * 1024;
const MERGED_BYTES = 192 * 1024;

/**
 * The frames of one partition, in order, with small neighbours merged. Frames written before `agedBefore`, epoch ms, stay as they are, so that retention
 * can remove each when it is due.
 */
export function merged(topic: Topic, partition: number, frames: readonly Buffer[], agedBefore: number): Buffer[] {
  const result: Buffer[] = [];
  for (let first = 0; first < frames.length; ) {
    let next = first + 1;
    if (isMergeable(frames[first] as Buffer, agedBefore)) {
      let [bytes, records] = [(frames[first] as Buffer).length, recordsOf(frames[first] as Buffer)];
      for (let frame = frames[next]; frame && bytes < MERGED_BYTES && isMergeable(frame, agedBefore); frame = frames[next]) {
        // Only a damaged entry of the journal leaves a gap.
        if (endOf(frames[next - 1] as Buffer) !== baseOf(frame) || records + recordsOf(frame) > MAX_FRAME_RECORDS) break;
        bytes += frame.length;
        records += recordsOf(frame);
        next += 1;
      }
    }
    result.push(...(next - first === 1 ? [frames[first] as Buffer] : oneOf(topic, partition, frames.slice(first, next))));
    first = next;
  }
  return result;
}

function oneOf(topic: Topic, partition: number, frames: readonly Buffer[]): Buffer[] {
  const stage = new Stage();
  for (const bytes of frames) {
    const batch = new FrameBatch(topic, partition, bytes, 0);
    for (let r = 0; r < batch.length; r += 1) stage.add(batch.key(r), batch.time(r), bytes, batch.start(r), batch.end(r));
  }
  return stage.seal(baseOf(frames[0] as Buffer));
}

function isMergeable(frame: Buffer, agedBefore: number): boolean {
  return frame.length < SMALL_BYTES && lastTimeOf(frame) >= agedBefore;
}

const endOf = (frame: Buffer): number => baseOf(frame) + recordsOf(frame);
