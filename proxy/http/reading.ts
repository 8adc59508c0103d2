/** Reads the members of one body into a batch, in as many goes as it takes, and keeps what is to be said about them. */
import { skipSpace, trimEnd } from '../../alarm/bytes.ts';
import type { Decoder } from '../../alarm/decode.ts';
import { forEachLine, forEachMember, Progress } from '../../alarm/members.ts';
import type { Status } from '../../alarm/status.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { hasWarnings, warningCount, warningsOf } from '../../alarm/warnings.ts';
import { type Rejection, UNKNOWN_SENSOR, type Warnings } from './answers.ts';
import { afterMark, formatOf, isUtf16, withoutPadding } from './body-format.ts';
import { Batch } from '../intake/batch.ts';

const OPEN_BRACKET = 0x5b;
const WARNINGS_MAX = 100;
/** At most this many rejected members are listed. A body with more isn't one of statuses, so the rest isn't read. */
const REJECTIONS_MAX = 100;
const NOT_READ = `refused, and the rest was not read: ${REJECTIONS_MAX} members before it were refused`;
const FOREIGN = "the key is another sensor's";
/** The clock is looked at each time that this many bytes of a body have been read. */
const BYTES_PER_LOOK = 2_048;
const NOTHING = Buffer.alloc(0);

export interface ReadingDeps {
  readonly decoder: Decoder;
  /** What each member is decoded into. */
  readonly record: Status;
  readonly topic: 'ENTRY' | 'OK';
  readonly types: TypeSet;
  readonly batchRecordsMax: number;
  /** Whether it is sure that no client has a sensor; undefined: nothing is refused for that. */
  readonly isUnknown: ((sensor: number) => boolean) | undefined;
  /** Ms of a clock that only runs forward. */
  readonly now: () => number;
}

