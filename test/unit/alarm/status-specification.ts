/** What a status says, said a second time and as plainly as can be: the decoder has to agree with this on all that is JSON. */
import { AT, MAX_TEMPERATURE, MOTION, SEQ, SMOKE, TEMPERATURE } from '../../../alarm/field-names.ts';
import type { Status } from '../../../alarm/status.ts';

type Fields = { [name in keyof Status]?: unknown };

/** `undefined`: it is refused. Only for what is JSON. */
export function specifiedStatus(bytes: Buffer): Status | undefined {
  const fields = object(bytes);
  if (fields === undefined || bytes.length > 4096) return undefined;
  const id = number(fields.id);
  if (id === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 31) return undefined;
  const seq = number(fields.seq);
  const said = {
    motion: boolean(fields.motion),
    smoke: boolean(fields.smoke),
    temperature: number(fields.temperature),
    maxTemperature: number(fields.maxTemperature),
    at: time(fields.at),
    seq: Number.isSafeInteger(seq) && (seq ?? -1) >= 0 ? Math.abs(seq ?? 0) : undefined,
  };
  const detectors = [
    ['motion', MOTION],
    ['smoke', SMOKE],
    ['temperature', TEMPERATURE],
    ['maxTemperature', MAX_TEMPERATURE],
  ] as const;
  const all = [...detectors, ['at', AT], ['seq', SEQ]] as const;
  const sum = (of: readonly (readonly [keyof typeof said, number])[], counts: (name: keyof typeof said) => boolean) =>
    of.filter(([name]) => counts(name)).reduce((bits, [, bit]) => bits + bit, 0);
  const unreadable = sum(all, (name) => name in fields && said[name] === undefined);
  return {
    id: Math.abs(id),
    motion: said.motion ?? false,
    smoke: said.smoke ?? false,
    temperature: said.temperature ?? Number.NaN,
    maxTemperature: said.maxTemperature ?? Number.NaN,
    at: said.at,
    seq: said.seq,
    notReported: unreadable + sum(detectors, (name) => !(name in fields)),
    unreadable,
    repaired: undefined,
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function object(bytes: Buffer): Fields | undefined {
  const value = json(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > 32) return undefined;
  return value;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((depth, member) => Math.max(depth, depthOf(member)), 0);
}

/** As people write numbers: with a sign, zeros in front, nothing before or behind the point, a comma in its place, white space around. */
function number(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().replace(',', '.');
  if (!/^[-+\d.eE]+$/.test(text) || !/^[-+]?\.?\d/.test(text)) return undefined;
  const found = Number(text);
  return Number.isFinite(found) ? found : undefined;
}

function boolean(value: unknown): boolean | undefined {
  const text = typeof value === 'object' ? 'none' : String(value).trim().toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  const bit = number(value);
  return bit === 0 || bit === 1 ? bit === 1 : undefined;
}

function time(value: unknown): number | undefined {
  const epoch = number(value);
  if (epoch !== undefined) return Math.abs(epoch) <= 8.64e15 ? epoch : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const [date, clock] = text.split('T') as [string, string];
  // A day that doesn't exist comes back as another one, and so does hour 24.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(+midnight) || midnight.toISOString().slice(0, 10) !== date || clock.startsWith('24')) return undefined;
  const parsed = Date.parse(text.replace(',', '.').replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(parsed) ? undefined : parsed;
}
