import type { Severity } from '../alarm/severity.ts';
import { UNWELL_FOR_MS } from './settings.ts';

/** A part of the system itself that is not well. */
export interface Unwell {
  readonly part: string;
  readonly severity: Severity;
  /** Since which tick, epoch ms. */
  readonly since: number;
  /** The member that says so in an incident, once it has lasted for long enough. */
  readonly member?: string;
}

/** Parts of the system that are not well. A word of each change is enough, and a repeat does nothing. */
export class Parts {
  readonly #unwell = new Map<string, Unwell>();

  /** When the next one has lasted for long enough to say it, epoch ms. */
  get nextDue(): number {
    return Math.min(...this.all().map(({ since, member }) => (member === undefined ? since + UNWELL_FOR_MS : Number.POSITIVE_INFINITY)));
  }

  all(): Unwell[] {
    return [...this.#unwell.values()];
  }

  restore(unwell: Iterable<Unwell>): void {
    for (const one of unwell) this.#unwell.set(one.part, one);
  }

  isUnwell(part: string, severity: Severity, now: number): void {
    if (!this.#unwell.has(part)) this.#unwell.set(part, { part, severity, since: now });
  }

  /** Returns the member that is over with it, if there is one. */
  isWell(part: string): string | undefined {
    const member = this.#unwell.get(part)?.member;
    this.#unwell.delete(part);
    return member;
  }

  /** Those that have lasted for long enough and are still to be said; `name` gives each the id of its member. */
  takeDue(now: number, name: (part: string) => string): Unwell[] {
    const due = this.all().filter(({ since, member }) => member === undefined && since + UNWELL_FOR_MS <= now);
    return due.map((one) => {
      const said = { ...one, member: name(one.part) };
      this.#unwell.set(one.part, said);
      return said;
    });
  }
}
