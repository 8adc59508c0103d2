/** What a valid status is, said a second time and as plainly as can be: the scanner has to agree with this. */
import type { Status } from '../../../alarm/status.ts';

export function specifiedStatus(bytes: Buffer): Status | undefined {
  const fields = object(bytes);
  if (fields === undefined || bytes.length > 4096) return undefined;
  const id = number(fields.id);
  const motion = boolean(fields.motion);
  const smoke = boolean(fields.smoke);
  const temperature = number(fields.temperature);
  const maxTemperature = number(fields.maxTemperature);
  if (id === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 31) return undefined;
  if (motion === undefined || smoke === undefined || temperature === undefined || maxTemperature === undefined) return undefined;
  const at = 'at' in fields ? time(fields.at) : undefined;
  if ('at' in fields && at === undefined) return undefined;
  const seq = 'seq' in fields ? number(fields.seq) : undefined;
  if ('seq' in fields && !(Number.isSafeInteger(seq) && (seq ?? -1) >= 0)) return undefined;
  return { id: Math.abs(id), motion, smoke, temperature, maxTemperature, at, seq: seq === undefined ? undefined : Math.abs(seq) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function object(bytes: Buffer): { [name in keyof Status]?: unknown } | undefined {
  const value = json(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > 32) return undefined;
  return value;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((depth, member) => Math.max(depth, depthOf(member)), 0);
}

/** A string holds a number if it is a JSON number and nothing else: JSON.parse allows white space around it, which we don't. */
function number(value: unknown): number | undefined {
  if (typeof value === 'string') {
    if (/\s/.test(value)) return undefined;
    const inner = json(Buffer.from(value));
    return typeof inner === 'number' ? number(inner) : undefined;
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function boolean(value: unknown): boolean | undefined {
  return value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined;
}

function time(value: unknown): number | undefined {
  const epoch = number(value);
  if (epoch !== undefined) return Math.abs(epoch) <= 8.64e15 ? epoch : undefined;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const [date, clock] = value.split('T') as [string, string];
  // A day that doesn't exist comes back as another one, and so does hour 24.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(+midnight) || midnight.toISOString().slice(0, 10) !== date || clock.startsWith('24')) return undefined;
  const parsed = Date.parse(value.replace(',', '.').replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(parsed) ? undefined : parsed;
}
