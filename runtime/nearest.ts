import { closest } from 'fastest-levenshtein';

/** The known name that was probably meant; undefined if no names are known. */
export function nearestOf(name: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  return names.length === 0 ? undefined : closest(name, names);
}
