/** A second, plainer implementation of how statuses are read: the decoder has to agree with it on all valid JSON, and shares no code with it. */

/** A field that a type reads, and its kind. */
export type SpecifiedField = readonly [name: string, kind: 'boolean' | 'number'];

export const USUAL: readonly SpecifiedField[] = [
  ['motion', 'boolean'],
  ['smoke', 'boolean'],
  ['temperature', 'number'],
  ['maxTemperature', 'number'],
];

export interface SpecifiedStatus {
  readonly id: number;
  readonly at: number | undefined;
  readonly seq: number | undefined;
  /** The fields that are reported. */
  readonly said: ReadonlyMap<string, boolean | number>;
  /** Fields that are present but can't be read, `at` and `seq` last. */
  readonly unreadable: readonly string[];
}

/** Undefined: the status is refused. Only for valid JSON; `value` is what it says. */
export function specifiedStatus(bytes: Buffer, fields: readonly SpecifiedField[], value = json(bytes)): SpecifiedStatus | undefined {
  const members = object(value);
  if (members === undefined || bytes.length > 4096) return undefined;
  const id = number(members.get('id'));
  if (id === undefined || !Number.isInteger(id) || id < 0 || id >= 2 ** 31) return undefined;
  const counter = number(members.get('seq'));
  const at = time(members.get('at'));
  const seq = counter !== undefined && Number.isSafeInteger(counter) && counter >= 0 ? Math.abs(counter) : undefined;
  const said = new Map<string, boolean | number>();
  for (const [name, kind] of fields) {
    const value = kind === 'boolean' ? boolean(members.get(name)) : number(members.get(name));
    if (value !== undefined) said.set(name, value);
  }
  const unreadable = fields.map(([name]) => name).filter((name) => members.has(name) && !said.has(name));
  if (members.has('at') && at === undefined) unreadable.push('at');
  if (members.has('seq') && seq === undefined) unreadable.push('seq');
  return { id: Math.abs(id), at, seq, said, unreadable };
}

/** Whether the condition holds; undefined: the status doesn't say. */
export function holds(condition: string, said: ReadonlyMap<string, boolean | number>): boolean | undefined {
  const [one = '', operator, other = ''] = condition.split(' ');
  if (operator === undefined) return asBoolean(said.get(one));
  if (one === 'not') {
    const value = asBoolean(said.get(operator));
    return value === undefined ? undefined : !value;
  }
  const left = said.get(one);
  const right = /^[a-z_]/i.test(other) ? said.get(other) : Number(other);
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case '>':
      return left > right;
    case '>=':
      return left > right || left === right;
    case '<':
      return left < right;
    default:
      return left < right || left === right;
  }
}

function asBoolean(value: boolean | number | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function json(bytes: Buffer): unknown {
  const { stackTraceLimit } = Error;
  // Half of the time would go into stack traces that nobody reads.
  Error.stackTraceLimit = 0;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function object(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > 32) return undefined;
  return new Map(Object.entries(value));
}
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce<number>((depth, member) => Math.max(depth, depthOf(member)), 0);
}

/** Numbers as people write them: with a sign, leading zeros, no digits before or after the point, a decimal comma, white space around. */
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
