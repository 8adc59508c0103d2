/** Tells a hit that was sent again, for example after a time-out, from a new one. It takes proof to drop a hit: the same counter and bytes, soon after the first. */

/** A hit that may be sent again. */
export interface Repeatable {
  /** Receive time, epoch ms. */
  readonly at: number;
  readonly seq: number;
  /** The whole reading. */
  readonly value: string;
}

/** How many hits of a sensor, and how many bytes of them, are remembered to recognise repeats; a repeat of an older one counts as a new hit. */
export const REPEATABLE_MAX = 64;
export const REPEATABLE_BYTES_MAX = 16 * 1024;

export function isRepeat(earlier: readonly Repeatable[], { at, seq, value }: Repeatable, withinMs: number): boolean {
  return earlier.some((first) => first.seq === seq && Math.abs(at - first.at) <= withinMs && first.value === value);
}

/** The hits that may be sent again, with `hit` added and outdated ones removed. */
export function remember(earlier: readonly Repeatable[], hit: Repeatable, withinMs: number): readonly Repeatable[] {
  const kept = [...earlier.filter(({ at }) => at >= hit.at - withinMs), hit].slice(-REPEATABLE_MAX);
  while (kept.length > 1 && bytesOf(kept) > REPEATABLE_BYTES_MAX) kept.shift();
  return kept;
}

function bytesOf(kept: readonly Repeatable[]): number {
  return kept.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
}
