/** A request with a body on its way in: reads it within bounds, then hands it to its receiver. */
import { IncomingMessage } from 'node:http';
import { type Answer, BUSY, CLOSE, errorAnswer, type Rejection, type Warnings } from './answers.ts';
import type { Sender } from '../intake/authentication.ts';
import type { ProxyMetrics } from '../metrics.ts';
import type { SensorResponse } from './protocol-errors.ts';

/** What to do with one kind of request. All of it is synchronous and answers through `Intake.respond`. */
export interface Receiver {
  /** Index into INGEST_PATHS. */
  readonly path: number;
  /** Why a request won't be taken, from its headers alone. May note the sender on it. */
  refusal(request: SensorRequest): Answer | undefined;
  /** The whole body is there: `body[0, bodyLength)`, which is not kept after the call. */
  received(request: SensorRequest): void;
  /** The records of the request are durable; `place` is that of the first record of its group. */
  committed(request: SensorRequest, place: { readonly partition: number; readonly offset: number }): void;
  /** It was refused, or every member of it: a fault of who sent it. Called once, as it is answered. */
  refused(request: SensorRequest): void;
  /** The log did not take them. */
  failed(request: SensorRequest, reason: string): void;
}

const NOTHING = Buffer.alloc(0);

/** A request as this server makes it: its own fields in place of closures, so that a request costs one object. */
export class SensorRequest extends IncomingMessage {
  intake: Intake | undefined;
  receiver: Receiver | undefined;
  response: SensorResponse | undefined;
  sender: Sender | undefined;
  refused: Answer | undefined;
  body: Buffer = NOTHING;
  bodyLength = 0;
  /** What of the budget for unfinished bodies this one holds. */
  reserved = 0;
  pieces = 0;
  discarded = 0;
  answered = false;
  accepted = 0;
  /** Its record went to the log in an append of its own. */
  appendedAlone = false;
  /** How many of its members were refused. */
  refusedRecords = 0;
  rejected: Rejection[] | undefined;
  notReadFrom: number | undefined;
  warnings: Warnings | undefined;

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.intake?.finish(this);
    super._destroy(error, callback);
  }
}

const LINGER_MS = 1_000;
/** The answer to who is over the quota, which must not make it last for ever. */
const TOO_MUCH = 429;
const GROWTH_BYTES_MIN = 4_096;
/** A body in more pieces than this, and such small ones, is an attack: a piece costs as much as a hundred bytes of a proper body. */
const PIECES_MAX = 1_000;
const PIECE_BYTES_MIN = 64;

export interface IntakeLimits {
  readonly bodyBytesMax: number;
  /** All bodies together that have begun to arrive and aren't complete. */
  readonly unfinishedBytesMax: number;
}

export class Intake {
  readonly limits: IntakeLimits;
  readonly metrics: ProxyMetrics;
  /** Once set, every answer closes its connection. */
  draining = false;
  /** Requests whose body is on its way. */
  receiving = 0;
  unfinishedBytes = 0;
  readonly #tooLarge: Answer;

  constructor(limits: IntakeLimits, metrics: ProxyMetrics) {
    this.limits = limits;
    this.metrics = metrics;
    this.#tooLarge = errorAnswer(413, `the body is larger than ${limits.bodyBytesMax} bytes`, CLOSE);
  }

