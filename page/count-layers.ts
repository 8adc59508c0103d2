import { SEVERITIES } from '../alarm/severity.ts';
import { SEVERITY_COLOUR } from './severity-colour.ts';
import type { MinuteCount } from './state.ts';
import type { KnownTypes, Type } from './types.ts';

/** Alarms of one severity in the graph of the last hour. */
export interface Layer {
  readonly colour: string;
  /** The names of its types. */
  readonly words: string;
  /** The number of alarms in each minute. */
  readonly minutes: readonly number[];
}

export const MINUTES = 60;
const MINUTE_MS = 60_000;
/** For types that the server no longer has, so that their severity isn't known. */
const STRANGE_COLOUR = '#66788A';

/** A layer for each severity that any type has, the gravest first. `end`: the last minute, in minutes since the epoch. */
export function layersOf(types: KnownTypes, counts: readonly MinuteCount[], end: number): Layer[] {
  return [...SEVERITIES, undefined].flatMap((severity) => {
    const of = counts.filter(({ type }) => types.of(type).severity === severity);
    const counted = new Set(of.map(({ type }) => type));
    const isCounted = ({ name }: Type): boolean => counted.has(name);
    const all =
      severity === undefined ? [...counted].map((name) => types.of(name)) : types.gravestFirst.filter((type) => type.severity === severity);
    if (all.length === 0) return [];
    // Types in the graph first, since a long legend may be cut off.
    const named = [...all.filter(isCounted), ...all.filter((type) => !isCounted(type))];
    const colour = severity === undefined ? STRANGE_COLOUR : SEVERITY_COLOUR[severity];
    return [{ colour, words: named.map(({ text }) => text).join(', '), minutes: perMinute(of, end) }];
  });
}

function perMinute(counts: readonly MinuteCount[], end: number): number[] {
  const minutes = Array.from({ length: MINUTES }, () => 0);
  for (const { minute, count } of counts) {
    const i = MINUTES - 1 - (end - Date.parse(minute) / MINUTE_MS);
    const before = minutes[i];
    if (before !== undefined) minutes[i] = before + count;
  }
  return minutes;
}
