import type { Signal } from '../../incident/signal.ts';
import type { Clock } from '../../runtime/clock.ts';

/** After the last operator has left it is said for so long that nobody is there, so that what they have comes back to the queue. */
const LEAVING_MS = 120_000;

/** Says in the log who of the operators is there: whoever is gone for a minute loses what they have. Call `pulse` every 20 s. */
export class PresencePulse {
  readonly #operators: () => readonly string[];
  readonly #append: (signals: readonly Signal[]) => Promise<void>;
  readonly #clock: Clock;
  #lastSeen = Number.NEGATIVE_INFINITY;

  constructor(operators: () => readonly string[], append: (signals: readonly Signal[]) => Promise<void>, clock: Clock) {
    this.#operators = operators;
    this.#append = append;
    this.#clock = clock;
  }

  /** Never rejects: who is there is said again in a moment. */
  async pulse(): Promise<void> {
    const operators = this.#operators();
    const now = this.#clock();
    if (operators.length > 0) this.#lastSeen = now;
    if (now - this.#lastSeen >= LEAVING_MS) return;
    await this.#append([{ signal: 'presence', operators }]).catch(() => undefined);
  }
}
