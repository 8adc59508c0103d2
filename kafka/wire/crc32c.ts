/** CRC-32C (Castagnoli), which Kafka's record batches carry; Node's zlib has only the other polynomial. */
const POLYNOMIAL = 0x82_f6_3b_78;

/** Slicing by eight: table k holds the checksum of a byte that k zero bytes follow. */
const TABLE = tables();

/** Checksum of bytes[from, to), as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  const t = TABLE;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = -1;
  let i = from;
  for (const end = to - 7; i < end; i += 8) {
    const low = words.getInt32(i, true) ^ crc;
    const high = words.getInt32(i + 4, true);
    crc =
      (t[0x700 | (low & 0xff)] as number) ^
      (t[0x600 | ((low >>> 8) & 0xff)] as number) ^
      (t[0x500 | ((low >>> 16) & 0xff)] as number) ^
      (t[0x400 | (low >>> 24)] as number) ^
      (t[0x300 | (high & 0xff)] as number) ^
      (t[0x200 | ((high >>> 8) & 0xff)] as number) ^
      (t[0x100 | ((high >>> 16) & 0xff)] as number) ^
      (t[high >>> 24] as number);
  }
  for (; i < to; i += 1) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}

function tables(): Int32Array {
  const t = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    t[byte] = crc;
  }
  for (let i = 256; i < t.length; i += 1) {
    const before = t[i - 256] as number;
    t[i] = (before >>> 8) ^ (t[before & 0xff] as number);
  }
  return t;
}
