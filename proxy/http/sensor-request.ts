/** Reads the bodies of requests within bounds, then hands them to their receivers. */
import { IncomingMessage } from 'node:http';
import {
  type Answer,
  BUSY,
  CLOSE,
  errorAnswer,
  OVER_SHARE,
  type Rejection,
  TAKEN_BEFORE,
  UNAUTHENTICATED,
  type Warnings,
} from './answers.ts';
import type { Sender } from '../intake/authentication.ts';
import { FairTurns } from '../intake/fair-turns.ts';
import type { ProxyMetrics } from '../metrics.ts';
import type { Reading } from './reading.ts';
import type { SensorResponse } from './protocol-errors.ts';

/** Handles one kind of request. All functions are synchronous, and answer through `Intake.respond`. */
export interface Receiver {
  /** Index into INGEST_PATHS. */
  readonly path: number;
  /** The answer that refuses a request by its headers alone; undefined: it may go on. May set its sender. */
  refusal(request: SensorRequest): Answer | undefined;
  /**
   * The whole body has arrived in `body[0, bodyLength)`. False: it isn't done when performance.now() passes `until`, and is to be called again; the body
   * is kept so long.
   */
  received(request: SensorRequest, until: number): boolean;
  /** The request's records are durable; `place` is that of the first record of its append. */
  committed(request: SensorRequest, place: { readonly partition: number; readonly offset: number }): void;
  /** The request, or all of its members, was refused by fault of the sender. Called once, when it is answered. */
  refused(request: SensorRequest): void;
  /** The log did not accept the records. */
  failed(request: SensorRequest, reason: string): void;
}

const NOTHING = Buffer.alloc(0);

/** A request of this server. Its state is in fields rather than closures, so that a request costs one object. */
export class SensorRequest extends IncomingMessage {
  intake: Intake | undefined;
  receiver: Receiver | undefined;
  response: SensorResponse | undefined;
  sender: Sender | undefined;
  refused: Answer | undefined;
  body: Buffer = NOTHING;
  bodyLength = 0;
  /** Bytes that it has reserved of those for unfinished bodies. */
  reserved = 0;
  pieces = 0;
  discarded = 0;
  /** Whether its body has arrived and waits for its turn. */
  waits = false;
  /** What has been read of its body in earlier turns. */
  reading: Reading | undefined;
  answered = false;
  accepted = 0;
  /** Whether its record was appended alone. */
  appendedAlone = false;
  /** How many of its members were refused for a fault of theirs. */
  refusedRecords = 0;
  /** How many of its members were refused since no client has their sensor; not among the others. */
  unknownRecords = 0;
  rejected: Rejection[] | undefined;
  rejectedOmitted = 0;
  notReadFrom: number | undefined;
  warnings: Warnings | undefined;

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // What has arrived whole is taken, whether or not anybody waits for the answer.
    if (!this.waits) this.intake?.finish(this);
    super._destroy(error, callback);
  }
}

/** What a waiting request is charged in addition to its body. */
const WAITING_BYTES = 512;
const LINGER_MS = 1_000;
/** The answer to a sender over its quota; it isn't charged, or the wait would never end. */
const TOO_MUCH = 429;
const GROWTH_BYTES_MIN = 4_096;
/** A body in more pieces than this, all of them small, is an attack: a piece costs as much as a hundred bytes of a proper body. */
const PIECES_MAX = 1_000;
const PIECE_BYTES_MIN = 64;

export interface IntakeLimits {
  readonly bodyBytesMax: number;
  /** Bound for all incomplete bodies together, bytes. */
  readonly unfinishedBytesMax: number;
}

export class Intake {
  readonly limits: IntakeLimits;
  readonly metrics: ProxyMetrics;
  /** Once set, every answer closes its connection. */
  draining = false;
  /** Number of requests whose body is arriving. */
  receiving = 0;
  unfinishedBytes = 0;
  readonly turns: FairTurns<SensorRequest>;
  readonly #tooLarge: Answer;

