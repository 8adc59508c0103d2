/** The types of an installation, prepared for decoding: which fields there are, and what makes a reading a hit of which type. */
import { type AlarmType, BUILT_IN_TYPES, problemsOf } from './alarm-type.ts';
import { type Condition, conditionText, type FieldKind, fieldsOf } from './condition.ts';
import { FieldTable } from './field-table.ts';

/** A set of types as bits of a number: the first type is 1, the second 2, the third 4 and so on. */
export type TypeBits = number;

/** The fields of the reference system come first, whether a type reads them or not: nearly all sensors send exactly these. */
const USUAL_FIELDS: readonly (readonly [name: string, kind: FieldKind])[] = [
  ['motion', 'boolean'],
  ['smoke', 'boolean'],
  ['temperature', 'number'],
  ['maxTemperature', 'number'],
];

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Its name alone: most statuses with unreadable fields have one. */
  readonly alone: readonly [string];
  /** The types whose condition reads it. */
  readonly types: TypeBits;
}

/** The part of a Status that conditions read and set. */
export interface Reading {
  readonly values: Float64Array;
  hits: TypeBits;
  silent: TypeBits;
}

export class TypeSet {
  readonly types: readonly AlarmType[];
  /** The fields that types read, and the usual ones; a field's place is its index in `Status.values`. */
  readonly fields: readonly Field[];
  /** Recognises the fields by their places, and after them `id`, `at` and `seq`. */
  readonly table: FieldTable;
  /** The places of `id`, `at` and `seq`, which follow each other. */
  readonly id: number;
  readonly at: number;
  readonly seq: number;
  /** By the place of a field: 1 for a boolean, 0 for a number. */
  readonly areBoolean: Uint8Array;
  /** Types that every sensor should report. */
  readonly expected: TypeBits;
  /** The fields that these read, by their places and names. */
  readonly expectedPlaces: Uint8Array;
  readonly expectedNames: ReadonlySet<string>;
  /** Types that clear by the first reading that isn't a hit. */
  readonly clearedByNormal: TypeBits;
  /** Every type. */
  readonly all: TypeBits;
  /** Whether the usual fields have the kinds of the reference system, so that statuses in usual form can be read as such. */
  readonly readsUsualForm: boolean;
  /** Whether the types have the conditions of the reference system, in its order. */
  readonly isReference: boolean;
  /** A condition holds if the value at `left` is greater than that at `right`, or equal unless `strict`. The places after the fields are constants. */
  readonly #left: Uint8Array;
  readonly #right: Uint8Array;
  readonly #strict: Uint8Array;
  readonly #constants: readonly number[];
  readonly #places: ReadonlyMap<string, number>;

  /** Throws RangeError for types with problems: whoever reads types from outside must call `problemsOf` first. */
  constructor(types: readonly AlarmType[]) {
    const [problem] = problemsOf(types);
    if (problem) throw new RangeError(`${problem.type}: ${problem.problem}`);
    this.types = types;
    this.#places = new Map(types.map(({ name }, i) => [name, i]));
    this.fields = collectFields(types);
    const names = this.fields.map(({ name }) => name);
    this.table = new FieldTable([...names, 'id', 'at', 'seq']);
    this.id = names.length;
    this.at = this.id + 1;
    this.seq = this.id + 2;
    this.areBoolean = Uint8Array.from(this.fields, ({ kind }) => (kind === 'boolean' ? 1 : 0));
    this.expected = this.#bitsWhere(({ expected }) => expected);
    const expected = this.fields.filter((field) => (field.types & this.expected) !== 0);
    this.expectedPlaces = Uint8Array.from(expected, (field) => this.fields.indexOf(field));
    this.expectedNames = new Set(expected.map(({ name }) => name));
    this.clearedByNormal = this.#bitsWhere(({ clears }) => clears === 'normal');
    this.all = this.#bitsWhere(() => true);
    this.readsUsualForm = USUAL_FIELDS.every(([, kind], i) => this.fields[i]?.kind === kind);
    this.isReference =
      types.length === BUILT_IN_TYPES.length &&
      BUILT_IN_TYPES.every(({ when }, i) => types[i] !== undefined && conditionText(types[i].when) === conditionText(when));
    const comparisons = types.map(({ when }) => comparisonOf(when));
    this.#constants = [...new Set(comparisons.flatMap(({ left, right }) => [left, right].filter((side) => typeof side === 'number')))];
    const placeOf = (side: string | number): number =>
      typeof side === 'string' ? names.indexOf(side) : names.length + this.#constants.indexOf(side);
    this.#left = Uint8Array.from(comparisons, ({ left }) => placeOf(left));
    this.#right = Uint8Array.from(comparisons, ({ right }) => placeOf(right));
    this.#strict = Uint8Array.from(comparisons, ({ strict }) => (strict ? 1 : 0));
  }

