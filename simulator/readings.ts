/**
 * Chooses the values of a sensor's fields so that the reading is a hit of the wanted types and of no others, as far as types that read the same field
 * allow it. Evaluates conditions by itself and shares no code with the detection.
 */
import type { AlarmType } from '../alarm/alarm-type.ts';
import type { Condition } from '../alarm/condition.ts';
import type { Fields, Message } from './message.ts';
import { mixed } from './random.ts';

type Meaning = Pick<Message, 'hits' | 'clears'>;
type Comparison = Exclude<Condition, { is: boolean }>;

const NO_NAMES: readonly string[] = [];
/** The value of a field that another one is compared with, unless it has one already. */
const LIMIT = 30;
/** A value is at most this many steps away from what it is compared with. */
const STEPS_MAX = 500;

/** A type and the fields that it reads. */
interface Detector {
  readonly type: AlarmType;
  readonly fields: readonly string[];
}

export class Readings {
  readonly #detectors: readonly Detector[];

  constructor(types: readonly AlarmType[]) {
    this.#detectors = types.map((type) => ({ type, fields: fieldsOf(type.when) }));
  }

  /** The fields of the reference system's sensors and of all types. The same `chance` gives the same values. */
  fields(chance: number, wanted: readonly string[]): Fields {
    const fields: Record<string, boolean | number> = { motion: false, smoke: false, ...degrees(chance, this.#isHot(wanted)) };
    this.#set(fields, chance, (name) => !wanted.includes(name), false);
    if (wanted.length > 0) this.#set(fields, chance, (name) => wanted.includes(name), true);
    return fields;
  }

  #set(fields: Record<string, boolean | number>, chance: number, isMeant: (name: string) => boolean, hit: boolean): void {
    for (const [i, detector] of this.#detectors.entries()) {
      const { name, when } = detector.type;
      if (isMeant(name) && !(isReported(detector, fields) && holds(when, fields) === hit)) set(fields, when, hit, mixed(chance, i));
    }
  }

  /** Of which types a reading with these fields is a hit, and which it clears, if the `unreadable` fields are ignored. */
  meaning(fields: Fields, unreadable: readonly string[] = NO_NAMES): Meaning {
    let hits = NO_NAMES;
    let clears = NO_NAMES;
    for (const { type, fields: read } of this.#detectors) {
      if (unreadable.length > 0 && read.some((field) => unreadable.includes(field))) continue;
      if (holds(type.when, fields)) hits = [...hits, type.name];
      else if (type.clears === 'normal') clears = [...clears, type.name];
    }
    return { hits, clears };
  }

  /** The fields that types of these names read. */
  fieldsOf(names: readonly string[]): readonly string[] {
    return this.#detectors.filter(({ type }) => names.includes(type.name)).flatMap(({ fields }) => fields);
  }

  #isHot(wanted: readonly string[]): boolean {
    return wanted.length > 0 && this.#detectors.some(({ type: { name, when } }) => wanted.includes(name) && isHeat(when));
  }
}

function isHeat(when: Condition): boolean {
  return 'than' in when && when.field === 'temperature' && when.operator === '>' && when.than === 'maxTemperature';
}

function fieldsOf(when: Condition): readonly string[] {
  return 'than' in when && typeof when.than === 'string' ? [when.field, when.than] : [when.field];
}

/** Whether all fields of the type are there and of the right kind. */
function isReported({ type, fields: read }: Detector, fields: Fields): boolean {
  const kind = 'is' in type.when ? 'boolean' : 'number';
  return read.every((field) => typeof fields[field] === kind);
}

function holds(when: Condition, fields: Fields): boolean {
  const value = fields[when.field];
  if ('is' in when) return value === when.is;
  const other = typeof when.than === 'string' ? fields[when.than] : when.than;
  if (typeof value !== 'number' || typeof other !== 'number') return false;
  switch (when.operator) {
    case '>':
      return value > other;
    case '>=':
      return value >= other;
    case '<':
      return value < other;
    case '<=':
      return value <= other;
  }
}

/** Makes the condition hold, or not; one number in four is right at the border. */
function set(fields: Record<string, boolean | number>, when: Condition, hit: boolean, chance: number): void {
  if ('is' in when) {
    fields[when.field] = when.is === hit;
    return;
  }
  const border = borderOf(fields, when);
  const decimals = Math.max(1, String(border).split('.')[1]?.length ?? 0);
  const step = 10 ** -decimals;
  const isAbove = when.operator.startsWith('>') === hit;
  // So that values above zero stay above it.
  const reach = border === 0 ? STEPS_MAX : Math.max(1, Math.min(STEPS_MAX, Math.floor((0.9 * Math.abs(border)) / step)));
  const nearest = when.operator.endsWith('=') === hit ? 0 : 1;
  const steps = chance % 4 === 0 ? nearest : nearest + ((chance >>> 2) % reach);
  fields[when.field] = rounded(border + (isAbove ? steps : -steps) * step, decimals);
}

function borderOf(fields: Record<string, boolean | number>, { than }: Comparison): number {
  if (typeof than === 'number') return than;
  const other = fields[than];
  if (typeof other === 'number') return other;
  fields[than] = LIMIT;
  return LIMIT;
}

/** 10.0 to 29.9 °C where the limit is 30 °C; in a fire 30.1 to 80.0 °C. */
function degrees(chance: number, isHot: boolean): { temperature: number; maxTemperature: number } {
  return { temperature: (isHot ? 301 + (chance % 500) : 100 + (chance % 200)) / 10, maxTemperature: 30 };
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
