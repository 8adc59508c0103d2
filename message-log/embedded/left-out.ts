/** Offsets that a restore leaves out, so that no new record gets one that was used after its backup was taken: no record that is held ever had one of them. */
import type { Topic } from '../../records/topics.ts';
import type { CheckedNumbers } from './checked-numbers.ts';

/** Offsets from `from` up to but excluding `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Among the log's numbers, by where they begin; the number is where they end. */
export const leftOutKey = (topic: string, partition: number, from: number): string => `left-out/${topic}/${partition}/${from}`;
const KEY = /^left-out\/([A-Z]+)\/(\d+)\/(\d+)$/;

/** What every restore so far has left out of a partition, in its order. Throws PermanentError `store-damaged`. */
export function leftOutIn(about: CheckedNumbers): (topic: Topic, partition: number) => readonly Span[] {
  const spans = new Map<string, Span[]>();
  for (const { key, value } of about.getRange()) {
    const [, topic, partition, from] = KEY.exec(key) ?? [];
    if (topic === undefined) continue;
    const place = `${topic}/${partition}`;
    spans.set(
      place,
      [...(spans.get(place) ?? []), { from: Number(from), to: value }].sort((a, b) => a.from - b.from),
    );
  }
  return (topic, partition) => spans.get(`${topic}/${partition}`) ?? [];
}

/** The parts of [from, to) that lie in none of the spans. */
export function* outside(spans: readonly Span[], from: number, to: number): Generator<Span> {
  let at = from;
  for (const span of spans) {
    if (span.from > at && at < to) yield { from: at, to: Math.min(span.from, to) };
    at = Math.max(at, span.to);
  }
  if (at < to) yield { from: at, to };
}
