/** POST /entry and /ok: one record, a JSON array, or NDJSON, in; 202, 207 or 400 out. */
import { Decoder } from '../../alarm/decode.ts';
import { emptyStatus } from '../../alarm/status.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { ALTERNATES, type Answer, BUSY, errorAnswer, ingestAnswer, noneAnswer, retryAfter } from './answers.ts';
import { formatOf } from './body-format.ts';
import type { Gate } from './gate.ts';
import type { Gathering } from '../intake/gathering.ts';
import { PATH } from '../metrics.ts';
import { Reading, type ReadingDeps } from './reading.ts';
import type { Receiver, SensorRequest } from './sensor-request.ts';

const UNSUPPORTED = errorAnswer(415, 'the Content-Type must be application/json or application/x-ndjson, in UTF-8', [
  'Accept',
  'application/json, application/x-ndjson',
]);
const NO_LENGTH = errorAnswer(411, "the request has neither Content-Length nor Transfer-Encoding: where its body ends can't be known");

export class Ingest implements Receiver {
  readonly path: number;
  readonly #topic: 'ENTRY' | 'OK';
  readonly #gate: Gate;
  readonly #gathering: Gathering;
  readonly #tooMany: Answer;
  readonly #reading: ReadingDeps;
  /** For the next body: a new one is needed only while another body is being read. */
  #idle: Reading | undefined;

  constructor(
    topic: 'ENTRY' | 'OK',
    types: TypeSet,
    gathering: Gathering,
    gate: Gate,
    batchRecordsMax: number,
    isUnknown?: (sensor: number) => boolean,
  ) {
    const now = (): number => performance.now();
    this.#reading = { topic, types, decoder: new Decoder(types), record: emptyStatus(types), batchRecordsMax, isUnknown, now };
    this.path = topic === 'ENTRY' ? PATH.entry : PATH.ok;
    this.#topic = topic;
    this.#gathering = gathering;
    this.#gate = gate;
    this.#tooMany = errorAnswer(413, `more than ${batchRecordsMax} records in one request`);
  }

  refusal(request: SensorRequest): Answer | undefined {
    const { headers } = request;
    const refusal = this.#gate.refusal(request);
    if (refusal !== undefined) return refusal;
    if (formatOf(headers['content-type']) === undefined) return UNSUPPORTED;
    return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined ? NO_LENGTH : undefined;
  }

  received(request: SensorRequest, until: number): boolean {
    if (request.reading === undefined && !this.#gate.queue.hasRoom(request.bodyLength)) {
      this.#gate.intake.respond(request, BUSY);
      return true;
    }
    const reading = request.reading ?? this.#begin(request);
    if (!reading.readOn(until)) {
      request.reading = reading;
      return false;
    }
    request.reading = undefined;
    this.#finish(request, reading);
    this.#idle = reading;
    return true;
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

  #begin({ body, bodyLength, headers, sender }: SensorRequest): Reading {
    const reading = this.#idle ?? new Reading(this.#reading);
    this.#idle = undefined;
    reading.begin(body, bodyLength, headers['content-type'], sender?.sensor);
    return reading;
  }

  #finish(request: SensorRequest, reading: Reading): void {
    const { intake } = this.#gate;
    const { batch, refused, unknown } = reading;
    request.refusedRecords = refused - unknown;
    request.unknownRecords = unknown;
    if (refused > 0) intake.metrics.rejected(this.#topic, refused);
    if (unknown > 0) intake.metrics.unknown(this.#topic, unknown);
    request.rejected = reading.rejected;
    request.rejectedOmitted = reading.omitted;
    request.notReadFrom = reading.notReadFrom;
    request.warnings = reading.warnings;
    if (reading.members > this.#reading.batchRecordsMax) intake.respond(request, this.#tooMany);
    else if (batch.length === 0) intake.respond(request, noneAnswer(statusOfNone(reading), request));
    else {
      request.accepted = batch.length;
      if (this.#gathering.add(request, batch)) this.#gate.spend(request, batch.length + unknown, refused - unknown);
      else intake.respond(request, ALTERNATES);
    }
  }
}

function statusOfNone({ areForeign, areUnknown }: Reading): 400 | 401 | 403 {
  if (areForeign) return 401;
  return areUnknown ? 403 : 400;
}
