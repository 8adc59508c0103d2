import { createHash } from 'node:crypto';
import type { Place, PlacesPart } from '../../directory/port.ts';

/**
 * Where every sensor is, for the map, in order of their ids: one block per column, all little-endian. Ids (uint32), longitudes, latitudes (3 bytes
 * each, 0..2^24-1 for -180..180 and -90..90 degrees): 10 bytes per sensor.
 */
export interface PlacesFile {
  readonly count: number;
  /** Of the content: a file of the same hash never changes. */
  readonly hash: string;
  readonly bytes: Buffer;
  /** The sensors whose client has no place, in order of their ids: they aren't in `bytes`. */
  readonly unplaced: readonly number[];
}

export const BYTES_PER_PLACE = 10;
const SCALE = 2 ** 24 - 1;

/** Collects the parts that a directory yields. */
export class PlacesGathering {
  #capacity = 65_536;
  #count = 0;
  #ids = new Uint32Array(this.#capacity);
  #axes = new Float64Array(this.#capacity * 2);
  readonly #unplaced: number[] = [];

  add({ placed, unplaced }: PlacesPart): void {
    this.#makeRoom(placed.length);
    for (const place of placed) this.#put(place);
    for (const sensor of unplaced) this.#unplaced.push(sensor);
  }

  file(): PlacesFile {
    const bytes = pack(this.#ids, this.#axes, orderOf(this.#ids, this.#count));
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
    return { count: this.#count, bytes, hash, unplaced: this.#unplaced.toSorted((a, b) => a - b) };
  }

  #put({ sensor, longitude, latitude }: Place): void {
    this.#ids[this.#count] = sensor;
    this.#axes[this.#count * 2] = longitude;
    this.#axes[this.#count * 2 + 1] = latitude;
    this.#count += 1;
  }

  #makeRoom(more: number): void {
    if (this.#count + more <= this.#capacity) return;
    this.#capacity = Math.max(this.#capacity * 2, this.#count + more);
    const [ids, axes] = [new Uint32Array(this.#capacity), new Float64Array(this.#capacity * 2)];
    ids.set(this.#ids.subarray(0, this.#count));
    axes.set(this.#axes.subarray(0, this.#count * 2));
    [this.#ids, this.#axes] = [ids, axes];
  }
}

/** Indices of the places in order of their sensors' ids; a directory may yield them in any order. */
function orderOf(ids: Uint32Array, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const inOrder = order.every((i) => i === 0 || (ids[i - 1] ?? 0) < (ids[i] ?? 0));
  return inOrder ? order : order.sort((a, b) => (ids[a] ?? 0) - (ids[b] ?? 0));
}

function pack(ids: Uint32Array, axes: Float64Array, order: Uint32Array): Buffer {
  const count = order.length;
  const bytes = Buffer.alloc(count * BYTES_PER_PLACE);
  for (const [i, from] of order.entries()) {
    bytes.writeUInt32LE(ids[from] ?? 0, i * 4);
    bytes.writeUIntLE(scaled(axes[from * 2] ?? 0, 180), count * 4 + i * 3, 3);
    bytes.writeUIntLE(scaled(axes[from * 2 + 1] ?? 0, 90), count * 7 + i * 3, 3);
  }
  return bytes;
}

const scaled = (degrees: number, limit: number): number =>
  Math.round(((Math.min(limit, Math.max(-limit, degrees)) + limit) / (2 * limit)) * SCALE);

/** Not by length, since only one length is used. */
const coarseOf = new WeakMap<Buffer, Buffer>();

/** The same file with each place moved to the middle of its geohash cell. A geohash takes its bits from both axes in turn, longitude first. */
export function placesCoarse(file: Buffer, geohashLength: number): Buffer {
  const known = coarseOf.get(file);
  if (known) return known;
  const bits = 5 * geohashLength;
  const count = file.length / BYTES_PER_PLACE;
  const coarse = Buffer.from(file);
  for (let i = 0; i < count; i += 1) {
    middle(coarse, count * 4 + i * 3, Math.ceil(bits / 2));
    middle(coarse, count * 7 + i * 3, Math.floor(bits / 2));
  }
  coarseOf.set(file, coarse);
  return coarse;
}

function middle(bytes: Buffer, at: number, bits: number): void {
  const cell = 2 ** (24 - bits);
  bytes.writeUIntLE(Math.floor(bytes.readUIntLE(at, 3) / cell) * cell + cell / 2, at, 3);
}
