/** `1 entry`, `2 entries`; `many` where an s isn't enough. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
