import { skipSpace } from './bytes.ts';
import { scan } from './scan.ts';
import { emptyStatus, NO_FIELDS, type Recovery, STATUS_BYTES_MAX, type Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { readUsualForm, spreadValues } from './usual-form.ts';
import { parseRecovery, parseStatus } from './validate.ts';

export { forEachLine, forEachMember } from './members.ts';

const TOO_LONG = `longer than ${STATUS_BYTES_MAX} bytes`;
const OPEN_BRACE = 0x7b;
/** Not a valid id: if it is still there after a scan, the status has no id. */
const NO_ID = -1;
const USUAL_FIELDS = 4;
const UNSURE = -1;

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
   * not be used. It is accepted if its sensor is known: a detector's value counts even if others report nothing, see `silent`.
   */
  status(bytes: Buffer, start: number, end: number, into: Status): string | undefined {
    const usual = readUsualForm(bytes, start, into);
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
    const types = this.#types;
    const isCertain = usual < UNSURE ? this.#scanRest(bytes, -usual, end, into) : this.#scan(bytes, start, end, into);
    if (!isCertain) return parseStatus(bytes, start, end, types, into);
    types.judge(into);
    into.unreadable = NO_FIELDS;
    into.repaired = undefined;
    return undefined;
  }

  /** Continues after the usual fields, at a comma. False: validate.ts has to read the status, and `into` is unusable. */
  #scanRest(bytes: Buffer, start: number, end: number, into: Status): boolean {
    for (let i = USUAL_FIELDS; i < this.#fields; i += 1) into.values[i] = Number.NaN;
    return scan(bytes, start, end, this.#types, into, USUAL_FIELDS - 1);
  }

  #scan(bytes: Buffer, start: number, end: number, into: Status): boolean {
    for (let i = 0; i < this.#fields; i += 1) into.values[i] = Number.NaN;
    into.id = NO_ID;
    into.at = undefined;
    into.seq = undefined;
    const first = skipSpace(bytes, start, end);
    return first < end && bytes[first] === OPEN_BRACE && scan(bytes, first, end, this.#types, into) && into.id !== NO_ID;
  }

  /** Reads a recovery: `{"id":42959}`, or a whole status whose other fields may hold anything. Returns the same as for a status. */
  recovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
    if (end - start > STATUS_BYTES_MAX) return TOO_LONG;
    const scratch = this.#scratch;
    if (!this.#scan(bytes, start, end, scratch)) return parseRecovery(bytes, start, end, into);
    into.id = scratch.id;
    into.at = scratch.at;
    into.repaired = undefined;
    return undefined;
  }
}
