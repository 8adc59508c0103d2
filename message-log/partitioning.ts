import { decimalInto } from '../records/key-text.ts';

/**
 * The partition of a sensor: murmur2 of the id as decimal text, as Kafka's Java clients hash a string key, so that other tools agree.
 * `key` is an integer from 0 to 2^31-1.
 */
export function partitionOf(key: number, partitions: number): number {
  return partitions === 1 ? 0 : (murmur2(DIGITS, decimalInto(DIGITS, key)) & 0x7f_ff_ff_ff) % partitions;
}

const DIGITS = new Uint8Array(16);
const M = 0x5b_d1_e9_95;
const SEED = 0x97_47_b2_8c;

/** Kafka's variant of the hash, of the first `length` bytes; a signed 32-bit integer. */
export function murmur2(data: Uint8Array, length: number): number {
  let h = SEED ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k = (data[i] as number) | ((data[i + 1] as number) << 8) | ((data[i + 2] as number) << 16) | ((data[i + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length - i;
  if (rest === 3) h ^= (data[i + 2] as number) << 16;
  if (rest >= 2) h ^= (data[i + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (data[i] as number), M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}
