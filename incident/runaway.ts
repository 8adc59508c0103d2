import type { Member } from './incident.ts';
import { DETECTORS_MAX, RUNAWAY_CALM_MS, RUNAWAY_OPENINGS, RUNAWAY_WITHIN_MS } from './settings.ts';

/** A detector that has opened incidents lately. Times are ticks, epoch ms. */
export interface Opener {
  readonly sensor: number;
  readonly type: string;
  /** When it opened the last ones, the oldest first; at most `RUNAWAY_OPENINGS`. */
  readonly opened: readonly number[];
  /** When it was last raised, whether that opened anything or not. */
  readonly raisedAt: number;
  /** The trouble that says so, if it runs away. */
  readonly trouble?: string;
}

/** Which detectors open incident after incident. Life safety is none of its business: what is critical is never counted. */
export class Runaways {
  /** In the order in which they were last raised: those that run away, and the others. */
  readonly #running = new Map<string, Opener>();
  readonly #calm = new Map<string, Opener>();

  /** When the first one is over if it isn't raised again, epoch ms. */
  get nextDue(): number {
    for (const { raisedAt } of this.#running.values()) return raisedAt + RUNAWAY_CALM_MS;
    return Number.POSITIVE_INFINITY;
  }

  all(): Opener[] {
    return [...this.#running.values(), ...this.#calm.values()];
  }

  restore(openers: Iterable<Opener>): void {
    for (const opener of openers) this.#put(opener);
  }

  /** A detector is raised; `opens`: there is no incident yet that it joins. Whether it runs away, and whether that is new. */
  raised(
    { sensor, type, severity }: Member & { readonly sensor: number },
    opens: boolean,
    now: number,
    trouble: string,
  ): 'no' | 'begins' | 'goes on' {
    if (severity === 'CRITICAL') return 'no';
    const before = this.#take(sensor, type);
    this.#forget(now);
    if (!before && !opens) return 'no';
    const lately = (before?.opened ?? []).filter((at) => now - at < RUNAWAY_WITHIN_MS);
    const opened = opens ? [...lately, now].slice(-RUNAWAY_OPENINGS) : lately;
    const begins = before?.trouble === undefined && opened.length >= RUNAWAY_OPENINGS && opens;
    const its = before?.trouble ?? (begins ? trouble : undefined);
    this.#put({ sensor, type, opened, raisedAt: now, ...(its !== undefined && { trouble: its }) });
    if (begins) return 'begins';
    return its === undefined ? 'no' : 'goes on';
  }

  /** The next one that was not raised for long enough. What it opened before no longer counts. */
  takeOver(now: number): (Opener & { readonly trouble: string }) | undefined {
    if (this.nextDue > now) return undefined;
    for (const { sensor, type } of this.#running.values()) {
      const opener = this.#take(sensor, type);
      return opener?.trouble === undefined ? undefined : { ...opener, trouble: opener.trouble };
    }
    return undefined;
  }

  #put(opener: Opener): void {
    (opener.trouble === undefined ? this.#calm : this.#running).set(nameOf(opener.sensor, opener.type), opener);
  }

  #take(sensor: number, type: string): Opener | undefined {
    const name = nameOf(sensor, type);
    const opener = this.#running.get(name) ?? this.#calm.get(name);
    this.#running.delete(name);
    this.#calm.delete(name);
    return opener;
  }

  #forget(now: number): void {
    for (const [name, { raisedAt }] of this.#calm) {
      if (now - raisedAt < RUNAWAY_WITHIN_MS && this.#calm.size < DETECTORS_MAX) return;
      this.#calm.delete(name);
    }
  }
}

/** The trouble of a premises whose detector runs away. */
export function runawayTrouble(id: string, { sensor, raisedAt }: Member & { readonly sensor: number }): Member {
  return { id, sensor, type: 'runaway', severity: 'WARNING', lifeSafety: false, raisedAt, active: true, version: 1 };
}

function nameOf(sensor: number, type: string): string {
  return `${sensor} ${type}`;
}
