import { ABSENT_AFTER_MS } from './settings.ts';

/** Which operators are there. Nobody is absent while no console says who is, nor just after it began to. */
export class Presence {
  readonly #seen = new Map<string, number>();
  #since = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** A console names those who are there. */
  pulse(operators: readonly string[], now: number): void {
    if (now - this.#last > ABSENT_AFTER_MS) this.#since = now;
    this.#last = now;
    for (const [operator, at] of this.#seen) if (now - at >= ABSENT_AFTER_MS) this.#seen.delete(operator);
    for (const operator of operators) this.#seen.set(operator, now);
  }

  /** After a stop nobody could say that they are there: it counts anew. */
  restart(): void {
    this.#seen.clear();
    this.#since = Number.POSITIVE_INFINITY;
    this.#last = Number.NEGATIVE_INFINITY;
  }

  isAbsent(operator: string, now: number): boolean {
    const isToldOf = now - this.#last < ABSENT_AFTER_MS && now - this.#since >= ABSENT_AFTER_MS;
    return isToldOf && now - (this.#seen.get(operator) ?? this.#since) >= ABSENT_AFTER_MS;
  }
}
