import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../runtime/backoff.ts';
import type { Answer } from './ingest-client.ts';
import { isHit, type Message, matters, opposes, wireForm } from './message.ts';
import { Queue } from './queue.ts';
import type { Tally } from './tally.ts';

export interface AppConfig {
  /** Requests under way at once. */
  readonly connections: number;
  /** Messages per request; 1 sends each by itself. */
  readonly batch: number;
  /** A hit and a message that clears an alarm of the same sensor are sent at least this far apart, in ms, even if the first is late. */
  readonly apartMs: number;
}

export interface AppDeps {
  readonly client: { post(topic: Message['topic'], body: string, type: string, members: number): Promise<Answer> };
  readonly tally: Tally;
  /** Receives every message that can change an alarm, in each sensor's order; `byMs`: when it was acknowledged, since the start of the run. */
  readonly oracle: { acknowledged(message: Message, byMs?: number): void; unknown(message: Message): void };
  /** ms since the start of the run. */
  readonly now: () => number;
}

/** At this many outstanding messages, further ones are planned later, which makes them late but keeps memory bounded. */
const BACKLOG_MAX = 20_000;
/** How long a batch waits for more members, in ms. */
const LINGER_MS = 50;
/** The system treats the same bytes as one reading if they arrive within a minute. After this long, in ms, it is not certain any more whether it will. */
const SURELY_ONE_MS = 50_000;
const BACKOFF = { firstMs: 50, maxMs: 2_000 };

/**
 * One simulator program: sends its sensors' messages when they are due, whether or not the system keeps up (open loop). A sensor's next message waits
 * until the previous one is acknowledged. A message is sent again, with the same `seq`, until it is acknowledged or `giveUp` is aborted.
 */
export class App {
  readonly #config: AppConfig;
  readonly #deps: AppDeps;
  readonly #giveUp: AbortSignal;
  /** Messages that are due and can be sent now. */
  readonly #ready = { ENTRY: new Queue<Message>(), OK: new Queue<Message>() };
  /** Messages that wait for the sensor's message under way; a sensor is busy while it has an entry. */
  readonly #lines = new Map<number, Message[]>();
  /** A sensor's last hit or recovery, and when it was acknowledged. */
  readonly #latest = new Map<number, { message: Message; atMs: number }>();
  /** When a hit was first sent, by sensor and reading. */
  readonly #sentMs = new Map<string, number>();
  #inFlight = 0;
  #outstanding = 0;
  #requests = 0;
  #lingering: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #awaken: (() => void) | undefined;

  constructor(config: AppConfig, deps: AppDeps, giveUp: AbortSignal) {
    this.#config = config;
    this.#deps = deps;
    this.#giveUp = giveUp;
  }

