/** POST /entry and /ok: one record, a JSON array, or NDJSON, in; 202, 207 or 400 out. */
import { skipSpace, trimEnd } from '../../alarm/bytes.ts';
import { Decoder, forEachLine, forEachMember } from '../../alarm/decode.ts';
import { emptyStatus, type Status } from '../../alarm/status.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { hasWarnings, warningCount, warningsOf } from '../../alarm/warnings.ts';
import {
  ALTERNATES,
  type Answer,
  BUSY,
  errorAnswer,
  ingestAnswer,
  noneAnswer,
  type Rejection,
  retryAfter,
  UNKNOWN_SENSOR,
  type Warnings,
} from './answers.ts';
import { afterMark, formatOf, isUtf16, withoutPadding } from './body-format.ts';
import type { Gate } from './gate.ts';
import type { Gathering } from '../intake/gathering.ts';
import { PATH } from '../metrics.ts';
import type { Receiver, SensorRequest } from './sensor-request.ts';

const UNSUPPORTED = errorAnswer(415, 'the Content-Type must be application/json or application/x-ndjson, in UTF-8', [
  'Accept',
  'application/json, application/x-ndjson',
]);
const NO_LENGTH = errorAnswer(411, "the request has neither Content-Length nor Transfer-Encoding: where its body ends can't be known");
const OPEN_BRACKET = 0x5b;
const WARNINGS_MAX = 100;
/** At most this many rejected members are listed. A body with more isn't one of statuses, so the rest isn't read. */
const REJECTIONS_MAX = 100;
const NOT_READ = `refused, and the rest was not read: ${REJECTIONS_MAX} members before it were refused`;
const FOREIGN = "the key is another sensor's";

export class Ingest implements Receiver {
  readonly path: number;
  readonly #topic: 'ENTRY' | 'OK';
  readonly #gate: Gate;
  readonly #gathering: Gathering;
  readonly #batchRecordsMax: number;
  readonly #tooMany: Answer;
  readonly #types: TypeSet;
  readonly #decoder: Decoder;
  readonly #record: Status;
  readonly #isUnknown: ((sensor: number) => boolean) | undefined;
  /** The request being decoded. */
  #request: SensorRequest | undefined;
  #body: Buffer = Buffer.alloc(0);
  #index = 0;
  #foreign = 0;
  #unknown = 0;
  /** Of these, how many are not listed. */
  #omitted = 0;
  #rejected: Rejection[] | undefined;
  #notReadFrom: number | undefined;
  #warnings: Warnings | undefined;

  constructor(
    topic: 'ENTRY' | 'OK',
    types: TypeSet,
    gathering: Gathering,
    gate: Gate,
    batchRecordsMax: number,
    isUnknown?: (sensor: number) => boolean,
  ) {
    this.#isUnknown = isUnknown;
    this.#types = types;
    this.#decoder = new Decoder(types);
    this.#record = emptyStatus(types);
    this.path = topic === 'ENTRY' ? PATH.entry : PATH.ok;
    this.#topic = topic;
    this.#gathering = gathering;
    this.#gate = gate;
    this.#batchRecordsMax = batchRecordsMax;
    this.#tooMany = errorAnswer(413, `more than ${batchRecordsMax} records in one request`);
  }

  refusal(request: SensorRequest): Answer | undefined {
    const { headers } = request;
    const refusal = this.#gate.refusal(request);
    if (refusal !== undefined) return refusal;
    if (formatOf(headers['content-type']) === undefined) return UNSUPPORTED;
    return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined ? NO_LENGTH : undefined;
  }

