/** Converts statuses to and from the form in which a person would write them. */
import { Decoder } from '../../../alarm/decode.ts';
import { emptyStatus, type Status } from '../../../alarm/status.ts';
import { REFERENCE } from '../../support/alarm-types.ts';

export const REFERENCE_FIELDS = ['motion', 'smoke', 'temperature', 'maxTemperature'] as const;

type Said = boolean | number | undefined;

/** The fields of a status by name; undefined: not reported. */
export interface Reading {
  readonly id: number;
  readonly at: number | undefined;
  readonly seq: number | undefined;
  /** Fields of types that are absent or unreadable, and `at` and `seq` if they are unreadable. */
  readonly notReported: readonly string[];
  readonly unreadable: readonly string[];
  readonly repaired: string | undefined;
  readonly motion?: Said;
  readonly smoke?: Said;
  readonly temperature?: Said;
  readonly maxTemperature?: Said;
  readonly [field: string]: unknown;
}

export function readingOf(status: Status, types = REFERENCE): Reading {
  const { id, at, seq, unreadable, repaired } = status;
  const fields = types.fields.map(({ name, kind }, i) => {
    const value = status.values[i] ?? Number.NaN;
    const said: Said = Number.isNaN(value) ? undefined : kind === 'boolean' ? value === 1 : value;
    return [name, said] as const;
  });
  const silent = types.fields.filter(({ types: readers }, i) => readers !== 0 && fields[i]?.[1] === undefined).map(({ name }) => name);
  const notReported = [...silent, ...['at', 'seq'].filter((name) => unreadable.includes(name))];
  return { ...Object.fromEntries(fields), id, at, seq, notReported, unreadable, repaired: repaired?.toString() };
}

/** A status with these fields only. */
export function statusSaying(said: Partial<Reading>, types = REFERENCE): Status {
  const status = emptyStatus(types);
  types.fields.forEach(({ name }, i) => {
    const value = said[name];
    if (value !== undefined) status.values[i] = Number(value);
  });
  status.id = said.id ?? 0;
  status.at = said.at;
  status.seq = said.seq;
  status.unreadable = said.unreadable ?? [];
  types.judge(status);
  return status;
}

/** The reading in the text, or why it is refused. */
export function decoded(text: string | Buffer, types = REFERENCE, decoder = new Decoder(types)): Reading | string {
  const bytes = Buffer.from(text);
  const status = emptyStatus(types);
  return decoder.status(bytes, 0, bytes.length, status) ?? readingOf(status, types);
}

/** Names of the types of which the status is a hit. */
export function typesHit({ hits }: Status, types = REFERENCE): readonly string[] {
  return types.namesOf(hits);
}
