/** Compares a Decoder with the specification, message after message. */
import { expect } from 'vitest';
import { Decoder } from '../../../alarm/decode.ts';
import { emptyStatus, type Status } from '../../../alarm/status.ts';
import type { TypeSet } from '../../../alarm/type-set.ts';
import { holds, json, type SpecifiedField, type SpecifiedStatus, specifiedStatus } from './status-specification.ts';

/** Bytes that may follow a message in its buffer and must not be read. */
const BEYOND = ['"', '9'.repeat(140), '}'.repeat(140), `,"seq":5}${' '.repeat(140)}`, '\0'.repeat(140)].map((text) => Buffer.from(text));

export class Agreement {
  readonly #types: TypeSet;
  readonly #fields: readonly SpecifiedField[];
  /** Where the decoder puts the values. */
  readonly #places: readonly number[];
  readonly #conditions: readonly string[];
  /** Reused for all messages, so that anything left from the previous one would show. */
  readonly #decoder: Decoder;
  readonly #status: Status;
  /** Batches into which messages are written at changing places, one over another. */
  readonly #batches = [Buffer.alloc(6_000), Buffer.alloc(6_000)];

  /** `fields`: all fields that the types read; `conditions`: those of the types, in order. */
  constructor(types: TypeSet, fields: readonly SpecifiedField[], conditions: readonly string[]) {
    const read = types.fields.filter((field) => field.types !== 0).map(({ name }) => name);
    expect(fields.map(([name]) => name).toSorted()).toEqual(read.toSorted());
    this.#types = types;
    this.#fields = fields;
    this.#places = fields.map(([name]) => types.fields.findIndex((field) => field.name === name));
    this.#conditions = conditions;
    this.#decoder = new Decoder(types);
    this.#status = emptyStatus(types);
  }

  /** Whether the message is a status; fails unless the decoder, wherever the message lies, agrees with the specification. */
  on(bytes: Buffer, next: () => number): boolean {
    const reason = this.#decode(bytes, next);
    const { repaired } = this.#status;
    const value = json(bytes);
    const isJson = value !== undefined;
    // A message that isn't JSON may be accepted only if its repaired form is.
    if (!isJson && (reason !== undefined || repaired === undefined)) return reason === undefined ? this.#disagree(bytes) : false;
    const expected = isJson ? specifiedStatus(bytes, this.#fields, value) : specifiedStatus(repaired ?? bytes, this.#fields);
    const same = expected === undefined ? reason !== undefined : reason === undefined && this.#isSame(expected);
    if (!same || (isJson && reason === undefined && repaired !== undefined)) this.#disagree(bytes, expected);
    return expected !== undefined;
  }

  #decode(bytes: Buffer, next: () => number): string | undefined {
    const beyond = BEYOND[Math.floor(next() * BEYOND.length)] as Buffer;
    // After a quote, so that reading before the start would show too.
    const framed = Buffer.concat([Buffer.from('"'), bytes, beyond]);
    const batch = this.#batches[Math.floor(next() * 4)];
    if (batch === undefined) return this.#decoder.status(framed, 1, 1 + bytes.length, this.#status);
    const at = Math.floor(next() * (batch.length - framed.length));
    framed.copy(batch, at);
    return this.#decoder.status(batch, at + 1, at + 1 + bytes.length, this.#status);
  }

  #isSame({ id, at, seq, said, unreadable }: SpecifiedStatus): boolean {
    const status = this.#status;
    const outcomes = this.#conditions.map((condition) => holds(condition, said));
    const bits = (outcome: boolean | undefined): number => outcomes.reduce((sum, one, i) => (one === outcome ? sum | (1 << i) : sum), 0);
    return (
      Object.is(status.id, id) &&
      Object.is(status.at, at) &&
      Object.is(status.seq, seq) &&
      (this.#hitsOnly(status) ||
        this.#fields.every(([name], i) => Object.is(status.values[this.#places[i] ?? 0], Number(said.get(name) ?? Number.NaN)))) &&
      status.unreadable.length === unreadable.length &&
      unreadable.every((name) => status.unreadable.includes(name)) &&
      status.hits === bits(true) &&
      status.silent === bits(undefined)
    );
  }

  /** Under the types of the reference system, only the hits of a complete status are defined. */
  #hitsOnly({ silent, unreadable, repaired }: Status): boolean {
    return this.#types.isReference && silent === 0 && unreadable.length === 0 && repaired === undefined;
  }

  #disagree(bytes: Buffer, expected?: SpecifiedStatus): never {
    const { values, ...rest } = this.#status;
    const named = this.#types.fields.map(({ name }, i) => `${name}: ${values[i]}`).join(', ');
    const wanted = expected && { ...expected, said: [...expected.said] };
    return expect.fail(`${JSON.stringify(bytes.toString('latin1'))}: ${JSON.stringify(rest)} ${named}, not ${JSON.stringify(wanted)}`);
  }
}
