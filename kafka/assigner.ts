/**
 * Assigns partition numbers to members, each number for all topics of the group, so that partitions of the same number stay together. Members keep
 * what they have as far as even shares allow.
 */
export function shareOut(members: ReadonlyMap<string, ReadonlySet<number>>, partitions: number): Map<string, number[]> {
  const names = [...members.keys()].toSorted();
  const shares = names.map((name) => ({ name, held: [...(members.get(name) ?? [])].toSorted(ascending), given: [] as number[] }));
  const byHoldings = shares.toSorted((a, b) => b.held.length - a.held.length);
  const least = Math.floor(partitions / names.length);
  // This many members, the first ones, get one more than the others.
  const extras = partitions % names.length;
  const quota = (place: number): number => (place < extras ? least + 1 : least);
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  for (const [place, { held, given }] of byHoldings.entries()) {
    for (const partition of held) if (given.length < quota(place) && left.delete(partition)) given.push(partition);
  }
  for (const [place, { given }] of byHoldings.entries()) {
    for (const partition of left) {
      if (given.length >= quota(place)) break;
      left.delete(partition);
      given.push(partition);
    }
    given.sort(ascending);
  }
  return new Map(shares.map(({ name, given }) => [name, given]));
}

const ascending = (a: number, b: number): number => a - b;
