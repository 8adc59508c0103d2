import type { OpenCounts } from './open-counts.ts';
import type { KnownTypes, Type } from './types.ts';

/** A narrow screen has room for this many numbers; if there are more types, the rest are counted together. */
const NUMBERS_MAX = 5;

/** The gravest first; if there is no room for all, those with open alarms come before those without. */
export function typesToShow(
  types: KnownTypes,
  open: OpenCounts | undefined,
): { readonly shown: readonly Type[]; readonly others: readonly Type[] } {
  const byType = open?.byType ?? {};
  const strangers = Object.keys(byType).filter((name) => types.of(name).severity === undefined && byType[name] !== 0);
  const all = [...types.gravestFirst, ...strangers.map((name) => types.of(name))];
  if (all.length <= NUMBERS_MAX) return { shown: all, others: [] };
  const isOpen = ({ name }: Type): boolean => (byType[name] ?? 0) > 0;
  const ordered = [...all.filter(isOpen), ...all.filter((type) => !isOpen(type))];
  return { shown: ordered.slice(0, NUMBERS_MAX - 1), others: ordered.slice(NUMBERS_MAX - 1) };
}
