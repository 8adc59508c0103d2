/** POST /entry and /ok: one record, a JSON array, or NDJSON, in; 202, 207 or 400 out. */
import { skipSpace, trimEnd } from '../alarm/bytes.ts';
import { decodeRecovery, decodeStatus, forEachLine, forEachMember } from '../alarm/decode.ts';
import { emptyStatus } from '../alarm/status.ts';
import { ALTERNATES, type Answer, BUSY, errorAnswer, ingestAnswer, type Rejection, retryAfter } from './answers.ts';
import { afterMark, formatOf, isUtf16 } from './body-format.ts';
import type { Gate } from './gate.ts';
import type { Gathering } from './gathering.ts';
import { PATH } from './metrics.ts';
import type { Receiver, SensorRequest } from './sensor-request.ts';

const UNSUPPORTED = errorAnswer(415, 'the Content-Type must be application/json or application/x-ndjson, in UTF-8', [
  'Accept',
  'application/json, application/x-ndjson',
]);
const NO_LENGTH = errorAnswer(411, "the request has neither Content-Length nor Transfer-Encoding: where its body ends can't be known");
const OPEN_BRACKET = 0x5b;
const FOREIGN = "the key is another sensor's";

export class Ingest implements Receiver {
  readonly path: number;
  readonly #topic: 'ENTRY' | 'OK';
  readonly #gate: Gate;
  readonly #gathering: Gathering;
  readonly #batchRecordsMax: number;
  readonly #tooMany: Answer;
  readonly #record = emptyStatus();
  /** The request that is being decoded. */
  #request: SensorRequest | undefined;
  #body: Buffer = Buffer.alloc(0);
  #index = 0;
  #foreign = 0;
  #rejected: Rejection[] | undefined;

  constructor(topic: 'ENTRY' | 'OK', gathering: Gathering, gate: Gate, batchRecordsMax: number) {
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
    this.#turnTo(request);
    const before = this.#gathering.begin(bodyLength);
    const problem = this.#readAll(request);
    if (problem !== undefined) this.#reject(problem);
    const accepted = problem === undefined ? this.#gathering.length - before : 0;
    request.rejected = this.#rejected;
    if (this.#rejected !== undefined) intake.metrics.rejected(this.#topic, this.#index - accepted);
    if (this.#index > this.#batchRecordsMax) {
      this.#gathering.cancel();
      intake.respond(request, this.#tooMany);
    } else if (accepted === 0) {
      this.#gathering.cancel();
      intake.respond(request, ingestAnswer(0, request.rejected, this.#foreign === request.rejected?.length ? 401 : 400));
    } else {
      request.accepted = accepted;
      if (this.#gathering.end(request)) this.#gate.spend(request, accepted);
      else intake.respond(request, ALTERNATES);
    }
  }

  committed(request: SensorRequest): void {
    const { accepted, bodyLength, rejected } = request;
    const { intake } = this.#gate;
    intake.metrics.accepted(this.#topic, accepted, bodyLength);
    intake.respond(request, ingestAnswer(accepted, rejected));
  }

  failed(request: SensorRequest, reason: string): void {
    this.#gate.intake.respond(request, errorAnswer(503, `not stored: ${reason}`, retryAfter(1)));
  }

  #turnTo(request: SensorRequest): void {
    this.#request = request;
    this.#body = request.body;
    this.#index = 0;
    this.#foreign = 0;
    this.#rejected = undefined;
  }

  /** Puts what is valid into the gathering; answers what is wrong with the body as a whole. */
  #readAll(request: SensorRequest): string | undefined {
    const { body, bodyLength } = request;
    const start = skipSpace(body, afterMark(body, bodyLength), bodyLength);
    if (start === bodyLength) return 'the body is empty';
    if (isUtf16(body, bodyLength)) return 'the body must be UTF-8, and looks like UTF-16';
    const format = formatOf(request.headers['content-type']);
    if (format === 'lines') forEachLine(body, start, bodyLength, this.#visit);
    else if (body[start] !== OPEN_BRACKET) this.#visit(start, trimEnd(body, start, bodyLength));
    else {
      const problem = forEachMember(body, start, bodyLength, this.#visit);
      if (problem !== undefined) return problem;
      if (this.#index === 0) return 'the array is empty';
    }
    return undefined;
  }

  readonly #visit = (start: number, end: number): void => {
    if (this.#index < this.#batchRecordsMax) {
      const problem =
        this.#topic === 'ENTRY' ? decodeStatus(this.#body, start, end, this.#record) : decodeRecovery(this.#body, start, end, this.#record);
      if (problem !== undefined) this.#reject(problem);
      else if (this.#request?.sender?.sensor !== undefined && this.#request.sender.sensor !== this.#record.id) {
        this.#foreign += 1;
        this.#reject(FOREIGN);
      } else this.#gathering.put(this.#record.id, start, end);
    }
    this.#index += 1;
  };

  #reject(error: string): void {
    this.#rejected ??= [];
    this.#rejected.push({ index: this.#index, error });
  }
}
