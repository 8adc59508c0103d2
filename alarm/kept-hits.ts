/** The latest hits of one type of one sensor, oldest first. */
import type { Evidence } from './alarm.ts';
import type { AlarmType } from './alarm-type.ts';

export type Hits = readonly Evidence[];

/**
 * The latest `limit` hits after adding `hit`, which was read last; the same array if it isn't among them. Latest by record time, and at equal times
 * by order of reading, so that the result doesn't depend on when an OK removes the older ones.
 */
export function keep(hits: Hits, hit: Evidence, limit: number): Hits {
  const place = hits.findLastIndex((kept) => kept.at <= hit.at) + 1;
  if (place === 0 && hits.length >= limit) return hits;
  return hits.toSpliced(place, 0, hit).slice(-limit);
}

/** The hits after `at`; the same array if all of them are. */
export function after(hits: Hits, at: number): Hits {
  return areAfter(hits, at) ? hits : hits.filter((hit) => hit.at > at);
}

export function areAfter(hits: Hits, at: number): boolean {
  return hits.every((hit) => hit.at > at);
}

/** Whether the hits raise an alarm of that type. */
export function suffice(hits: Hits, rule: Pick<AlarmType, 'hits' | 'within'>): boolean {
  if (hits.length < rule.hits) return false;
  const first = hits[hits.length - rule.hits];
  const last = hits.at(-1);
  return rule.within === undefined || (first !== undefined && last !== undefined && last.at - first.at <= rule.within);
}

/**
 * The hit that completed these: the one read last. It can't have raised another alarm, since an alarm needs all of its hits, and they were not complete
 * before.
 */
export function completing(hits: Hits): Evidence {
  return hits.reduce((last, hit) => (hit.offset > last.offset ? hit : last));
}