  received(request: SensorRequest): void {
    const { intake, bodyLength } = request;
    if (intake === undefined) return;
    if (!this.#gate.queue.hasRoom(bodyLength)) {
      intake.respond(request, BUSY);
      return;
    }
    this.#reset(request);
    const before = this.#gathering.begin(bodyLength);
    const problem = this.#readAll(request);
    const members = this.#index;
    // A problem of the whole body is listed after the members before it.
    if (problem !== undefined) this.#reject(problem);
    const accepted = this.#gathering.length - before;
    const refused = (this.#rejected?.length ?? 0) + this.#omitted;
    request.refusedRecords = refused - this.#unknown;
    request.unknownRecords = this.#unknown;
    if (refused > 0) intake.metrics.rejected(this.#topic, refused);
    if (this.#unknown > 0) intake.metrics.unknown(this.#topic, this.#unknown);
    if (this.#notReadFrom !== undefined) this.#reject(NOT_READ);
    request.rejected = this.#rejected;
    request.rejectedOmitted = this.#omitted;
    request.notReadFrom = this.#notReadFrom;
    request.warnings = this.#warnings;
    if (members > this.#batchRecordsMax) {
      this.#gathering.cancel();
      intake.respond(request, this.#tooMany);
    } else if (accepted === 0) {
      this.#gathering.cancel();
      intake.respond(request, noneAnswer(this.#statusOfNone(refused), request));
    } else {
      request.accepted = accepted;
      if (this.#gathering.end(request)) this.#gate.spend(request, accepted + this.#unknown, refused - this.#unknown);
      else intake.respond(request, ALTERNATES);
    }
  }

  committed(request: SensorRequest): void {
    const { intake } = this.#gate;
    intake.metrics.accepted(this.#topic, request.accepted, request.bodyLength);
    intake.respond(request, ingestAnswer(request));
  }

  refused(request: SensorRequest): void {
    // Members of unknown sensors cost no more than accepted ones.
    this.#gate.spend(request, request.unknownRecords, Math.max(1, request.refusedRecords));
  }

  failed(request: SensorRequest, reason: string): void {
    this.#gate.intake.respond(request, errorAnswer(503, `not stored: ${reason}`, retryAfter(1)));
  }

  #statusOfNone(refused: number): 400 | 401 | 403 {
    if (this.#foreign === refused) return 401;
    return this.#unknown === refused ? 403 : 400;
  }

  #reset(request: SensorRequest): void {
    this.#request = request;
    this.#body = request.body;
    this.#index = 0;
    this.#foreign = 0;
    this.#unknown = 0;
    this.#omitted = 0;
    this.#rejected = undefined;
    this.#notReadFrom = undefined;
    this.#warnings = undefined;
  }

  /** Puts valid records into the gathering; returns what is wrong with the body as a whole. */
  #readAll(request: SensorRequest): string | undefined {
    const { body } = request;
    const bodyLength = withoutPadding(body, request.bodyLength);
    const start = skipSpace(body, afterMark(body, bodyLength), bodyLength);
    if (start === bodyLength) return 'the body is empty';
    if (isUtf16(body, bodyLength)) return 'the body must be UTF-8, and looks like UTF-16';
    const format = formatOf(request.headers['content-type']);
    if (format === 'lines') forEachLine(body, start, bodyLength, this.#visit);
    else if (body[start] !== OPEN_BRACKET) this.#visit(start, trimEnd(body, start, bodyLength));
    else {
      const problem = forEachMember(body, start, bodyLength, this.#visit);
      return problem ?? (this.#index === 0 ? 'the array is empty' : undefined);
    }
    return undefined;
  }

  /** Returns false if the rest needn't be read. */
  readonly #visit = (start: number, end: number): boolean => {
    if (this.#index === this.#batchRecordsMax) {
      this.#index += 1;
      return false;
    }
    const problem = this.#take(start, end);
    if (problem === UNKNOWN_SENSOR) this.#rejectUnknown();
    else if (problem !== undefined) {
      if ((this.#rejected?.length ?? 0) - (this.#unknown - this.#omitted) === REJECTIONS_MAX) {
        this.#notReadFrom = this.#index;
        return false;
      }
      this.#reject(problem);
    }
    this.#index += 1;
    return true;
  };

  /** Returns why the record in this range of the body isn't accepted. */
  #take(start: number, end: number): string | undefined {
    const record = this.#record;
    const problem =
      this.#topic === 'ENTRY'
        ? this.#decoder.status(this.#body, start, end, record)
        : this.#decoder.recovery(this.#body, start, end, record);
    if (problem !== undefined) return problem;
    const only = this.#request?.sender?.sensor;
    if (only !== undefined && only !== record.id) return FOREIGN;
    if (this.#isUnknown?.(record.id)) return UNKNOWN_SENSOR;
    this.#gathering.put(record.id, start, end);
    if (record.repaired !== undefined) this.#gathering.replace(record.repaired);
    if (this.#topic === 'ENTRY' && hasWarnings(record, this.#types)) this.#warn();
    return undefined;
  }

  #warn(): void {
    this.#warnings ??= { listed: [], omitted: 0 };
    if (this.#warnings.listed.length === WARNINGS_MAX) {
      this.#warnings.omitted += warningCount(this.#record, this.#types);
      return;
    }
    for (const warning of warningsOf(this.#record, this.#types)) {
      if (this.#warnings.listed.length < WARNINGS_MAX) this.#warnings.listed.push({ index: this.#index, ...warning });
      else this.#warnings.omitted += 1;
    }
  }

  /** Doesn't end the reading, however many there are: such members are statuses, and a client's may stand among them. */
  #rejectUnknown(): void {
    if (this.#unknown - this.#omitted < REJECTIONS_MAX) this.#reject(UNKNOWN_SENSOR);
    else this.#omitted += 1;
    this.#unknown += 1;
  }

  #reject(error: string): void {
    if (error === FOREIGN) this.#foreign += 1;
    this.#rejected ??= [];
    this.#rejected.push({ index: this.#index, error });
  }
}