  /** Takes a request up. Bodies of refused requests are read and dropped, so that the connection stays in step. */
  receive(request: SensorRequest, response: SensorResponse, receiver: Receiver, expectsContinue: boolean): void {
    request.intake = this;
    request.receiver = receiver;
    request.response = response;
    this.receiving += 1;
    const declared = request.headers['content-length'];
    const refusal =
      receiver.refusal(request) ?? (declared !== undefined && Number(declared) > this.limits.bodyBytesMax ? this.#tooLarge : undefined);
    if (refusal !== undefined) {
      request.refused = refusal;
      // Whether a client that was told no still sends its body can't be known, so the connection ends with the answer.
      if (expectsContinue) {
        response.shouldKeepAlive = false;
        this.respond(request, refusal);
      } else if (refusal === this.#tooLarge) this.#answerAhead(request, refusal);
    } else if (expectsContinue) response.writeContinue();
    request.on('data', onData);
    request.on('end', onEnd);
  }

  respond(request: SensorRequest, { status, headers, body }: Answer): void {
    const { response, receiver } = request;
    if (response === undefined || receiver === undefined || request.answered) return;
    this.#note(request, receiver, status);
    if (this.draining) response.shouldKeepAlive = false;
    response.begin(body.length);
    response.writeHead(status, headers);
    response.end(body);
  }

  #note(request: SensorRequest, receiver: Receiver, status: number): void {
    request.answered = true;
    this.metrics.answered(receiver.path, status);
    if (status >= 400 && status < 500 && status !== TOO_MUCH) receiver.refused(request);
  }

  /** One more piece of the body. */
  take(request: SensorRequest, chunk: Buffer): void {
    request.pieces += 1;
    if (request.pieces > PIECES_MAX && request.pieces * PIECE_BYTES_MIN > request.bodyLength + request.discarded) {
      this.metrics.protocolErrors += 1;
      request.socket.destroy();
      return;
    }
    if (request.refused !== undefined) {
      this.#discard(request, chunk.length);
      return;
    }
    const length = request.bodyLength + chunk.length;
    if (length > this.limits.bodyBytesMax) {
      this.#refuse(request, this.#tooLarge);
      this.#answerAhead(request, this.#tooLarge);
      return;
    }
    if (request.bodyLength === 0) {
      request.body = chunk;
      if (Number(request.headers['content-length']) !== length && !this.#reserve(request, length)) return;
    } else {
      if (length > request.body.length && !this.#grow(request, length)) return;
      chunk.copy(request.body, request.bodyLength);
    }
    request.bodyLength = length;
  }

  /** The rest of the body will never come. */
  giveUp(request: SensorRequest, refusal: Answer): void {
    this.respond(request, refusal);
    this.finish(request);
  }

  /** The body is complete, or the connection is gone; may be called twice. */
  finish(request: SensorRequest): void {
    if (request.intake === undefined) return;
    request.intake = undefined;
    this.receiving -= 1;
    this.#free(request);
  }

  /** Many small pieces go into one buffer, so that they cost what they hold. */
  #grow(request: SensorRequest, length: number): boolean {
    const declared = Number(request.headers['content-length'] ?? 0);
    const capacity = Math.max(length, Math.min(this.limits.bodyBytesMax, Math.max(declared, 2 * length, GROWTH_BYTES_MIN)));
    const before = request.body;
    if (!this.#reserve(request, capacity)) return false;
    request.body = Buffer.allocUnsafeSlow(capacity);
    before.copy(request.body, 0, 0, request.bodyLength);
    return true;
  }

  #reserve(request: SensorRequest, bytes: number): boolean {
    if (this.unfinishedBytes + bytes - request.reserved > this.limits.unfinishedBytesMax) {
      this.#refuse(request, BUSY);
      return false;
    }
    this.unfinishedBytes += bytes - request.reserved;
    request.reserved = bytes;
    return true;
  }

  #refuse(request: SensorRequest, refusal: Answer): void {
    request.refused = refusal;
    this.#free(request);
  }

  #free(request: SensorRequest): void {
    this.unfinishedBytes -= request.reserved;
    request.reserved = 0;
    request.body = NOTHING;
  }

  #discard(request: SensorRequest, bytes: number): void {
    request.discarded += bytes;
    if (request.refused !== undefined && request.discarded > this.limits.bodyBytesMax) this.#answerAhead(request, request.refused);
  }

  /**
   * Answers before the body has ended and goes on reading for a moment: closing with unread data in the way would reset the
   * connection before the client has read the answer.
   */
  #answerAhead(request: SensorRequest, { status, headers, body }: Answer): void {
    const { response, receiver } = request;
    if (request.answered || response === undefined || receiver === undefined) return;
    this.#note(request, receiver, status);
    response.shouldKeepAlive = false;
    response.begin(body.length);
    response.writeHead(status, headers);
    response.write(body);
    const end = setTimeout(() => response.end(), LINGER_MS);
    response.on('close', () => clearTimeout(end));
    request.on('close', () => response.end());
  }
}

function onData(this: SensorRequest, chunk: Buffer): void {
  this.intake?.take(this, chunk);
}

function onEnd(this: SensorRequest): void {
  const { intake, receiver, refused } = this;
  if (intake === undefined || receiver === undefined) return;
  if (refused !== undefined) intake.respond(this, refused);
  else receiver.received(this);
  intake.finish(this);
}