  /** Values of a reading that reports nothing, followed by the constants of the conditions. */
  emptyValues(): Float64Array {
    return Float64Array.from([...this.fields.map(() => Number.NaN), ...this.#constants]);
  }

  /** Sets the types of which the values are a hit, and those about which they say nothing because a field is missing. */
  judge(reading: Reading): void {
    const { values } = reading;
    const left = this.#left;
    const right = this.#right;
    let hits = 0;
    let silent = 0;
    for (let i = 0; i < left.length; i += 1) {
      const one = values[left[i] as number] as number;
      const other = values[right[i] as number] as number;
      if (one > other || (one === other && this.#strict[i] === 0)) hits |= 1 << i;
      else if (!(one <= other)) silent |= 1 << i;
    }
    reading.hits = hits;
    reading.silent = silent;
  }

  /** Index of the type; undefined: it is not in these settings. */
  placeOf(type: string): number | undefined {
    return this.#places.get(type);
  }

  /** The types that read one of these fields. */
  reading(fields: readonly string[]): TypeBits {
    return this.fields.reduce((bits, { name, types }) => (fields.includes(name) ? bits | types : bits), 0);
  }

  /** The names of these types, in the order of the settings. */
  namesOf(bits: TypeBits): readonly string[] {
    return this.types.filter((_, i) => (bits & (1 << i)) !== 0).map(({ name }) => name);
  }

  /** The set of these types; unknown names are left out. */
  bitsOf(names: readonly string[]): TypeBits {
    return names.reduce((bits, name) => {
      const place = this.#places.get(name);
      return place === undefined ? bits : bits | (1 << place);
    }, 0);
  }

  #bitsWhere(holds: (type: AlarmType) => boolean): TypeBits {
    return this.types.reduce((bits, type, i) => (holds(type) ? bits | (1 << i) : bits), 0);
  }
}

function collectFields(types: readonly AlarmType[]): Field[] {
  const kinds = new Map(types.flatMap(({ when }) => fieldsOf(when)));
  const read = [...USUAL_FIELDS.map(([name, kind]) => [name, kinds.get(name) ?? kind] as const), ...kinds];
  return [...new Map(read)].map(([name, kind]) => ({
    name,
    kind,
    alone: [name],
    types: types.reduce((bits, { when }, i) => (fieldsOf(when).some(([field]) => field === name) ? bits | (1 << i) : bits), 0),
  }));
}

/** `battery < 15` is 15 > battery, `water` is water > 0.5, `not mains` is 0.5 > mains. */
function comparisonOf(when: Condition): { left: string | number; right: string | number; strict: boolean } {
  if ('is' in when) return when.is ? { left: when.field, right: 0.5, strict: true } : { left: 0.5, right: when.field, strict: true };
  const strict = when.operator === '>' || when.operator === '<';
  const isGreater = when.operator.startsWith('>');
  return { left: isGreater ? when.field : when.than, right: isGreater ? when.than : when.field, strict };
}
