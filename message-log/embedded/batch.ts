/**
 * What one commit changes, and its encoding in the journal: consecutive items, each with a head of 8 bytes, little-endian:
 *   kind u8 · topic u8 · partition, or length of the name in bytes u16 · length of the value in bytes u32
 */
import { rowOf, type Topic, topicOfId } from '../../records/topics.ts';
import { PermanentError } from '../../runtime/errors.ts';

export interface SealedFrame {
  readonly topic: Topic;
  readonly partition: number;
  readonly bytes: Buffer;
}

/** `value` undefined: the sensor's state is removed. */
export interface StateChange {
  readonly partition: number;
  readonly key: number;
  readonly value: Buffer | undefined;
}

export interface PositionChange {
  readonly name: string;
  readonly position: number;
}

export interface Batch {
  /** In order within each partition. */
  readonly frames: readonly SealedFrame[];
  readonly states: readonly StateChange[];
  readonly positions: readonly PositionChange[];
}

const HEAD_BYTES = 8;
const [FRAME, STATE, POSITION] = [1, 2, 3];
const GONE = 0xff_ff_ff_ff;
const KEY_BYTES = 4;
const POSITION_BYTES = 8;

/** The number of bytes that `encodeBatch` writes. */
export function encodedBytes({ frames, states, positions }: Batch): number {
  let bytes = 0;
  for (const frame of frames) bytes += HEAD_BYTES + frame.bytes.length;
  for (const { value } of states) bytes += HEAD_BYTES + KEY_BYTES + (value?.length ?? 0);
  for (const { name } of positions) bytes += HEAD_BYTES + Buffer.byteLength(name) + POSITION_BYTES;
  return bytes;
}

export function encodeBatch({ frames, states, positions }: Batch, to: Buffer): void {
  let at = 0;
  const head = (kind: number, topic: number, short: number, long: number): void => {
    to[at] = kind;
    to[at + 1] = topic;
    to.writeUInt16LE(short, at + 2);
    to.writeUInt32LE(long, at + 4);
    at += HEAD_BYTES;
  };
  for (const { topic, partition, bytes } of frames) {
    head(FRAME, rowOf(topic).id, partition, bytes.length);
    to.set(bytes, at);
    at += bytes.length;
  }
  for (const { partition, key, value } of states) {
    head(STATE, 0, partition, value?.length ?? GONE);
    at = to.writeUInt32LE(key, at);
    if (value) to.set(value, at);
    at += value?.length ?? 0;
  }
  for (const { name, position } of positions) {
    head(POSITION, 0, Buffer.byteLength(name), POSITION_BYTES);
    at += to.write(name, at);
    at = to.writeDoubleLE(position, at);
  }
}

/** Decodes an intact body; the frames are copies. Throws PermanentError `data-format` if a newer version of Tocsin wrote it. */
export function decodeBatch(body: Buffer): Batch {
  const [frames, states, positions]: [SealedFrame[], StateChange[], PositionChange[]] = [[], [], []];
  for (let at = 0; at < body.length; ) {
    const [kind, topic, short, long] = [body[at], body[at + 1] as number, body.readUInt16LE(at + 2), body.readUInt32LE(at + 4)];
    at += HEAD_BYTES;
    if (kind === FRAME) {
      frames.push({ topic: topicOf(topic), partition: short, bytes: copyOf(body, at, at + long) });
      at += long;
    } else if (kind === STATE) {
      const value = long === GONE ? undefined : copyOf(body, at + KEY_BYTES, at + KEY_BYTES + long);
      states.push({ partition: short, key: body.readUInt32LE(at), value });
      at += KEY_BYTES + (value?.length ?? 0);
    } else if (kind === POSITION) {
      positions.push({ name: body.toString('utf8', at, at + short), position: body.readDoubleLE(at + short) });
      at += short + POSITION_BYTES;
    } else throw newer(`items of kind ${kind}`);
  }
  return { frames, states, positions };
}

function topicOf(id: number): Topic {
  const topic = topicOfId(id);
  if (topic === undefined) throw newer(`records of topic ${id}`);
  return topic;
}

/** The body was acknowledged, so no item may be skipped or misread. */
function newer(found: string): PermanentError {
  return new PermanentError(
    'data-format',
    `the journal in the data folder has ${found}, which this version of Tocsin doesn't know: start the newer version that wrote it and shut it down properly before going back to this one`,
  );
}

/** Copies into memory of its own, since a frame's columns must be aligned to 4 bytes. */
function copyOf(from: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  from.copy(copy, 0, start, end);
  return copy;
}
