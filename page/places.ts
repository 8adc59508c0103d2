import { mercatorX, mercatorY } from './projection.ts';

export interface Places {
  readonly count: number;
  readonly ids: Uint32Array;
  /** Web Mercator, 0 to 1 from west to east and from north to south. */
  readonly x: Float32Array;
  readonly y: Float32Array;
}

const BYTES_PER_PLACE = 10;
const SCALE = 2 ** 24 - 1;

/** Reads the file of /api/places: ids, longitudes and latitudes, each in a block of its own. */
export function readPlaces(buffer: ArrayBuffer): Places {
  const count = Math.floor(buffer.byteLength / BYTES_PER_PLACE);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const ids = new Uint32Array(count);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const axis = (at: number): number => ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)) / SCALE;
  for (let i = 0; i < count; i += 1) {
    ids[i] = view.getUint32(i * 4, true);
    x[i] = mercatorX(axis(count * 4 + i * 3) * 360 - 180);
    y[i] = mercatorY(axis(count * 7 + i * 3) * 180 - 90);
  }
  return { count, ids, x, y };
}

/** Index of a sensor, or -1. A binary search, since the ids are sorted. */
export function indexOf({ ids }: Places, sensor: number): number {
  let low = 0;
  let high = ids.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const id = ids[middle] as number;
    if (id === sensor) return middle;
    if (id < sensor) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
