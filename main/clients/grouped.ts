/** `1 client`, `50,000 clients`. */
export function groupedCount(n: number, one: string): string {
  return `${grouped(n)} ${n === 1 ? one : `${one}s`}`;
}

/** A number as people read it: `50,000`. */
export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}
