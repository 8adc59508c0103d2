/** Variable-length integers of record batches: zigzag, seven bits a byte, the lowest first. */

/** Encoded size in bytes of a 32-bit integer. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x40_00) return 2;
  if (zigzag < 0x20_00_00) return 3;
  return zigzag < 0x10_00_00_00 ? 4 : 5;
}

/** Returns the index after it. */
export function writeVarint(bytes: Uint8Array, value: number, at: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let i = at;
  for (; zigzag > 0x7f; zigzag >>>= 7) bytes[i++] = (zigzag & 0x7f) | 0x80;
  bytes[i++] = zigzag;
  return i;
}

/** For differences of times, which may exceed 32 bits. */
export function sizeOfVarlong(value: number): number {
  if (value === (value | 0)) return sizeOfVarint(value);
  let size = 1;
  for (let zigzag = value < 0 ? -2 * value - 1 : 2 * value; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) size += 1;
  return size;
}

export function writeVarlong(bytes: Uint8Array, value: number, at: number): number {
  if (value === (value | 0)) return writeVarint(bytes, value, at);
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  let i = at;
  for (; zigzag >= 0x80; zigzag = Math.floor(zigzag / 0x80)) bytes[i++] = (zigzag % 0x80) | 0x80;
  bytes[i++] = zigzag;
  return i;
}

/** Reads varints one after another. */
export class VarintReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** A 32-bit integer. */
  next(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    let zigzag = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = bytes[this.at++] as number;
      zigzag |= (byte & 0x7f) << shift;
    }
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** One of up to 53 bits. */
  nextLong(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    let zigzag = byte & 0x7f;
    for (let scale = 0x80; byte > 0x7f; scale *= 0x80) {
      byte = bytes[this.at++] as number;
      zigzag += (byte & 0x7f) * scale;
    }
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }
}
