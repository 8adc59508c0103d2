/** A number as people read it: `50,000`. */
export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}
