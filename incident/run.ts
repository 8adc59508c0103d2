import { UNANSWERED_AFTER_MS } from './settings.ts';
import type { Step, Unless } from './protocol.ts';

/** The way through the steps of a protocol, chosen when it began: a change of the settings does not touch it. */
export interface Run {
  /** 1 for the first; an incident that becomes worse or loses its owner begins the next. */
  readonly n: number;
  readonly protocol: string;
  readonly steps: readonly Step[];
  /** Epoch ms of the engine. */
  readonly startedAt: number;
  /** How often each step was said, skipped ones included. */
  readonly said: readonly number[];
  /** Its first word can wait for a digest. */
  readonly gathered?: boolean;
  /** Nothing comes of it any more. */
  readonly isOver: boolean;
}

/** A step that is due for the `repetition`-th time, from 0. */
export interface DueStep {
  readonly step: number;
  readonly repetition: number;
  readonly dueAt: number;
}

export function beginRun(n: number, protocol: string, steps: readonly Step[], startedAt: number): Run {
  return { n, protocol, steps, startedAt, said: steps.map(() => 0), isOver: false };
}

/** When the next repetition of a step is due; Infinity: it was said often enough. */
function dueAt({ steps, startedAt, said }: Run, i: number): number {
  const step = steps[i];
  const times = said[i] ?? 0;
  if (!step || times >= step.times) return Number.POSITIVE_INFINITY;
  return startedAt + step.afterMs + times * (step.everyMs ?? 0);
}

/** When something of the run is due next, by what ends a step here. */
export function nextDue(run: Run, ended: ReadonlySet<Unless>): number {
  if (run.isOver) return Number.POSITIVE_INFINITY;
  return run.steps.reduce((next, step, i) => (isEnded(step, ended) ? next : Math.min(next, dueAt(run, i))), Number.POSITIVE_INFINITY);
}

/** Which steps are due by then, each once: of repetitions that were missed only the last, with how many there were. */
export function dueSteps(run: Run, ended: ReadonlySet<Unless>, now: number): DueStep[] {
  if (run.isOver) return [];
  return run.steps.flatMap((step, i) => {
    const due = dueAt(run, i);
    if (due > now || isEnded(step, ended)) return [];
    const first = run.said[i] ?? 0;
    const missed = step.everyMs ? Math.min(Math.floor((now - due) / step.everyMs), step.times - 1 - first) : 0;
    return [{ step: i, repetition: first + missed, dueAt: due + missed * (step.everyMs ?? 0) }];
  });
}

/** When an incident that nobody took is unanswered: some time after its last word. */
export function unansweredAt({ steps, startedAt, isOver }: Run): number {
  if (isOver || steps.length === 0) return Number.POSITIVE_INFINITY;
  const last = Math.max(...steps.map(({ afterMs, everyMs = 0, times }) => afterMs + (times - 1) * everyMs));
  return startedAt + last + UNANSWERED_AFTER_MS;
}

function isEnded({ unless }: Step, ended: ReadonlySet<Unless>): boolean {
  return unless.some((end) => ended.has(end));
}