  readonly #clientOf: (request: SensorRequest) => string;
  readonly #overShare: (client: string) => void;

  /** `clientOf`: a name for the client that sends a request. `overShare` is called with it when it is refused since it takes more than its share. */
  constructor(
    limits: IntakeLimits,
    metrics: ProxyMetrics,
    clientOf: (request: SensorRequest) => string,
    overShare: (client: string) => void,
  ) {
    this.limits = limits;
    this.metrics = metrics;
    this.#clientOf = clientOf;
    this.#overShare = overShare;
    this.turns = new FairTurns({
      clientOf,
      connectionOf: ({ socket }) => socket,
      bytesOf: ({ bodyLength }) => bodyLength + WAITING_BYTES,
      work: (request, until) => this.#work(request, until),
      now: () => performance.now(),
      bytesMax: limits.unfinishedBytesMax,
    });
    this.#tooLarge = errorAnswer(413, `the body is larger than ${limits.bodyBytesMax} bytes`, CLOSE);
  }

  /** Begins with a request. Bodies of refused requests are read and dropped, so that the connection stays in step. */
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
      // A refused client may or may not still send its body, so the connection ends with the answer.
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
    request.sender?.once?.end(status < 300);
    if (status >= 400 && status < 500 && status !== TOO_MUCH) receiver.refused(request);
  }

  /** Adds a piece of the body. */
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

  /** Has a body read that has arrived whole, or lets it wait for its turn. */
  read(request: SensorRequest): void {
    const outcome = this.turns.take(request);
    if (outcome === 'done') return;
    if (outcome === 'waits') {
      request.waits = true;
      this.#unreserve(request);
      return;
    }
    if (outcome === 'over-share') this.#overShare(this.#clientOf(request));
    this.respond(request, outcome === 'full' ? BUSY : OVER_SHARE);
    this.finish(request);
  }

  #work(request: SensorRequest, until: number): boolean {
    if (request.receiver?.received(request, until) === false) return false;
    request.waits = false;
    this.finish(request);
    return true;
  }

  /** Refuses a request whose body will never be complete. */
  giveUp(request: SensorRequest, refusal: Answer): void {
    this.respond(request, refusal);
    this.finish(request);
  }

  /** Called when the body is complete or the connection is gone; may be called twice. */
  finish(request: SensorRequest): void {
    if (request.intake === undefined) return;
    request.intake = undefined;
    this.receiving -= 1;
    this.#free(request);
  }

  /** Copies many small pieces into one buffer, so that they cost no more than their bytes. */
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
    this.#unreserve(request);
    request.reading = undefined;
    request.body = NOTHING;
  }

  #unreserve(request: SensorRequest): void {
    this.unfinishedBytes -= request.reserved;
    request.reserved = 0;
  }

  #discard(request: SensorRequest, bytes: number): void {
    request.discarded += bytes;
    if (request.refused !== undefined && request.discarded > this.limits.bodyBytesMax) this.#answerAhead(request, request.refused);
  }

  /**
   * Answers before the body has ended and continues reading for a moment: closing with unread data would reset the
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
  const refusal = refused ?? (this.sender?.proves === undefined ? undefined : refusalOf(this, this.sender, this.sender.proves));
  if (refusal === undefined) {
    intake.read(this);
    return;
  }
  // The named sender has not sent it, so it counts for the address.
  if (refusal !== refused) this.sender = undefined;
  intake.respond(this, refusal);
  intake.finish(this);
}

/** Of a signed request that its sender has not sent, or not just now. */
function refusalOf(
  { url = '', body, bodyLength }: SensorRequest,
  { once }: Sender,
  proves: NonNullable<Sender['proves']>,
): Answer | undefined {
  if (!proves(url.split('?', 1)[0] ?? '', body.subarray(0, bodyLength))) return UNAUTHENTICATED;
  const state = once?.begin();
  if (state === 'taken') return TAKEN_BEFORE;
  return state === 'under-way' ? BUSY : undefined;
}
