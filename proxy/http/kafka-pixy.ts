/**
 * The produce half of kafka-pixy's HTTP API, which the sensors of the reference system use. Answers and errors are kafka-pixy's, with three
 * differences: both modes answer after the durable write, only valid records are accepted, and a record's key is the id in it, whatever `key` says.
 */
import { Decoder } from '../../alarm/decode.ts';
import { skipSpace, trimEnd } from '../../alarm/bytes.ts';
import { emptyStatus, STATUS_BYTES_MAX, type Status } from '../../alarm/status.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { ALTERNATES, type Answer, answer, BUSY, retryAfter, UNAUTHENTICATED, UNKNOWN_SENSOR } from './answers.ts';
import { afterMark, isUtf16, withoutPadding } from './body-format.ts';
import type { Gate } from './gate.ts';
import { Batch } from '../intake/batch.ts';
import type { Gathering } from '../intake/gathering.ts';
import { PATH } from '../metrics.ts';
import type { Receiver, SensorRequest } from './sensor-request.ts';

const FORM = 'application/x-www-form-urlencoded';
/** Room for every byte of the longest status as %XX, and a key. */
const FORM_BYTES_MAX = 4 * STATUS_BYTES_MAX;
const TOO_LONG = `longer than ${STATUS_BYTES_MAX} bytes`;
const TEXT_OR_JSON = /^(text\/plain|application\/(.+\+)?json)$/;
const JSON_WITH_PARAMETERS = /^application\/(?:[^;]+\+)?json\s*(?:;.*)?$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The topic that a path names, as in `/topics/ENTRY/messages`, for any cluster; undefined: another path. */
export function topicOf(pathname: string): string | undefined {
  return /^(?:\/clusters\/[^/]+)?\/topics\/([^/]+)\/messages$/.exec(pathname)?.[1];
}

export class KafkaPixy implements Receiver {
  readonly path = PATH.pixy;
  readonly #topic: 'ENTRY' | 'OK';
  readonly #gate: Gate;
  readonly #gathering: Gathering;
  readonly #decoder: Decoder;
  readonly #record: Status;
  readonly #batch = new Batch();
  readonly #isUnknown: ((sensor: number) => boolean) | undefined;

  constructor(topic: 'ENTRY' | 'OK', types: TypeSet, gathering: Gathering, gate: Gate, isUnknown?: (sensor: number) => boolean) {
    this.#isUnknown = isUnknown;
    this.#decoder = new Decoder(types);
    this.#record = emptyStatus(types);
    this.#topic = topic;
    this.#gathering = gathering;
    this.#gate = gate;
  }

  refusal(request: SensorRequest): Answer | undefined {
    if (this.#gate.intake.draining) return pixyError(503, 'service is shutting down', ['Connection', 'close', ...retryAfter(1)]);
    return this.#gate.refusal(request) ?? refusalOf(request);
  }

  received(request: SensorRequest): true {
    const refusal = this.#take(request);
    if (refusal !== undefined) this.#gate.intake.respond(request, refusal);
    return true;
  }

  committed(request: SensorRequest, place: { readonly partition: number; readonly offset: number }): void {
    const { intake } = this.#gate;
    intake.metrics.accepted(this.#topic, 1, request.bodyLength);
    // The place is that of the append's first record, so only a request that was appended alone knows its own.
    intake.respond(request, request.appendedAlone ? pixyAnswer(200, { partition: place.partition, offset: place.offset }) : EMPTY);
  }

  refused(request: SensorRequest): void {
    this.#gate.spend(request, 0, 1);
  }

  failed(request: SensorRequest, reason: string): void {
    this.#gate.intake.respond(request, pixyError(503, `not stored: ${reason}`, retryAfter(1)));
  }

  #take(request: SensorRequest): Answer | undefined {
    const isForm = request.headers['content-type'] === FORM;
    if (isForm && request.bodyLength > FORM_BYTES_MAX) return pixyError(400, TOO_LONG);
    const parameters = parametersOf(request);
    if (isForm) {
      const message = Buffer.from(parameters.get('msg') ?? '');
      if (message.length === 0) return pixyError(400, 'empty message');
      request.body = message;
      request.bodyLength = message.length;
    }
    const { body, bodyLength } = request;
    const start = skipSpace(body, afterMark(body, bodyLength), bodyLength);
    const end = trimEnd(body, start, withoutPadding(body, bodyLength));
    if (start >= end) return pixyError(400, 'empty message');
    if (isUtf16(body, bodyLength)) return pixyError(400, 'the message must be UTF-8, and looks like UTF-16');
    const problem =
      this.#topic === 'ENTRY'
        ? this.#decoder.status(body, start, end, this.#record)
        : this.#decoder.recovery(body, start, end, this.#record);
    if (problem !== undefined) {
      this.#gate.intake.metrics.rejected(this.#topic, 1);
      return pixyError(400, problem);
    }
    if (request.sender?.sensor !== undefined && request.sender.sensor !== this.#record.id) return UNAUTHENTICATED;
    if (this.#isUnknown?.(this.#record.id)) {
      this.#gate.intake.metrics.rejected(this.#topic, 1);
      this.#gate.intake.metrics.unknown(this.#topic, 1);
      return pixyError(403, UNKNOWN_SENSOR);
    }
    if (!this.#gate.queue.hasRoom(bodyLength)) return BUSY;
    return this.#append(request, start, end, parameters.has('sync'));
  }

  #append(request: SensorRequest, start: number, end: number, alone: boolean): Answer | undefined {
    if (alone) this.#gathering.flush();
    this.#batch.clear();
    this.#batch.put(this.#record.id, start, end);
    if (this.#record.repaired !== undefined) this.#batch.replace(this.#record.repaired, request.bodyLength);
    request.appendedAlone = alone;
    if (!this.#gathering.add(request, this.#batch)) return ALTERNATES;
    this.#gate.spend(request, 1, 0);
    if (alone) this.#gathering.flush();
    return undefined;
  }
}

function refusalOf({ headers, rawHeaders }: SensorRequest): Answer | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (/^x-kafka-/i.test(name) && !BASE64.test(rawHeaders[i + 1] ?? ''))
      return pixyError(400, `Invalid base64 encoding for header: ${canonical(name)}`);
  }
  const type = headers['content-type'] ?? '';
  if (type === FORM) return undefined;
  if (!TEXT_OR_JSON.test(type) && !JSON_WITH_PARAMETERS.test(type)) return pixyError(400, `unsupported content type ${type}`);
  return headers['content-length'] === undefined ? pixyError(400, 'missing Content-Length header') : undefined;
}

/** Query and form together, the form first, as in Go. */
function parametersOf(request: SensorRequest): URLSearchParams {
  const url = request.url ?? '';
  const at = url.indexOf('?');
  const query = at < 0 ? '' : url.slice(at + 1);
  if (request.headers['content-type'] !== FORM) return new URLSearchParams(query);
  return new URLSearchParams(`${request.body.toString('utf8', 0, request.bodyLength)}&${query}`);
}

/** `x-kafka-foo` as `X-Kafka-Foo`. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function pixyAnswer(status: number, value: object, headers: readonly string[] = []): Answer {
  return answer(status, JSON.stringify(value, undefined, 2), headers);
}

const EMPTY = pixyAnswer(200, {});

export function pixyError(status: number, error: string, headers: readonly string[] = []): Answer {
  return pixyAnswer(status, { error }, headers);
}
