import { Gauge, type Registry } from 'prom-client';

/**
 * What each part of a process says of itself. A role has one of its own, below that of the process: it is ready when its own parts are, so
 * that a mail server that is away doesn't take the ingest out of a load balancer, and it can still tell what is wrong elsewhere.
 */
export class Health {
  readonly #parent: Health | undefined;
  readonly #problems = new Map<string, string>();
  readonly #notices = new Map<string, string>();

  constructor(parent?: Health) {
    this.#parent = parent;
  }

  /** `problem` in plain words, or undefined once the part can do its work. */
  report(part: string, problem: string | undefined): void {
    if (problem === undefined) this.#problems.delete(part);
    else this.#problems.set(part, problem);
    this.#parent?.report(part, problem);
  }

  /** What people should know of a part that does its work all the same: it is shown, and no reason not to be ready. Undefined: nothing any more. */
  notice(part: string, notice: string | undefined): void {
    if (notice === undefined) this.#notices.delete(part);
    else this.#notices.set(part, notice);
    this.#parent?.notice(part, notice);
  }

  get ready(): boolean {
    return this.#problems.size === 0;
  }

  problems(): Record<string, string> {
    return Object.fromEntries(this.#problems);
  }

  /** Those of the whole process. */
  notices(): Record<string, string> {
    return this.#parent?.notices() ?? Object.fromEntries(this.#notices);
  }

  /** Problems of other roles in this process. */
  elsewhere(): Record<string, string> {
    const all = Object.entries(this.#parent?.problems() ?? {});
    return Object.fromEntries(all.filter(([part]) => !this.#problems.has(part)));
  }
}

/** Which parts have a problem or a notice now, for alert rules. */
export function observeHealth(health: Health, registry: Registry): void {
  new Gauge({
    name: 'tocsin_part_problem',
    help: '1 for each part of this process that cannot do its work now',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      this.reset();
      for (const part of Object.keys(health.problems())) this.set({ part }, 1);
    },
  });
  new Gauge({
    name: 'tocsin_part_notice',
    help: '1 for each part of this process that works but has something that somebody should look at',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      this.reset();
      for (const part of Object.keys(health.notices())) this.set({ part }, 1);
    },
  });
}
