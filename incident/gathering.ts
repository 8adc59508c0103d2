import { compareSeverity } from '../alarm/severity.ts';
import type { Incident } from './incident.ts';
import { DIGEST_LINES_MAX, DIGEST_MS, type Settings, type Target } from './settings.ts';
import { endOf, isTimeOfDay } from './time-of-day.ts';

/** What waits for a target. */
export interface Window {
  readonly target: string;
  /** When it is looked at again, epoch ms. */
  readonly until: number;
  /** It began in the target's quiet hours, so that what is over by their end isn't worth a word. */
  readonly isQuiet: boolean;
  readonly incidents: ReadonlySet<number>;
}

/** What targets are not told at once but together: in their quiet hours, or because they want digests. */
export class Gathering {
  readonly #windows = new Map<string, Window>();

  get nextDue(): number {
    return Math.min(...[...this.#windows.values()].map(({ until }) => until));
  }

  all(): Window[] {
    return [...this.#windows.values()];
  }

  restore(windows: Iterable<Window>): void {
    for (const window of windows) this.#windows.set(window.target, window);
  }

  /** Whether the target is told of it later; if so, it is kept until then. What is critical never waits. */
  keeps(target: Target, { id, severity }: Incident, now: number, zone: string): boolean {
    const before = this.#windows.get(target.name);
    const until = severity === 'CRITICAL' ? undefined : untilOf(target, now, zone);
    const incidents = new Set(before?.incidents);
    if (until === undefined) {
      if (before && incidents.delete(id)) this.#windows.set(target.name, { ...before, incidents });
      return false;
    }
    const isQuiet = before?.isQuiet ?? isQuietNow(target, now, zone);
    this.#windows.set(target.name, { target: target.name, until: before?.until ?? until, isQuiet, incidents: incidents.add(id) });
    return true;
  }

  /** Ends the windows that are due. */
  takeDue(now: number, { targets, zone }: Settings): Window[] {
    const due = this.all().filter(({ until }) => until <= now);
    return due.flatMap((window) => {
      const target = targets.find(({ name }) => name === window.target);
      const goesOn = window.isQuiet && target?.quiet && isQuietNow(target, now, zone);
      if (goesOn) this.#windows.set(window.target, { ...window, until: endOf(target.quiet, now, zone) });
      else this.#windows.delete(window.target);
      return goesOn ? [] : [window];
    });
  }

  /** No digest waits longer than from now on, whatever a clock said that was ahead. */
  clamp(now: number, { targets }: Settings): void {
    for (const { name, digestMs = DIGEST_MS } of targets) {
      const window = this.#windows.get(name);
      if (window && !window.isQuiet && window.until > now + digestMs) {
        this.#windows.set(name, { ...window, until: now + digestMs });
      }
    }
  }
}

/** The lines of a digest: each incident once, as it is now, the gravest first, of these the oldest. */
export function linesOf(window: Window, incidents: readonly Incident[]): { readonly lines: readonly Incident[]; readonly more: number } {
  const worthIt = incidents.filter(({ phase, told }) => !window.isQuiet || phase !== 'CLOSED' || told.has(window.target));
  const inOrder = worthIt.sort((a, b) => compareSeverity(a.severity, b.severity) || a.openedAt - b.openedAt || a.id - b.id);
  return { lines: inOrder.slice(0, DIGEST_LINES_MAX), more: Math.max(0, inOrder.length - DIGEST_LINES_MAX) };
}

function isQuietNow({ quiet }: Target, now: number, zone: string): boolean {
  return quiet !== undefined && isTimeOfDay(quiet, now, zone);
}

function untilOf(target: Target, now: number, zone: string): number | undefined {
  if (target.quiet && isTimeOfDay(target.quiet, now, zone)) return endOf(target.quiet, now, zone);
  return target.digestMs === undefined ? undefined : now + target.digestMs;
}
