import { createHash } from 'node:crypto';
import type { Directory } from '../../processor/response/directory/port.ts';

/**
 * Where every sensor is, for the map, in the order of their ids. Bytes: for each sensor, in one block per column: id (uint32), longitude and
 * latitude (each 3 bytes, the range 0..2^24-1 being -180..180 and -90..90), all little-endian. 10 bytes a sensor.
 */
export interface PlacesFile {
  readonly count: number;
  /** Of the content: the file of a hash never changes. */
  readonly hash: string;
  readonly bytes: Buffer;
}

export const BYTES_PER_PLACE = 10;
const SCALE = 2 ** 24 - 1;

export async function readPlaces(directory: Directory): Promise<PlacesFile> {
  let capacity = 65_536;
  let count = 0;
  let ids = new Uint32Array(capacity);
  let axes = new Float64Array(capacity * 2);
  for await (const batch of directory.places()) {
    if (count + batch.length > capacity) {
      capacity = Math.max(capacity * 2, count + batch.length);
      const [moreIds, moreAxes] = [new Uint32Array(capacity), new Float64Array(capacity * 2)];
      moreIds.set(ids.subarray(0, count));
      moreAxes.set(axes.subarray(0, count * 2));
      [ids, axes] = [moreIds, moreAxes];
    }
    for (const { sensor, longitude, latitude } of batch) {
      ids[count] = sensor;
      axes[count * 2] = longitude;
      axes[count * 2 + 1] = latitude;
      count += 1;
    }
  }
  const bytes = pack(ids, axes, orderOf(ids, count));
  return { count, bytes, hash: createHash('sha256').update(bytes).digest('base64url').slice(0, 22) };
}

/** Places of sensors in the order of their ids; a directory may give them in any. */
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
