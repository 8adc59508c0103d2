/** How many bytes the character beyond ASCII at `i` has if it is well-formed UTF-8 that ends before `end`; 0: it isn't. */
function lengthAt(bytes: Buffer, i: number, end: number): number {
  const first = bytes[i] as number;
  const second = i + 1 < end ? (bytes[i + 1] as number) : 0;
  if (first < 0xc2 || !continues(second)) return 0;
  if (first < 0xe0) return 2;
  if (i + 2 >= end || !continues(bytes[i + 2] as number)) return 0;
  // Neither longer than need be nor half of a pair of UTF-16.
  if (first < 0xf0) return (first === 0xe0 && second < 0xa0) || (first === 0xed && second >= 0xa0) ? 0 : 3;
  if (first > 0xf4 || i + 3 >= end || !continues(bytes[i + 3] as number)) return 0;
  return (first === 0xf0 && second < 0x90) || (first === 0xf4 && second >= 0x90) ? 0 : 4;
}

function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Whether bytes[start, end) are UTF-8. Not by decoding them, which takes much longer for short texts. */
export function isUtf8(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; ) {
    if ((bytes[i] as number) < 0x80) {
      i += 1;
      continue;
    }
    const length = lengthAt(bytes, i, end);
    if (length === 0) return false;
    i += length;
  }
  return true;
}
