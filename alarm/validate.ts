/** The slow half of decoding: JSON.parse and one check per field, with a reason in plain words. It decides what is valid. */
import { parseIsoTime, TIME_MAX } from './sensor-time.ts';
import { type Recovery, SENSOR_ID_MAX, STATUS_BYTES_MAX, type Status } from './status.ts';

const DEPTH_MAX = 32;

const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** An object of JSON, of which these fields matter. */
type Fields = { readonly [name in keyof Status]?: unknown };

/** Fills `into`; answers undefined, or what is wrong. */
export function parseStatus(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
  const fields = parseObject(bytes, start, end);
  if (typeof fields === 'string') return fields;
  return (
    readId(fields, into) ??
    readBoolean(fields, 'motion', into) ??
    readBoolean(fields, 'smoke', into) ??
    readTemperature(fields, 'temperature', into) ??
    readTemperature(fields, 'maxTemperature', into) ??
    readTime(fields, into) ??
    readSeq(fields, into)
  );
}

/** The same for a recovery, of which only the id has to be right. */
export function parseRecovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
  const fields = parseObject(bytes, start, end);
  if (typeof fields === 'string') return fields;
  readTime(fields, into);
  return readId(fields, into);
}

function parseObject(bytes: Buffer, start: number, end: number): Fields | string {
  if (end - start > STATUS_BYTES_MAX) return `longer than ${STATUS_BYTES_MAX} bytes`;
  if (isTooDeep(bytes, start, end)) return `nested deeper than ${DEPTH_MAX} levels`;
  let text: string;
  try {
    text = utf8.decode(bytes.subarray(start, end));
  } catch {
    return 'not valid UTF-8';
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : 'must be a JSON object';
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

/** A finite number, as a JSON number or as a string that holds one; NaN for anything else. */
function numberIn(value: unknown): number {
  const number = typeof value === 'string' && JSON_NUMBER.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : Number.NaN;
}

function readId(fields: Fields, into: { id: number }): string | undefined {
  if (fields.id === undefined) return 'id is missing';
  const id = numberIn(fields.id);
  if (!Number.isInteger(id) || id < 0 || id > SENSOR_ID_MAX) return `id must be a whole number from 0 to ${SENSOR_ID_MAX}`;
  into.id = id + 0;
  return undefined;
}

function readBoolean(fields: Fields, name: 'motion' | 'smoke', into: Status): string | undefined {
  const value = fields[name];
  if (value === undefined) return `${name} is missing`;
  if (value !== true && value !== false && value !== 'true' && value !== 'false') return `${name} must be true or false`;
  into[name] = value === true || value === 'true';
  return undefined;
}

function readTemperature(fields: Fields, name: 'temperature' | 'maxTemperature', into: Status): string | undefined {
  if (fields[name] === undefined) return `${name} is missing`;
  const value = numberIn(fields[name]);
  if (Number.isNaN(value)) return `${name} must be a number`;
  into[name] = value;
  return undefined;
}

function readTime(fields: Fields, into: { at: number | undefined }): string | undefined {
  const value = fields.at;
  into.at = undefined;
  if (value === undefined) return undefined;
  const iso = typeof value === 'string' ? parseIsoTime(value) : undefined;
  const time = iso ?? numberIn(value);
  if (!(Math.abs(time) <= TIME_MAX)) return 'at must be a time: epoch ms, or ISO 8601 with a zone';
  into.at = time;
  return undefined;
}

function readSeq(fields: Fields, into: Status): string | undefined {
  into.seq = undefined;
  if (fields.seq === undefined) return undefined;
  const seq = numberIn(fields.seq);
  if (!Number.isSafeInteger(seq) || seq < 0) return `seq must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;
  into.seq = seq + 0;
  return undefined;
}
