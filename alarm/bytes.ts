const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** The four characters that JSON allows between its tokens. */
function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}

/** Index of the first byte from `i` on that isn't white space, or `end`. */
export function skipSpace(bytes: Buffer, i: number, end: number): number {
  let at = i;
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

/** End of the range without its trailing white space. */
export function trimEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1])) at--;
  return at;
}
