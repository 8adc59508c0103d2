import { closest } from 'fastest-levenshtein';

/** The name that was probably meant, of those that there are; undefined where there are none. */
export function nearestOf(name: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  return names.length === 0 ? undefined : closest(name, names);
}
