import { cellOf, type Incident } from './incident.ts';

const NONE: ReadonlySet<number> = new Set();

/** Ways to find incidents that are open: by who has them, by what they belong to, by where it burns. Each of them must be taken out as it was put in. */
export class Ways {
  readonly #owner = new Map<string, Set<number>>();
  readonly #parent = new Map<number, Set<number>>();
  readonly #activeUnder = new Map<number, number>();
  readonly #cell = new Map<string, Set<number>>();
  readonly #unclaimed = new Set<number>();

  list(incident: Incident): void {
    const { id, phase, claim, parent } = incident;
    if (phase === 'NEW') this.#unclaimed.add(id);
    if (claim) add(this.#owner, claim.owner, id);
    if (parent !== undefined) add(this.#parent, parent, id);
    this.#count(incident, 1);
    const cell = hotCell(incident);
    if (cell !== undefined) add(this.#cell, cell, id);
  }

  unlist(incident: Incident): void {
    const { id, claim, parent } = incident;
    this.#unclaimed.delete(id);
    if (claim) remove(this.#owner, claim.owner, id);
    if (parent !== undefined) remove(this.#parent, parent, id);
    this.#count(incident, -1);
    const cell = hotCell(incident);
    if (cell !== undefined) remove(this.#cell, cell, id);
  }

  unclaimed(): Iterable<number> {
    return this.#unclaimed;
  }

  owners(): IterableIterator<string> {
    return this.#owner.keys();
  }

  ofOwner(owner: string): ReadonlySet<number> {
    return this.#owner.get(owner) ?? NONE;
  }

  under(parent: number): ReadonlySet<number> {
    return this.#parent.get(parent) ?? NONE;
  }

  activeUnder(parent: number): number {
    return this.#activeUnder.get(parent) ?? 0;
  }

  hotIn(cell: string): ReadonlySet<number> {
    return this.#cell.get(cell) ?? NONE;
  }

  #count({ parent, active }: Incident, by: 1 | -1): void {
    if (parent === undefined) return;
    const count = this.activeUnder(parent) + by * active;
    if (count === 0) this.#activeUnder.delete(parent);
    else this.#activeUnder.set(parent, count);
  }
}

function hotCell(incident: Incident): string | undefined {
  return incident.hotAt === undefined ? undefined : cellOf(incident);
}

function add<K>(sets: Map<K, Set<number>>, key: K, id: number): void {
  const set = sets.get(key);
  if (set) set.add(id);
  else sets.set(key, new Set([id]));
}

function remove<K>(sets: Map<K, Set<number>>, key: K, id: number): void {
  const set = sets.get(key);
  set?.delete(id);
  if (set?.size === 0) sets.delete(key);
}
