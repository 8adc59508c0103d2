/** 64-bit integers of the protocol as numbers: offsets and times stay below 2^53. */
const HIGH = 2 ** 32;

export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4);
}

export function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / HIGH), at);
  bytes.writeUInt32BE(((value % HIGH) + HIGH) % HIGH, at + 4);
}
