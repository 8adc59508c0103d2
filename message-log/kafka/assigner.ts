/**
 * Shares out partition numbers, each for all topics of the group, so that topics of the same partition count stay together. Members keep
 * what they have as far as the shares are even.
 */
export function shareOut(members: ReadonlyMap<string, ReadonlySet<number>>, partitions: number): Map<string, number[]> {
  const names = [...members.keys()].toSorted();
  const shares = new Map<string, number[]>(names.map((name) => [name, []]));
  if (names.length === 0) return shares;
  const least = Math.floor(partitions / names.length);
  // How many members may have one more than the others.
  let extras = partitions % names.length;
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const byHoldings = names.toSorted((a, b) => (members.get(b)?.size ?? 0) - (members.get(a)?.size ?? 0));
  const quotas = new Map<string, number>();
  for (const name of byHoldings) {
    quotas.set(name, least + (extras > 0 ? 1 : 0));
    extras -= 1;
  }
  for (const name of byHoldings) {
    for (const partition of [...(members.get(name) ?? [])].toSorted((a, b) => a - b)) {
      const share = shares.get(name) ?? [];
      if (share.length < (quotas.get(name) ?? 0) && left.delete(partition)) share.push(partition);
    }
  }
  for (const name of byHoldings) {
    const share = shares.get(name) ?? [];
    for (const partition of left) {
      if (share.length >= (quotas.get(name) ?? 0)) break;
      left.delete(partition);
      share.push(partition);
    }
    share.sort((a, b) => a - b);
  }
  return shares;
}
