/** How many incidents one input may open: a tick that ends tests may open several. */
export const INCIDENTS_PER_INPUT = 4_096;

/** The number of the incident that the input at `offset` opened as its `ordinal`-th: the same input gives the same number. */
export function incidentNumber(offset: number, ordinal: number): number {
  if (!(ordinal >= 0 && ordinal < INCIDENTS_PER_INPUT)) throw new RangeError(`an input opens at most ${INCIDENTS_PER_INPUT} incidents`);
  return offset * INCIDENTS_PER_INPUT + ordinal;
}

/** As people and addresses have it: `i` and the number in base 36. */
export function incidentName(id: number): string {
  return `i${id.toString(36)}`;
}

/** The number of a name; undefined: it is none. */
export function incidentOfName(name: string): number | undefined {
  if (!/^i[0-9a-z]{1,11}$/.test(name)) return undefined;
  const id = Number.parseInt(name.slice(1), 36);
  return Number.isSafeInteger(id) && incidentName(id) === name ? id : undefined;
}
