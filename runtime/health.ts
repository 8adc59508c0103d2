import { Gauge, type Registry } from 'prom-client';

/**
 * What each part of a process reports about itself. A role has a health of its own below that of the process, and is ready when its own parts are,
 * so that an unreachable mail server doesn't take the ingest out of a load balancer; it still lists the problems of other roles.
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

  /** Something people should know about a part that works: it is shown, and the role stays ready. Undefined: withdraws the notice. */
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

  /** The notices of the whole process. */
  notices(): Record<string, string> {
    return this.#parent?.notices() ?? Object.fromEntries(this.#notices);
  }

  /** Problems of other roles in this process. */
  elsewhere(): Record<string, string> {
    const all = Object.entries(this.#parent?.problems() ?? {});
    return Object.fromEntries(all.filter(([part]) => !this.#problems.has(part)));
  }
}

/** What a role can do its work without: its problems are notices to the role. */
export class Dispensable extends Health {
  readonly #of: Health;

  constructor(of: Health) {
    super();
    this.#of = of;
  }

  override report(part: string, problem: string | undefined): void {
    this.#of.notice(part, problem);
  }

  override notice(part: string, notice: string | undefined): void {
    this.#of.notice(part, notice);
  }
}

/** Metrics of the parts that have a problem or a notice now, for alert rules. */
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