export class Reading {
  readonly batch = new Batch();
  /** How many members have been read, the first one beyond the most allowed included. */
  members = 0;
  rejected: Rejection[] | undefined;
  /** How many members of unknown sensors there are, and how many of them are not listed. */
  unknown = 0;
  omitted = 0;
  notReadFrom: number | undefined;
  warnings: Warnings | undefined;
  readonly #deps: ReadingDeps;
  readonly #progress = new Progress();
  #body: Buffer = NOTHING;
  #bodyLength = 0;
  #start = 0;
  #end = 0;
  #form: 'array' | 'lines' | 'one' | 'none' = 'none';
  #sensor: number | undefined;
  #problem: string | undefined;
  #foreign = 0;
  #until = 0;
  #lookAt = 0;
  #paused = false;

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
  }

  /** `sensor`: the only one that the sender may send for; undefined: any. */
  begin(body: Buffer, bodyLength: number, contentType: string | undefined, sensor: number | undefined): void {
    this.batch.clear();
    this.members = 0;
    this.rejected = undefined;
    this.unknown = 0;
    this.omitted = 0;
    this.notReadFrom = undefined;
    this.warnings = undefined;
    this.#progress.begin();
    this.#body = body;
    this.#bodyLength = bodyLength;
    this.#sensor = sensor;
    this.#foreign = 0;
    this.#lookAt = BYTES_PER_LOOK;
    this.#end = withoutPadding(body, bodyLength);
    this.#start = skipSpace(body, afterMark(body, this.#end), this.#end);
    this.#problem = this.#problemOfAll();
    this.#form = this.#problem === undefined ? this.#formOf(contentType) : 'none';
  }

  /** Reads until `now` passes `until`. Returns false if it hasn't come to the end. */
  readOn(until: number): boolean {
    this.#until = until;
    this.#paused = false;
    if (this.#form === 'lines') forEachLine(this.#body, this.#start, this.#end, this.#visit, this.#progress);
    else if (this.#form === 'one') this.#visit(this.#start, trimEnd(this.#body, this.#start, this.#end));
    else if (this.#form === 'array') this.#problem = forEachMember(this.#body, this.#start, this.#end, this.#visit, this.#progress);
    if (this.#paused && this.#form !== 'one') return false;
    this.#finish();
    return true;
  }

  /** How many members have been refused, those of unknown sensors and those not listed included. */
  get refused(): number {
    return (this.rejected?.length ?? 0) + this.omitted - (this.notReadFrom === undefined ? 0 : 1);
  }

  /** Whether all that were refused were so for the sender's key; for being of unknown sensors. */
  get areForeign(): boolean {
    return this.#foreign === this.refused;
  }

  get areUnknown(): boolean {
    return this.unknown === this.refused;
  }

  #problemOfAll(): string | undefined {
    if (this.#start === this.#end) return 'the body is empty';
    return isUtf16(this.#body, this.#end) ? 'the body must be UTF-8, and looks like UTF-16' : undefined;
  }

  #formOf(contentType: string | undefined): 'array' | 'lines' | 'one' {
    if (formatOf(contentType) === 'lines') return 'lines';
    return this.#body[this.#start] === OPEN_BRACKET ? 'array' : 'one';
  }

  #finish(): void {
    if (this.#form === 'array' && this.members === 0) this.#problem ??= 'the array is empty';
    // A problem of the whole body is listed after the members before it.
    if (this.#problem !== undefined) this.#reject(this.#problem);
    if (this.notReadFrom !== undefined) this.#reject(NOT_READ);
    this.#body = NOTHING;
  }

  /** Returns false if the rest needn't be read, or not now. */
  readonly #visit = (start: number, end: number, mayBeUsual = true): boolean => {
    if (this.members === this.#deps.batchRecordsMax) {
      this.members += 1;
      return false;
    }
    const problem = this.#take(start, end, mayBeUsual);
    if (problem === UNKNOWN_SENSOR) this.#rejectUnknown();
    else if (problem !== undefined) {
      if ((this.rejected?.length ?? 0) - (this.unknown - this.omitted) === REJECTIONS_MAX) {
        this.notReadFrom = this.members;
        return false;
      }
      this.#reject(problem);
    }
    this.members += 1;
    if (end < this.#lookAt) return true;
    this.#lookAt = end + BYTES_PER_LOOK;
    this.#paused = this.#deps.now() > this.#until;
    return !this.#paused;
  };

  /** Returns why the record in this range of the body isn't accepted. */
  #take(start: number, end: number, mayBeUsual: boolean): string | undefined {
    const { topic, types, decoder, record, isUnknown } = this.#deps;
    const problem =
      topic === 'ENTRY' ? decoder.status(this.#body, start, end, record, mayBeUsual) : decoder.recovery(this.#body, start, end, record);
    if (problem !== undefined) return problem;
    if (this.#sensor !== undefined && this.#sensor !== record.id) return FOREIGN;
    if (isUnknown?.(record.id)) return UNKNOWN_SENSOR;
    this.batch.put(record.id, start, end);
    if (record.repaired !== undefined) this.batch.replace(record.repaired, this.#bodyLength);
    if (topic === 'ENTRY' && hasWarnings(record, types)) this.#warn(record, types);
    return undefined;
  }

  #warn(record: Status, types: TypeSet): void {
    this.warnings ??= { listed: [], omitted: 0 };
    if (this.warnings.listed.length === WARNINGS_MAX) {
      this.warnings.omitted += warningCount(record, types);
      return;
    }
    for (const warning of warningsOf(record, types)) {
      if (this.warnings.listed.length < WARNINGS_MAX) this.warnings.listed.push({ index: this.members, ...warning });
      else this.warnings.omitted += 1;
    }
  }

  /** Doesn't end the reading, however many there are: such members are statuses, and a client's may stand among them. */
  #rejectUnknown(): void {
    if (this.unknown - this.omitted < REJECTIONS_MAX) this.#reject(UNKNOWN_SENSOR);
    else this.omitted += 1;
    this.unknown += 1;
  }

  #reject(error: string): void {
    if (error === FOREIGN) this.#foreign += 1;
    this.rejected ??= [];
    this.rejected.push({ index: this.members, error });
  }
}
