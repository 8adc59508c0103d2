import { type Answer, CONTENT_ENCODED, DRAINING, errorAnswer, retryAfter, TRANSFER_ENCODED, UNAUTHENTICATED } from './answers.ts';
import type { Authentication } from '../intake/authentication.ts';
import type { CommitQueue } from '../intake/commit-queue.ts';
import type { Quota } from '../intake/quota.ts';
import type { Intake, SensorRequest } from './sensor-request.ts';
import type { WebPages } from './web-pages.ts';

/** Refused records count this many times, since they are of no use and cost more than accepted ones. */
const REFUSED_COUNTS = 10;

/** The checks of every request with records, by its headers alone: whether the proxy is stopping, the encoding, the sender, web pages, the quota. */
export class Gate {
  readonly intake: Intake;
  readonly queue: CommitQueue;
  readonly #authentication: Authentication;
  readonly #pages: WebPages;
  readonly #quota: Quota;
  readonly #clientOf: (request: SensorRequest) => string;

  constructor(
    intake: Intake,
    queue: CommitQueue,
    authentication: Authentication,
    pages: WebPages,
    quota: Quota,
    clientOf: (request: SensorRequest) => string,
  ) {
    this.intake = intake;
    this.queue = queue;
    this.#authentication = authentication;
    this.#pages = pages;
    this.#quota = quota;
    this.#clientOf = clientOf;
  }

  refusal(request: SensorRequest): Answer | undefined {
    if (this.intake.draining) return DRAINING;
    const { headers } = request;
    const encoding = headers['content-encoding'];
    if (encoding && encoding.toLowerCase() !== 'identity') return CONTENT_ENCODED;
    const transfer = headers['transfer-encoding'];
    if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') return TRANSFER_ENCODED;
    request.sender = this.#authentication.senderOf(request);
    if (request.sender === undefined) return UNAUTHENTICATED;
    const page = this.#pages.refusal(headers, this.#authentication.required);
    if (page !== undefined) return page;
    if (!this.#quota.limited) return undefined;
    const seconds = this.#quota.wait(this.#clientOf(request), performance.now());
    return seconds === 0 ? undefined : errorAnswer(429, 'more records than this client may send, send again later', retryAfter(seconds));
  }

  /** Charges the sender's quota for a request's accepted and refused records. */
  spend(request: SensorRequest, accepted: number, refused: number): void {
    if (!this.#quota.limited) return;
    const records = accepted + REFUSED_COUNTS * refused;
    this.#quota.spend(this.#clientOf(request), records, performance.now());
  }
}
