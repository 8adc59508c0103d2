import { type Dispatcher, Pool } from 'undici';
import type { Message } from './message.ts';

/** The outcome of one request. */
export type Answer =
  /** Durable, except for the `rejected` members. */
  | { readonly kind: 'accepted'; readonly rejected: ReadonlyMap<number, string> }
  /** The system will never accept it. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  /** Not accepted now. `doubtful`: it may have been accepted nevertheless. */
  | { readonly kind: 'later'; readonly reason: string; readonly doubtful: boolean; readonly retryAfterMs: number | undefined };

export interface IngestClientConfig {
  readonly url: string;
  readonly connections: number;
  readonly timeoutMs: number;
  /** Bearer token of a gateway, if the system requires one. */
  readonly token: string | undefined;
}

const NONE_REJECTED: ReadonlyMap<number, string> = new Map();
const ACCEPTED: Answer = { kind: 'accepted', rejected: NONE_REJECTED };
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Posts to the ingest over keep-alive connections, one request at a time on each. Never rejects and never retries. */
export class IngestClient {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #authorization: Readonly<Record<string, string>>;

  constructor({ url, connections, timeoutMs, token }: IngestClientConfig) {
    const { origin, pathname } = new URL(url);
    this.#path = pathname.replace(/\/$/, '');
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs },
      maxResponseSize: ANSWER_BYTES_MAX,
    });
  }

  post(topic: Message['topic'], body: string, type: string, members: number): Promise<Answer> {
    const path = this.#path + (topic === 'ENTRY' ? '/entry' : '/ok');
    return new Promise((resolve) => {
      const headers = { 'content-type': type, ...this.#authorization };
      this.#pool.dispatch({ path, method: 'POST', headers, body }, new Exchange(members, resolve));
    });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** One request under way. A class for speed, since there is one for every message. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #members: number;
  readonly #resolve: (answer: Answer) => void;
  #status = 0;
  #retryAfterMs: number | undefined;
  #text = '';

  constructor(members: number, resolve: (answer: Answer) => void) {
    this.#members = members;
    this.#resolve = resolve;
  }

  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    const seconds = Number(headers['retry-after']);
    if (Number.isFinite(seconds)) this.#retryAfterMs = seconds * 1_000;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#text += chunk.toString();
  }

  onResponseEnd(): void {
    this.#resolve(answerOf(this.#status, this.#text, this.#members, this.#retryAfterMs));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#resolve(failure(error));
  }
}

function answerOf(status: number, text: string, members: number, retryAfterMs: number | undefined): Answer {
  if (status === 202 && members === 1) return ACCEPTED;
  if (status === 202 || status === 207) return partly(status, text, members);
  if (status === 429) return { kind: 'later', reason: '429', doubtful: false, retryAfterMs };
  if (status === 408 || status >= 500) return { kind: 'later', reason: String(status), doubtful: true, retryAfterMs };
  return { kind: 'refused', status, reason: `${status} ${text.slice(0, 200)}` };
}

function partly(status: number, text: string, members: number): Answer {
  const broken = (): Answer => ({
    kind: 'refused',
    status,
    reason: `${status} for ${members} messages, with the answer ${text.slice(0, 200)}`,
  });
  try {
    const { accepted, rejected = [] } = JSON.parse(text) as { accepted: number; rejected?: { index: number; error: string }[] };
    if (accepted + rejected.length !== members) return broken();
    return { kind: 'accepted', rejected: new Map(rejected.map(({ index, error }) => [index, error])) };
  } catch {
    return broken();
  }
}

/** Failures in which no byte of the request can have arrived. */
const NEVER_ARRIVED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

function failure(error: Error): Answer {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { kind: 'later', reason: code, doubtful: !NEVER_ARRIVED.has(code), retryAfterMs: undefined };
}
