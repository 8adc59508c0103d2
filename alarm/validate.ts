/** The slow half of decoding: JSON.parse, after a repair where it takes one, and a look at each field. It decides what counts. */
import { AT, MAX_TEMPERATURE, MOTION, SEQ, SMOKE, TEMPERATURE } from './field-names.ts';
import { booleanIn, countIn, numberIn, timeIn } from './field-values.ts';
import { repairedObject } from './repair.ts';
import { type Recovery, SENSOR_ID_MAX, STATUS_BYTES_MAX, type Status } from './status.ts';

const DEPTH_MAX = 32;

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An object of JSON, of which these fields matter. */
type Fields = { readonly [name in keyof Status]?: unknown };

/** Fills `into`; answers undefined, or why it can't be taken. */
export function parseStatus(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
  const fields = parseObject(bytes, start, end, into);
  if (typeof fields === 'string') return fields;
  const id = countIn(fields.id, SENSOR_ID_MAX);
  if (id === undefined) return noId(fields);
  into.id = id;
  into.notReported = 0;
  into.unreadable = 0;
  into.motion = reported(booleanIn(fields.motion), fields.motion, MOTION, into) ?? false;
  into.smoke = reported(booleanIn(fields.smoke), fields.smoke, SMOKE, into) ?? false;
  into.temperature = reported(temperatureIn(fields.temperature), fields.temperature, TEMPERATURE, into) ?? Number.NaN;
  into.maxTemperature = reported(temperatureIn(fields.maxTemperature), fields.maxTemperature, MAX_TEMPERATURE, into) ?? Number.NaN;
  into.at = fields.at === undefined ? undefined : reported(timeIn(fields.at), fields.at, AT, into);
  into.seq = fields.seq === undefined ? undefined : reported(countIn(fields.seq, Number.MAX_SAFE_INTEGER), fields.seq, SEQ, into);
  if (into.repaired !== undefined && into.repaired.length > STATUS_BYTES_MAX) into.repaired = knownFieldsOf(into);
  return undefined;
}

/** The same for a recovery, of which only the id has to be right. */
export function parseRecovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
  const fields = parseObject(bytes, start, end, into);
  if (typeof fields === 'string') return fields;
  const id = countIn(fields.id, SENSOR_ID_MAX);
  if (id === undefined) return noId(fields);
  into.id = id;
  into.at = timeIn(fields.at);
  if (into.repaired !== undefined && into.repaired.length > STATUS_BYTES_MAX) {
    into.repaired = Buffer.from(JSON.stringify({ id: into.id, at: into.at }));
  }
  return undefined;
}

function noId({ id }: Fields): string {
  return id === undefined ? 'id is missing' : `id must be a whole number from 0 to ${SENSOR_ID_MAX}`;
}

function temperatureIn(value: unknown): number | undefined {
  const number = numberIn(value);
  return Number.isNaN(number) ? undefined : number;
}

/** What was `read` of a field's value; the field is marked where that is nothing. */
function reported<T>(read: T | undefined, value: unknown, field: number, into: Status): T | undefined {
  if (read === undefined) {
    into.notReported |= field;
    if (value !== undefined) into.unreadable |= field;
  }
  return read;
}

/** What is stored where a repair has made the bytes more than a status may have. */
function knownFieldsOf(status: Status): Buffer {
  const value = <T>(field: number, read: T): T | null | undefined => {
    if ((status.notReported & field) === 0) return read;
    return (status.unreadable & field) === 0 ? undefined : null;
  };
  return Buffer.from(
    JSON.stringify({
      id: status.id,
      motion: value(MOTION, status.motion),
      smoke: value(SMOKE, status.smoke),
      temperature: value(TEMPERATURE, status.temperature),
      maxTemperature: value(MAX_TEMPERATURE, status.maxTemperature),
      at: value(AT, status.at),
      seq: value(SEQ, status.seq),
    }),
  );
}

/** Says in `into` whether it took a repair. */
function parseObject(bytes: Buffer, start: number, end: number, into: { repaired: Buffer | undefined }): Fields | string {
  if (isTooDeep(bytes, start, end)) return `nested deeper than ${DEPTH_MAX} levels`;
  into.repaired = undefined;
  let value = parsed(textOf(bytes, start, end));
  if (value === undefined) {
    const json = repaired(bytes, start, end);
    if (json === undefined) return 'not valid JSON';
    value = parsed(json);
    into.repaired = Buffer.from(json);
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'must be a JSON object';
}

/** Without a byte order mark, and what else isn't text at either end, such as the zero that ends a text in C. */
function repaired(bytes: Buffer, start: number, end: number): string | undefined {
  let first = start;
  let last = end;
  if (bytes.subarray(start, end).indexOf(BYTE_ORDER_MARK) === 0) first += BYTE_ORDER_MARK.length;
  while (first < last && (bytes[first] as number) <= SPACE) first++;
  while (first < last && (bytes[last - 1] as number) <= SPACE) last--;
  // What isn't UTF-8 is most likely Latin-1, which gives every byte a character, so that none is lost.
  const text = textOf(bytes, first, last) ?? bytes.toString('latin1', first, last);
  return parsed(text) === undefined ? repairedObject(text) : text;
}

function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** undefined: it isn't JSON. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooDeep(bytes: Buffer, start: number, end: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > DEPTH_MAX) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return false;
}
