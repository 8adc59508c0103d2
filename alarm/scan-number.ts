const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const UNSURE = -1;

/** With up to this many digits the integer is exact, so that dividing it by a power of ten rounds only once, as it must. */
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX }, (_, i) => 10 ** i);

/** Holds the number that was read last. A typed array, since a returned double would be boxed. */
export const scanned = new Float64Array(1);

/**
 * Reads a JSON number of at most 15 digits into `scanned`; returns where it ends, or -1. It stops before an exponent, which no caller accepts as the
 * next character.
 */
export function readNumber(bytes: Buffer, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let value = 0;
  let dot = UNSURE;
  let i = first;
  for (; i < end; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === DOT - ZERO && dot === UNSURE) dot = i;
    else break;
  }
  const whole = (dot === UNSURE ? i : dot) - first;
  const decimals = dot === UNSURE ? 0 : i - dot - 1;
  if (whole === 0 || (whole > 1 && bytes[first] === ZERO) || (dot !== UNSURE && decimals === 0) || whole + decimals > DIGITS_MAX)
    return UNSURE;
  if (decimals > 0) value /= POWERS_OF_TEN[decimals] as number;
  scanned[0] = negative ? -value : value;
  return i;
}
