/** Sensors and gateways that send through the edge without pause, and remember what became of each reading. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Edge } from './servers/edge.ts';

/** Below what one client may send, however fast the machine is. */
const PAUSE_MS = 10;
const BATCH = 10;

/** A request that was not answered with success. */
export interface Failure {
  readonly path: string;
  readonly readings: number;
  /** The status, or what the connection failed with. */
  readonly outcome: string;
}

export class EdgeLoad {
  /** `seq` of the readings that were acknowledged. */
  readonly acknowledged: number[] = [];
  requests = 0;
  #failures: Failure[] = [];
  #sent = 0;
  #ended = false;
  readonly #senders: readonly Promise<void>[];

  /** Single readings on a connection that stays, on one each, in batches, and recoveries. */
  constructor(edge: Edge) {
    const lasting = edge.agent(true);
    const single = edge.agent(false);
    const post = (path: string, body: string, agent = lasting): Promise<Answer> =>
      edge.call(edge.sensorsUrl + path, { method: 'POST', body, agent, headers: { 'content-type': 'application/json' } });
    this.#senders = [
      ...[1, 2, 3, 4].map((sensor) => this.#send('/entry', 1, (seqs) => post('/entry', reading(sensor, seqs[0] ?? 0)))),
      this.#send('/entry', 1, (seqs) => post('/entry', reading(5, seqs[0] ?? 0), single)),
      this.#send('/entry', BATCH, (seqs) => post('/entry', `[${seqs.map((seq) => reading(6, seq)).join()}]`)),
      this.#send('/topics/ENTRY/messages', 1, (seqs) => post('/topics/ENTRY/messages?key=7&sync', reading(7, seqs[0] ?? 0))),
      this.#send('/ok', 0, () => post('/ok', '{"id":8}')),
    ];
  }

  /** Those since the last call. */
  failures(): Failure[] {
    return this.#failures.splice(0);
  }

  /** Resolves once everything sent has its outcome. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#senders);
  }

  async #send(path: string, readings: number, post: (seqs: readonly number[]) => Promise<Answer>): Promise<void> {
    while (!this.#ended) {
      const seqs = Array.from({ length: readings }, () => {
        this.#sent += 1;
        return this.#sent;
      });
      const outcome = await post(seqs).then(
        ({ status, text }) => (status === 202 || status === 200 ? undefined : `${status} ${text}`),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      this.requests += 1;
      if (outcome === undefined) this.acknowledged.push(...seqs);
      else this.#failures.push({ path, readings, outcome });
      await sleep(PAUSE_MS);
    }
  }
}

/** Of a sensor where nothing is the matter. */
const reading = (sensor: number, seq: number): string => JSON.stringify({ id: sensor, motion: false, smoke: false, temperature: 20, seq });
