/** Finds the statuses in a batch, without looking into them. */
import { skipSpace, trimEnd } from './bytes.ts';
import { emptyStatus } from './status.ts';
import { readUsualForm } from './usual-form.ts';

// The module's own, since the engine folds no others into its code.
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export type Visit = (start: number, end: number) => void;

const NOT_AN_ARRAY = 'not a JSON array';

/**
 * Visits the byte range of each member of a JSON array, and answers undefined, or why this is no array; some members may have been visited
 * before that shows. A comma too many is passed over; else the array is JSON exactly if this answers undefined and every member visited is.
 */
export function forEachMember(bytes: Buffer, start: number, end: number, visit: Visit): string | undefined {
  let i = skipSpace(bytes, start, end);
  if (i >= end || bytes[i] !== OPEN_BRACKET) return NOT_AN_ARRAY;
  i = skipSpace(bytes, i + 1, end);
  if (i < end && bytes[i] === CLOSE_BRACKET) return afterArray(bytes, i + 1, end);
  for (;;) {
    const memberEnd = endOfMember(bytes, i, end);
    if (memberEnd >= end) return `${NOT_AN_ARRAY}: it doesn't end`;
    const separator = bytes[memberEnd];
    if (separator === CLOSE_BRACE) return `${NOT_AN_ARRAY}: unexpected } at byte ${memberEnd - start}`;
    const trimmed = trimEnd(bytes, i, memberEnd);
    // Programs that put a comma behind each member leave nothing behind the last.
    if (trimmed > i) visit(i, trimmed);
    if (separator === CLOSE_BRACKET) return afterArray(bytes, memberEnd + 1, end);
    i = skipSpace(bytes, memberEnd + 1, end);
  }
}

function afterArray(bytes: Buffer, i: number, end: number): string | undefined {
  return skipSpace(bytes, i, end) === end ? undefined : `${NOT_AN_ARRAY}: something follows its end`;
}

/** Index of the comma or bracket that ends the member which begins at `start`; `end` if there is none. */
function endOfMember(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  for (let i = afterUsualForm(bytes, start, end); i < end; i++) {
    switch (bytes[i]) {
      case QUOTE:
        i = closingQuote(bytes, i + 1, end);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return i;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return i;
        break;
      default:
    }
  }
  return end;
}

const scratch = emptyStatus();

/** Past the status at `start`, if it is in usual form: it needs no look at every byte. Else `start`. */
function afterUsualForm(bytes: Buffer, start: number, end: number): number {
  const after = readUsualForm(bytes, start, scratch);
  return after > 0 && after <= end ? after : start;
}

function closingQuote(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end) {
    const byte = bytes[i];
    if (byte === QUOTE) return i;
    i += byte === BACKSLASH ? 2 : 1;
  }
  return end;
}

/** Visits each line that isn't blank, without its line end and surrounding white space. */
export function forEachLine(bytes: Buffer, start: number, end: number, visit: Visit): void {
  let i = start;
  while (i < end) {
    let lineEnd = afterUsualForm(bytes, i, end);
    while (lineEnd < end && bytes[lineEnd] !== LINE_FEED) lineEnd++;
    const first = (bytes[i] as number) > SPACE ? i : skipSpace(bytes, i, lineEnd);
    const last = trimEnd(bytes, first, lineEnd);
    if (last > first) visit(first, last);
    i = lineEnd + 1;
  }
}
