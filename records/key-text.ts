/** Writes a key's decimal digits, which are the key in Kafka, without making a string: this runs once per record. Returns the number of digits. */
export function decimalInto(digits: Uint8Array, key: number): number {
  let length = 1;
  for (let bound = 10; key >= bound; bound *= 10) length += 1;
  let rest = key;
  for (let i = length - 1; i >= 0; i -= 1) {
    const next = Math.floor(rest / 10);
    digits[i] = 48 + rest - next * 10;
    rest = next;
  }
  return length;
}
