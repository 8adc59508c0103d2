/** Keeps the stored states of resting sensors as bytes until somebody asks for them: as objects they take twice as much memory, and the time to make them. */
import type { Twice } from './resting-state.ts';

/** An entry: id of the sensor i32, length of its bytes u32, and where others are to be put in a second time: from u32, to u32, length u32. */
const HEADER_BYTES = 20;
const AT = { sensor: 0, length: 4, first: 8, second: 12, copied: 16 };
/** Entries begin at multiples of this, so that a small integer says where. */
const ALIGNED = 8;
const CHUNK_BYTES = 256 * 1024;
/** What remains of a chunk is moved on once it is less than this. */
const KEPT_MIN = CHUNK_BYTES / 4;
/** A longer state is no worse as objects. */
export const RESTING_BYTES_MAX = 16 * 1024;

interface Chunk {
  readonly bytes: Buffer;
  end: number;
  /** Bytes of entries that are still of use. */
  live: number;
}

export class RestingSensors {
  readonly #places = new Map<number, number>();
  readonly #chunks = new Map<number, Chunk>();
  #current = -1;

  get size(): number {
    return this.#places.size;
  }

  /** Memory for the states, without that for their places. */
  get bytes(): number {
    return this.#chunks.size * CHUNK_BYTES;
  }

  /** A state, of at most RESTING_BYTES_MAX bytes; `twice`: bytes that are kept once. It must be in ASCII. The sensor must not have one here. */
  add(sensor: number, state: Buffer, twice: Twice | undefined): void {
    const { first = 0, second = state.length, length = 0 } = twice ?? {};
    const kept = state.length - length;
    const [number, chunk] = this.#chunkFor(HEADER_BYTES + kept);
    const { bytes, end } = chunk;
    bytes.writeInt32LE(sensor, end + AT.sensor);
    bytes.writeUInt32LE(kept, end + AT.length);
    bytes.writeUInt32LE(first, end + AT.first);
    bytes.writeUInt32LE(second, end + AT.second);
    bytes.writeUInt32LE(length, end + AT.copied);
    const at = end + HEADER_BYTES;
    state.copy(bytes, at, 0, second);
    state.copy(bytes, at + second, second + length);
    this.#appended(sensor, number, chunk, HEADER_BYTES + kept);
  }

  /** Removes and returns the state of a sensor; undefined: there is none. */
  take(sensor: number): string | undefined {
    const place = this.#places.get(sensor);
    if (place === undefined) return undefined;
    this.#places.delete(sensor);
    const [number, offset] = [Math.floor((place * ALIGNED) / CHUNK_BYTES), (place * ALIGNED) % CHUNK_BYTES];
    const chunk = this.#chunks.get(number) as Chunk;
    const { bytes } = chunk;
    const at = offset + HEADER_BYTES;
    const kept = bytes.readUInt32LE(offset + AT.length);
    const [from, to] = [at + bytes.readUInt32LE(offset + AT.first), at + bytes.readUInt32LE(offset + AT.second)];
    const copied = bytes.readUInt32LE(offset + AT.copied);
    const state =
      bytes.toString('latin1', at, to) + bytes.toString('latin1', from, from + copied) + bytes.toString('latin1', to, at + kept);
    chunk.live -= spaceFor(HEADER_BYTES + kept);
    if (number !== this.#current && chunk.live < KEPT_MIN) this.#moveOn(number, chunk);
    return state;
  }

  #chunkFor(length: number): [number, Chunk] {
    const current = this.#chunks.get(this.#current);
    if (current && current.end + length <= CHUNK_BYTES) return [this.#current, current];
    let number = this.#current + 1;
    while (this.#chunks.has(number)) number += 1;
    const chunk = { bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES), end: 0, live: 0 };
    this.#chunks.set(number, chunk);
    this.#current = number;
    return [number, chunk];
  }

  #appended(sensor: number, number: number, chunk: Chunk, length: number): void {
    this.#places.set(sensor, (number * CHUNK_BYTES + chunk.end) / ALIGNED);
    chunk.end += spaceFor(length);
    chunk.live += spaceFor(length);
  }

  #moveOn(number: number, { bytes, end }: Chunk): void {
    this.#chunks.delete(number);
    for (let offset = 0, next = 0; offset < end; offset = next) {
      const length = HEADER_BYTES + bytes.readUInt32LE(offset + AT.length);
      next = offset + spaceFor(length);
      const sensor = bytes.readInt32LE(offset + AT.sensor);
      if (this.#places.get(sensor) !== (number * CHUNK_BYTES + offset) / ALIGNED) continue;
      const [to, chunk] = this.#chunkFor(length);
      bytes.copy(chunk.bytes, chunk.end, offset, offset + length);
      this.#appended(sensor, to, chunk, length);
    }
  }
}

function spaceFor(length: number): number {
  return Math.ceil(length / ALIGNED) * ALIGNED;
}
