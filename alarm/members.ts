/** Finds the statuses in a batch, without looking into them. Large batches are visited in several goes. */
import { skipSpace, trimEnd } from './bytes.ts';
import { isJson } from './json-syntax.ts';
import { STATUS_BYTES_MAX, statusOf } from './status.ts';
import { readUsualForm } from './usual-form.ts';

// Not imported: the engine inlines only constants of the same module.
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Returns false to end the visit, or this go of it. `mayBeUsual`: false if what is in the range isn't in usual form, not even its beginning. */
export type Visit = (start: number, end: number, mayBeUsual: boolean) => unknown;

/** How far the visits of a batch have got. */
export class Progress {
  /** What is next: the end of the member that was visited last, or in a batch of lines the next one; undefined: the beginning. */
  next: number | undefined;
  /** Whether the end of the array has been found. */
  ended = false;
  /** Why the batch is not an array. */
  problem: string | undefined;
  /** How many members have been looked at again, and how many bytes. */
  unsure = 0;
  unsureBytes = 0;

  begin(): void {
    this.next = undefined;
    this.ended = false;
    this.problem = undefined;
    this.unsure = 0;
    this.unsureBytes = 0;
  }
}

const NOT_AN_ARRAY = 'not a JSON array';
const NONE = -1;
/** The end of a member isn't searched for beyond this: it is too long for a status anyway. */
const MEMBER_BYTES_MAX = 2 * STATUS_BYTES_MAX;
/** At most this many members of an array are looked at again; a sender of more doesn't send statuses. */
const UNSURE_MAX = 100;
/** Looking again may read this many bytes, plus the body this many times: it must not cost much more than reading the body. */
const UNSURE_BYTES_MAX = 64 * 1024;
const UNSURE_TIMES_MAX = 2;

/**
 * Visits the byte range of each member of a JSON array. Returns undefined, or why it is not an array; members that can be told apart are visited in
 * any case, since a fault in one sensor's status must not hide another's. Extra commas are ignored. Apart from these, the array is valid JSON exactly
 * if this returns undefined and every member visited is valid JSON.
 */
export function forEachMember(bytes: Buffer, start: number, end: number, visit: Visit, progress = new Progress()): string | undefined {
  let i = progress.next === undefined ? firstMember(bytes, start, end) : afterMember(bytes, progress.next, start, end, progress);
  if (i === NONE) return NOT_AN_ARRAY;
  const unsureBytesMax = UNSURE_TIMES_MAX * (end - start) + UNSURE_BYTES_MAX;
  while (i < end && !progress.ended) {
    const limit = Math.min(end, i + MEMBER_BYTES_MAX);
    let memberEnd = endOfMember(bytes, i, limit);
    // If a quote is missing, the text between two members looks like a string, and the two like one member, or like one without end.
    if (memberEnd >= limit || (bracesQuoted && progress.unsure < UNSURE_MAX && !isJson(bytes, i, memberEnd))) {
      progress.unsure += 1;
      progress.unsureBytes += memberEnd - i;
      const mayLook = progress.unsure <= UNSURE_MAX && progress.unsureBytes <= unsureBytesMax;
      const seen = mayLook ? lookAgain(bytes, i, memberEnd < limit ? memberEnd : end, end) : undefined;
      if (memberEnd >= limit && seen === undefined) break;
      memberEnd = Math.min(seen ?? memberEnd, memberEnd < limit ? memberEnd : end);
    }
    const trimmed = trimEnd(bytes, i, memberEnd);
    // A comma after the last member leaves an empty one.
    if (trimmed > i && visit(i, trimmed, mayBeUsual) === false) {
      progress.next = memberEnd;
      return progress.problem;
    }
    i = afterMember(bytes, memberEnd, start, end, progress);
  }
  if (!progress.ended) progress.problem ??= `${NOT_AN_ARRAY}: it doesn't end`;
  return progress.problem;
}

