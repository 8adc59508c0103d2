/** White space as people write it, which is more than JSON allows: that of JavaScript's \s, in UTF-8. */

const SPACE = 0x20;
const COMMA = 0x2c;

/** How many bytes the white space at `i` has; 0: there is none. */
export function spaceAt(bytes: Buffer, i: number, end: number): number {
  if (i >= end) return 0;
  const first = bytes[i] as number;
  if (first < 0x80) return first === SPACE || (first >= 0x09 && first <= 0x0d) ? 1 : 0;
  const second = bytes[i + 1];
  if (first === 0xc2) return second === 0xa0 ? 2 : 0;
  return isWide(first, second, bytes[i + 2] as number) ? 3 : 0;
}

function isWide(first: number, second: number | undefined, third: number): boolean {
  switch (first) {
    case 0xe1:
      return second === 0x9a && third === 0x80;
    case 0xe2:
      if (second === 0x81) return third === 0x9f;
      return second === 0x80 && (third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf);
    case 0xe3:
      return second === 0x80 && third === 0x80;
    case 0xef:
      return second === 0xbb && third === 0xbf;
    default:
      return false;
  }
}

/** Index of the first byte from `start` on that isn't white space, or `end`. */
export function skipWideSpace(bytes: Buffer, start: number, end: number): number {
  return start >= end || isInk(bytes[start] as number) ? start : afterWideSpace(bytes, start, end);
}

/** Whether it is a character of ASCII that isn't white space, as nearly all are that this file looks at. */
function isInk(byte: number): boolean {
  return byte > SPACE && byte < 0x80;
}

function afterWideSpace(bytes: Buffer, start: number, end: number): number {
  let i = start;
  for (let length = spaceAt(bytes, i, end); length > 0; length = spaceAt(bytes, i, end)) i += length;
  return i;
}

/** The same for white space and commas. */
export function skipSpaceAndCommas(bytes: Buffer, start: number, end: number): number {
  let i = skipWideSpace(bytes, start, end);
  while (i < end && bytes[i] === COMMA) i = skipWideSpace(bytes, i + 1, end);
  return i;
}

/** End of the range without its trailing white space. */
export function trimWideEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  for (;;) {
    if (at > start && isInk(bytes[at - 1] as number)) return at;
    if (at > start && spaceAt(bytes, at - 1, at) === 1) at -= 1;
    else if (at - 2 >= start && spaceAt(bytes, at - 2, at) === 2) at -= 2;
    else if (at - 3 >= start && spaceAt(bytes, at - 3, at) === 3) at -= 3;
    else return at;
  }
}
