import { createHash } from 'node:crypto';
import type { Outcome } from '../../records/incident-record.ts';

export interface OutcomeLimits {
  /** At most this many requests wait at once. */
  readonly waitingMax: number;
  /** So many outcomes are remembered, the newest. */
  readonly knownMax: number;
}

const LIMITS: OutcomeLimits = { waitingMax: 1_000, knownMax: 20_000 };

/** What became of actions on incidents, by their ids, and the requests that wait for it. The first answer stands. */
export class Outcomes {
  readonly #limits: OutcomeLimits;
  readonly #known = new Map<string, Outcome>();
  /**
   * What was asked for with an id: the same id for something else is a mistake of whoever sends it. As a hash, since twenty thousand notes would be tens of
   * megabytes, and are nobody's business here.
   */
  readonly #asked = new Map<string, string>();
  readonly #waiting = new Set<{ readonly id: string; readonly settle: () => void }>();

  constructor(limits: Partial<OutcomeLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get full(): boolean {
    return this.#waiting.size >= this.#limits.waitingMax;
  }

  find(id: string): Outcome | undefined {
    return this.#known.get(id);
  }

  /** Remembers what an id stands for. False: it stands for something else already. */
  ask(id: string, what: string): boolean {
    const hash = createHash('sha256').update(what).digest('base64');
    const before = this.#asked.get(id);
    if (before !== undefined) return before === hash;
    this.#asked.set(id, hash);
    bound(this.#asked, this.#limits.knownMax);
    return true;
  }

  /** Takes answers from the log. Call it once the incidents of the same commit are known, since who waits is answered with them. */
  hear(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (this.#known.has(outcome.action)) continue;
      this.#known.set(outcome.action, outcome);
      bound(this.#known, this.#limits.knownMax);
    }
    const heard = new Set(outcomes.map(({ action }) => action));
    for (const waiter of [...this.#waiting]) if (heard.has(waiter.id)) waiter.settle();
  }

  /** Resolves with the outcome, or with undefined after `ms` or once the console stops; never rejects. */
  outcome(id: string, ms: number): Promise<Outcome | undefined> {
    const known = this.find(id);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        resolve(this.find(id));
      };
      const timer = setTimeout(settle, ms);
      const waiter = { id, settle };
      this.#waiting.add(waiter);
    });
  }

  close(): void {
    for (const { settle } of [...this.#waiting]) settle();
  }
}

function bound(map: Map<string, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
