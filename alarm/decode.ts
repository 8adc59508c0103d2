import { skipSpace } from './bytes.ts';
import { NO_OBJECT, repairedJson } from './repaired-json.ts';
import { scan } from './scan.ts';
import { emptyStatus, NO_FIELDS, type Recovery, SENSOR_ID_MAX, STATUS_BYTES_MAX, type Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { BAD_ID, patches, settle } from './unusual-value.ts';
import { readUsualForm, spreadValues } from './usual-form.ts';

export { forEachLine, forEachMember } from './members.ts';

const TOO_LONG = `longer than ${STATUS_BYTES_MAX} bytes`;
const OPEN_BRACE = 0x7b;
const USUAL_FIELDS = 4;
const UNSURE = -1;
/** The `id` of a status without one. */
const NO_ID = -1;

/** Decodes statuses and recoveries for the types of an installation. */
export class Decoder {
  readonly #types: TypeSet;
  readonly #fields: number;
  readonly #readsUsualForm: boolean;
  readonly #isReference: boolean;
  readonly #scratch: Status;

  constructor(types: TypeSet) {
    this.#types = types;
    this.#fields = types.fields.length;
    this.#readsUsualForm = types.readsUsualForm;
    this.#isReference = types.isReference;
    this.#scratch = emptyStatus(types);
  }

  /**
   * Reads the status in bytes[start, end) into `into`, a reused object. Returns undefined if the status is accepted, otherwise why not; then `into` must
   * not be used. It is accepted if its sensor is known: a detector's value counts even if others report nothing, see `silent`. `mayBeUsual`: false if it is
   * known that it isn't in usual form, not even its beginning.
   */
  status(bytes: Buffer, start: number, end: number, into: Status, mayBeUsual = true): string | undefined {
    const usual = mayBeUsual ? readUsualForm(bytes, start, into) : UNSURE;
    if (usual !== end || !this.#isReference) return this.#further(bytes, start, end, into, usual);
    into.silent = 0;
    into.unreadable = NO_FIELDS;
    into.repaired = undefined;
    return undefined;
  }

  /** For a status that isn't in usual form, or types that aren't the reference system's. `usual`: what `readUsualForm` returned. */
  #further(bytes: Buffer, start: number, end: number, into: Status, usual: number): string | undefined {
    if (!this.#readsUsualForm) return this.#unusual(bytes, start, end, into, UNSURE);
    if (usual !== end) return this.#unusual(bytes, start, end, into, usual);
    spreadValues(into);
    for (let i = USUAL_FIELDS; i < this.#fields; i += 1) into.values[i] = Number.NaN;
    this.#types.judge(into);
    into.unreadable = NO_FIELDS;
    into.repaired = undefined;
    return undefined;
  }

  /** `usual`: what `readUsualForm` returned. */
  #unusual(bytes: Buffer, start: number, end: number, into: Status, usual: number): string | undefined {
    if (end - start > STATUS_BYTES_MAX) return TOO_LONG;
    into.repaired = undefined;
    const isRead = usual < UNSURE ? this.#scanRest(bytes, start, -usual, end, into) : this.#scan(bytes, start, end, into);
    const problem = (isRead ? undefined : this.#repair(bytes, start, end, into)) ?? problemOf(into.id);
    if (problem !== undefined) return problem;
    settle(this.#types, into);
    this.#types.judge(into);
    if (isLong(into.repaired)) into.repaired = knownFieldsOf(into, this.#types);
    return undefined;
  }

  /** Reads what isn't JSON in UTF-8 once it has been repaired, and keeps the repaired form in `into`. */
  #repair(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
    const repaired = repairedJson(bytes, start, end);
    if (typeof repaired === 'string') return repaired;
    into.repaired = repaired;
    return this.#scan(repaired, 0, repaired.length, into) ? undefined : NO_OBJECT;
  }

  /** Continues after the usual fields, at a comma. Returns the same as `scan`. */
  #scanRest(bytes: Buffer, object: number, start: number, end: number, into: Status): boolean {
    for (let i = USUAL_FIELDS; i < this.#fields; i += 1) into.values[i] = Number.NaN;
    return scan(bytes, start, end, this.#types, into, USUAL_FIELDS - 1) && patch(bytes, object, end, into);
  }

  #scan(bytes: Buffer, start: number, end: number, into: Status): boolean {
    for (let i = 0; i < this.#fields; i += 1) into.values[i] = Number.NaN;
    into.id = NO_ID;
    into.at = undefined;
    into.seq = undefined;
    const first = skipSpace(bytes, start, end);
    return first < end && bytes[first] === OPEN_BRACE && scan(bytes, first, end, this.#types, into) && patch(bytes, first, end, into);
  }

  /** Reads a recovery: `{"id":42959}`, or a whole status whose other fields may hold anything. Returns the same as for a status. */
  recovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
    if (end - start > STATUS_BYTES_MAX) return TOO_LONG;
    const scratch = this.#scratch;
    scratch.repaired = undefined;
    const isRead = this.#scan(bytes, start, end, scratch);
    const problem = (isRead ? undefined : this.#repair(bytes, start, end, scratch)) ?? problemOf(scratch.id);
    if (problem !== undefined) return problem;
    settle(this.#types, scratch);
    into.id = scratch.id;
    into.at = scratch.at;
    into.repaired = isLong(scratch.repaired) ? Buffer.from(JSON.stringify({ id: into.id, at: into.at })) : scratch.repaired;
    return undefined;
  }
}

/** Keeps the repaired form of an object that was scanned with patches. Returns true. */
function patch(bytes: Buffer, start: number, end: number, into: Status): boolean {
  if (patches.length > 0) into.repaired = patches.applied(bytes, start, end);
  return true;
}

function isLong(repaired: Buffer | undefined): boolean {
  return repaired !== undefined && repaired.length > STATUS_BYTES_MAX;
}

function problemOf(id: number): string | undefined {
  if (id === NO_ID) return 'id is missing';
  return id === BAD_ID ? `id must be a whole number from 0 to ${SENSOR_ID_MAX}` : undefined;
}

/** What is stored if a repair has made the status longer than it may be. */
function knownFieldsOf({ id, at, seq, values, unreadable }: Status, types: TypeSet): Buffer {
  const said = (name: string, value: unknown): (readonly [string, unknown])[] =>
    unreadable.includes(name) ? [[name, null]] : value === undefined || Number.isNaN(value) ? [] : [[name, value]];
  const fields = types.fields.flatMap(({ name, kind }, i) => {
    const value = values[i];
    return said(name, kind === 'boolean' && !Number.isNaN(value) ? value === 1 : value);
  });
  // From entries, since a field may be called `__proto__`.
  return Buffer.from(JSON.stringify(Object.fromEntries([['id', id], ...fields, ...said('at', at), ...said('seq', seq)])));
}