/** Where the next member begins after one that ended at `memberEnd`. */
function afterMember(bytes: Buffer, memberEnd: number, start: number, end: number, progress: Progress): number {
  const next = skipSpace(bytes, memberEnd + 1, end);
  if (memberEnd >= end) return end;
  if (bytes[memberEnd] === CLOSE_BRACE) progress.problem ??= `${NOT_AN_ARRAY}: unexpected } at byte ${memberEnd - start}`;
  else if (bytes[memberEnd] === CLOSE_BRACKET) {
    progress.ended = true;
    if (next < end) progress.problem ??= `${NOT_AN_ARRAY}: something follows its end`;
  }
  return next;
}

/** Where the first member begins; NONE: it is no array. */
function firstMember(bytes: Buffer, start: number, end: number): number {
  const i = skipSpace(bytes, start, end);
  return i < end && bytes[i] === OPEN_BRACKET ? skipSpace(bytes, i + 1, end) : NONE;
}

/** The end of a member whose quotes or brackets don't match: by its braces alone, else where the next one seems to begin, before `limit`. */
function lookAgain(bytes: Buffer, start: number, limit: number, end: number): number | undefined {
  return endByBraces(bytes, start, Math.min(end, start + MEMBER_BYTES_MAX)) ?? endByLooks(bytes, start, limit, end);
}

/** Where the braces of an object match, ignoring quotes, if what follows looks like the end of a member. */
function endByBraces(bytes: Buffer, start: number, end: number): number | undefined {
  let depth = 0;
  for (let i = start; i < end && (depth > 0 || i === start); i++) {
    if (bytes[i] === OPEN_BRACE) depth++;
    else if (bytes[i] === CLOSE_BRACE && --depth === 0) {
      const next = skipSpace(bytes, i + 1, end);
      if (next === end || bytes[next] === COMMA || bytes[next] === CLOSE_BRACKET) return next;
    }
  }
  return undefined;
}

/** A comma before an object, which never stands between the members of an object, or the end of the array. */
function endByLooks(bytes: Buffer, start: number, limit: number, end: number): number | undefined {
  for (let i = start; i < limit; i++) {
    if (bytes[i] === COMMA && bytes[skipSpace(bytes, i + 1, end)] === OPEN_BRACE) return i;
    if (bytes[i] === CLOSE_BRACKET && skipSpace(bytes, i + 1, end) === end) return i;
  }
  return undefined;
}

/** Whether a string of the member whose end was last looked for had a brace in it. */
let bracesQuoted = false;

/** Index of the comma or bracket that ends the member which begins at `start`; `end` if there is none. */
function endOfMember(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  bracesQuoted = false;
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

/** Whether the member or line whose end was last looked for may be in usual form, or begin so. */
let mayBeUsual = false;
const scratch = statusOf(new Float64Array(4), 0);

/** The end of the status at `start` if it is in usual form, which saves looking at every byte; else `start`. */
function afterUsualForm(bytes: Buffer, start: number, end: number): number {
  const after = readUsualForm(bytes, start, scratch);
  mayBeUsual = after !== NONE;
  return after > 0 && after <= end ? after : start;
}

function closingQuote(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i;
    if (byte < BACKSLASH) continue;
    if (byte === BACKSLASH) i++;
    else if (byte === OPEN_BRACE || byte === CLOSE_BRACE) bracesQuoted = true;
  }
  return end;
}

/** Visits each line that isn't blank, without its line end and surrounding white space. */
export function forEachLine(bytes: Buffer, start: number, end: number, visit: Visit, progress = new Progress()): void {
  let i = progress.next ?? start;
  while (i < end) {
    let lineEnd = afterUsualForm(bytes, i, end);
    while (lineEnd < end && bytes[lineEnd] !== LINE_FEED) lineEnd++;
    const first = (bytes[i] as number) > SPACE ? i : skipSpace(bytes, i, lineEnd);
    const last = trimEnd(bytes, first, lineEnd);
    const mayBe = mayBeUsual || first > i;
    i = lineEnd + 1;
    if (last > first && visit(first, last, mayBe) === false) break;
  }
  progress.next = i;
}
