import type { Crowd, Member } from './incident.ts';
import { MEMBERS_MAX, MEMBERS_NEWEST } from './settings.ts';

// Members are an array, in the order in which they joined: they are few as a rule, and a thousand are copied in a microsecond, a map of them in a hundred.

export function memberOf(members: readonly Member[], id: string): Member | undefined {
  return members.findLast((member) => member.id === id);
}

/** Those that were there, as they are now, and behind them those that weren't. */
export function withNewer(members: readonly Member[], newer: readonly Member[]): Member[] {
  const all = members.slice();
  for (const member of newer) {
    const place = all.findLastIndex(({ id }) => id === member.id);
    if (place < 0) all.push(member);
    else all[place] = member;
  }
  return all;
}

/** Who stays where there is no more room: the newest hundred, and what is active, as far as there is room for another hundred then. */
export function staying(members: readonly Member[]): Member[] {
  const newest = members.length - MEMBERS_NEWEST;
  const wanted = members.filter(({ active }, i) => active || i >= newest);
  return wanted.slice(-(MEMBERS_MAX - MEMBERS_NEWEST));
}

/** Who has left, counted with those who left before; undefined: there is room for all. */
export function crowdOf(members: readonly Member[], before: Crowd | undefined): Crowd | undefined {
  if (members.length <= MEMBERS_MAX) return undefined;
  const stay = new Set(staying(members));
  const leaving = members.filter((member) => !stay.has(member));
  const types = { ...before?.types };
  for (const { type } of leaving) types[type] = (types[type] ?? 0) + 1;
  return { types, active: (before?.active ?? 0) + leaving.filter(({ active }) => active).length };
}

export function together(one: Crowd | undefined, other: Crowd | undefined): Crowd | undefined {
  if (!one || !other) return one ?? other;
  const types = { ...one.types };
  for (const [type, count] of Object.entries(other.types)) types[type] = (types[type] ?? 0) + count;
  return { types, active: one.active + other.active };
}