  /** Sends `messages` until they end or `stop` is aborted; resolves when each has an outcome. Messages that were not sent yet when it gives up count as unsent. */
  async run(messages: Iterable<Message>, stop: AbortSignal): Promise<void> {
    const { now, tally } = this.#deps;
    const halt = AbortSignal.any([stop, this.#giveUp]);
    halt.addEventListener('abort', () => this.#awaken?.(), { once: true });
    for (const message of messages) {
      if (this.#giveUp.aborted && !stop.aborted) {
        tally.unsent += 1;
        continue;
      }
      const earlyMs = message.dueMs - now();
      if (earlyMs > 0 && !halt.aborted) await this.#slumber(Math.ceil(earlyMs));
      while (this.#outstanding >= BACKLOG_MAX && !halt.aborted) await this.#change(halt);
      if (stop.aborted) break;
      this.#outstanding += 1;
      this.#enqueue(message);
    }
    while (this.#outstanding > 0 && !this.#giveUp.aborted) await this.#change(this.#giveUp);
    while (this.#inFlight > 0) await this.#change();
    clearTimeout(this.#lingering);
    tally.unsent += this.#outstanding;
  }

  /** Sleeps with one timer and without a listener on the signal, since it is called for every message. */
  #slumber(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#awaken = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Resolves when a request has ended, or on `signal`. */
  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal?.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #enqueue(message: Message): void {
    const line = this.#lines.get(message.sensor);
    if (line !== undefined) line.push(message);
    else {
      this.#lines.set(message.sensor, []);
      this.#release(message);
    }
  }

  #release(message: Message): void {
    const latest = matters(message) ? this.#latest.get(message.sensor) : undefined;
    const waitMs = latest === undefined || !opposes(message, latest.message) ? 0 : latest.atMs + this.#config.apartMs - this.#deps.now();
    if (waitMs > 0) {
      setTimeout(() => this.#goes(message), waitMs).unref();
      return;
    }
    this.#goes(message);
  }

  #goes(message: Message): void {
    this.#ready[message.topic].push(message);
    this.#send();
  }

  #send(): void {
    while (this.#inFlight < this.#config.connections && !this.#giveUp.aborted) {
      const topic = this.#nextTopic();
      if (topic === undefined) return;
      this.#inFlight += 1;
      // Never rejects: every failure is an answer.
      void this.#deliver(topic, this.#ready[topic].take(this.#config.batch));
    }
  }

  /** The topic of the message that is due longest, if a batch of it is full or has waited long enough. */
  #nextTopic(): Message['topic'] | undefined {
    const { ENTRY, OK } = this.#ready;
    const oldest = Math.min(ENTRY.first()?.dueMs ?? Number.POSITIVE_INFINITY, OK.first()?.dueMs ?? Number.POSITIVE_INFINITY);
    if (oldest === Number.POSITIVE_INFINITY) return undefined;
    const topic = OK.first()?.dueMs === oldest ? 'OK' : 'ENTRY';
    const { batch } = this.#config;
    if (batch === 1) return topic;
    const waitMs = oldest + LINGER_MS - this.#deps.now();
    if (waitMs <= 0) return topic;
    if (ENTRY.length >= batch) return 'ENTRY';
    if (OK.length >= batch) return 'OK';
    this.#lingering ??= setTimeout(() => {
      this.#lingering = undefined;
      this.#send();
    }, waitMs);
    return undefined;
  }

  async #deliver(topic: Message['topic'], messages: readonly Message[]): Promise<void> {
    const { client, tally } = this.#deps;
    this.#requests += 1;
    const { body, type } = requestOf(messages, this.#requests % 2 === 0);
    const again = new Set(messages.filter((message) => this.#wasSent(message)));
    let doubtful = false;
    for (let attempt = 0; ; attempt += 1) {
      tally.requests += 1;
      const answer = await client.post(topic, body, type, messages.length);
      if (answer.kind !== 'later') {
        this.#settled(messages, answer, (message) => doubtful || again.has(message));
        break;
      }
      doubtful ||= answer.doubtful;
      await sleep(answer.retryAfterMs ?? backoffMs(attempt, BACKOFF), undefined, { signal: this.#giveUp }).catch(() => undefined);
      if (this.#giveUp.aborted) {
        this.#givenUp(messages, doubtful);
        break;
      }
      tally.retried(answer.reason);
    }
    this.#inFlight -= 1;
    this.#send();
    this.#wake?.();
  }

  /** Whether a hit was sent before; notes when it is sent for the first time. */
  #wasSent(message: Message): boolean {
    if (!isHit(message)) return false;
    const key = `${message.sensor} ${message.reading}`;
    if (this.#sentMs.has(key)) return true;
    this.#sentMs.set(key, this.#deps.now());
    return false;
  }

  #settled(messages: readonly Message[], answer: Exclude<Answer, { kind: 'later' }>, cameTwice: (message: Message) => boolean): void {
    const { tally, oracle, now } = this.#deps;
    const atMs = now();
    for (const [i, message] of messages.entries()) {
      const refusal = answer.kind === 'refused' ? answer.reason : answer.rejected.get(i);
      if (refusal !== undefined) tally.refusedFor(refusal);
      else {
        tally.acknowledged += 1;
        if (message.topic === 'OK') tally.recoveries += 1;
        tally.latency.record(Math.max(1, Math.round((atMs - message.dueMs) * 1_000)));
        if (matters(message)) {
          if (message.topic === 'OK' || isHit(message)) this.#latest.set(message.sensor, { message, atMs });
          oracle.acknowledged(message, atMs);
          const firstMs = this.#sentMs.get(`${message.sensor} ${message.reading}`) ?? atMs;
          // The system may have counted it as another reading.
          if (cameTwice(message) && atMs - firstMs > SURELY_ONE_MS) oracle.unknown({ ...message, reading: -atMs });
        }
      }
      this.#outstanding -= 1;
      this.#nextOf(message.sensor);
    }
  }

  #givenUp(messages: readonly Message[], doubtful: boolean): void {
    for (const message of messages) {
      if (!doubtful) continue;
      this.#deps.tally.unknown += 1;
      this.#outstanding -= 1;
      if (matters(message)) this.#deps.oracle.unknown(message);
    }
  }

  #nextOf(sensor: number): void {
    const next = this.#lines.get(sensor)?.shift();
    if (next === undefined) this.#lines.delete(sensor);
    else this.#release(next);
  }
}

function requestOf(messages: readonly Message[], lines: boolean): { body: string; type: string } {
  const [first] = messages;
  if (messages.length === 1 && first !== undefined) return { body: wireForm(first), type: 'application/json' };
  const members = messages.map(wireForm);
  return lines
    ? { body: `${members.join('\n')}\n`, type: 'application/x-ndjson' }
    : { body: `[${members.join(',')}]`, type: 'application/json' };
}
