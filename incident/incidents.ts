import { compareSeverity } from '../alarm/severity.ts';
import { DueQueue } from '../alarm/due-queue.ts';
import type { IncidentEvent } from './event.ts';
import { evolve } from './evolve.ts';
import { type Incident, isOpen, type Member } from './incident.ts';
import { PREVIOUS_FOR_MS, type Settings } from './settings.ts';
import { dueAt } from './timers.ts';
import { Ways } from './ways.ts';

/** Outdated entries stay in the queue until they are most of it; a queue smaller than this isn't cleaned. */
const DUE_SPARE = 1_024;

/** All incidents that are open, or were closed within 30 days, and the ways to find them. */
export class Incidents {
  readonly #all = new Map<number, Incident>();
  /** The last one of a key, open or not. */
  readonly #byKey = new Map<string, number>();
  readonly #byMember = new Map<string, number>();
  readonly #ways = new Ways();
  readonly #due = new DueQueue();
  #changed = new Set<number>();
  #looked = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#all.size;
  }

  /** The earliest time at which something may be due. */
  get nextDue(): number {
    return this.#due.next;
  }

  all(): IterableIterator<Incident> {
    return this.#all.values();
  }

  get(id: number): Incident | undefined {
    return this.#all.get(id);
  }

  /** An incident that there must be. */
  known(id: number): Incident {
    const incident = this.#all.get(id);
    if (!incident) throw new Error(`there is no incident ${id}`);
    return incident;
  }

  /** The incident, or the one that it was merged into. */
  survivor(id: number): Incident | undefined {
    let incident = this.#all.get(id);
    while (incident?.closing?.into !== undefined) incident = this.#all.get(incident.closing.into);
    return incident;
  }

  openOf(key: string): Incident | undefined {
    const incident = this.#ofKey(key);
    return incident && isOpen(incident) ? incident : undefined;
  }

  /** The last one of a key, if that was closed less than a day ago. */
  previousOf(key: string, now: number): number | undefined {
    const closing = this.#ofKey(key)?.closing;
    return closing && now - closing.at < PREVIOUS_FOR_MS ? this.#byKey.get(key) : undefined;
  }

  ofMember(id: string): Incident | undefined {
    const incident = this.#byMember.get(id);
    return incident === undefined ? undefined : this.#all.get(incident);
  }

  owners(): IterableIterator<string> {
    return this.#ways.owners();
  }

  of(owner: string): Incident[] {
    return this.#known(this.#ways.ofOwner(owner));
  }

  /** The open one above an incident. */
  parentOf(id: number): Incident | undefined {
    const parent = this.#all.get(this.#all.get(id)?.parent ?? -1);
    return parent && isOpen(parent) ? parent : undefined;
  }

  /** Those that are open and belong to it, the oldest first. */
  childrenOf(parent: number): Incident[] {
    return this.#known(this.#ways.under(parent));
  }

  /** How many active members those have together. */
  activeUnder(parent: number): number {
    return this.#ways.activeUnder(parent);
  }

  /** Those that are open and had an alarm about life safety, of a cell. */
  hotIn(cell: string): Incident[] {
    return this.#known(this.#ways.hotIn(cell));
  }

  /** What is offered together, and was not accepted yet. */
  offeredBy(offer: string): Incident[] {
    return [...this.owners()].flatMap((owner) => this.of(owner).filter(({ claim }) => claim?.offer?.id === offer));
  }

  /** The gravest that nobody has, of these the oldest. */
  next(): Incident | undefined {
    let first: Incident | undefined;
    for (const id of this.#ways.unclaimed()) {
      const incident = this.#all.get(id);
      if (incident && (!first || isBefore(incident, first))) first = incident;
    }
    return first;
  }

  apply(event: IncidentEvent, settings: Settings): Incident {
    const before = this.#all.get(event.incident);
    const incident = evolve(before, event);
    if (before) this.#unlist(before);
    this.#list(incident);
    this.#listMembers(incident, membersIn(event));
    if (before && event.event === 'crowded') {
      const stay = new Set(incident.members);
      this.#unlistMembers(
        incident,
        before.members.filter((member) => !stay.has(member)),
      );
    }
    if (!before || dueAt(before, settings) !== dueAt(incident, settings)) this.await(incident, settings);
    this.#changed.add(incident.id);
    return incident;
  }

  restore(incident: Incident, settings: Settings): void {
    this.#list(incident);
    // What is open comes before what was closed, and a later one before an earlier one, whatever their order here.
    const isBefore = (id: string) => {
      const other = this.ofMember(id);
      return !other || isOpen(incident) || (!isOpen(other) && other.id < incident.id);
    };
    this.#listMembers(
      incident,
      incident.members.filter(({ id }) => isBefore(id)),
    );
    this.await(incident, settings);
  }

  /** Takes those of whom something is due, in the order of their times, whatever the way by which they came here. */
  takeDue(now: number, settings: Settings): Incident[] {
    this.#looked = now;
    const due = new Set<number>();
    for (let entry = this.#due.take(now); entry; entry = this.#due.take(now)) due.add(entry.sensor);
    const order = [...due].flatMap((id) => {
      const incident = this.#all.get(id);
      const at = incident ? dueAt(incident, settings) : Number.POSITIVE_INFINITY;
      return incident && at <= now ? [{ at, incident }] : [];
    });
    return order.sort((one, other) => one.at - other.at || one.incident.id - other.incident.id).map(({ incident }) => incident);
  }

  /** Looks at it again when something is due next; if that was before the last look, at `otherwise`. */
  await(incident: Incident, settings: Settings, otherwise = Number.NEGATIVE_INFINITY): void {
    const at = dueAt(incident, settings);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#due.push(at <= this.#looked ? Math.max(at, otherwise) : at, incident.id);
    if (this.#due.size > DUE_SPARE + 4 * this.#all.size) this.#dropOutdated(settings);
  }

  forget(incident: Incident): void {
    this.#unlist(incident);
    this.#all.delete(incident.id);
    if (this.#byKey.get(incident.key) === incident.id) this.#byKey.delete(incident.key);
    this.#unlistMembers(incident, incident.members);
    this.#changed.add(incident.id);
  }

  /** Those that changed since the last call, as they are now; null: forgotten. */
  takeChanged(): Map<number, Incident | null> {
    const changed = new Map<number, Incident | null>();
    for (const id of this.#changed) changed.set(id, this.#all.get(id) ?? null);
    this.#changed = new Set();
    return changed;
  }

  #ofKey(key: string): Incident | undefined {
    const id = this.#byKey.get(key);
    return id === undefined ? undefined : this.#all.get(id);
  }

  #known(ids: Iterable<number> = []): Incident[] {
    return [...ids].sort((one, other) => one - other).flatMap((id) => this.#all.get(id) ?? []);
  }

  #dropOutdated(settings: Settings): void {
    const all = [...this.#all.values()];
    this.#due.retain(() => false);
    for (const incident of all) this.await(incident, settings);
  }

  #list(incident: Incident): void {
    const { id, key } = incident;
    this.#all.set(id, incident);
    const last = this.#ofKey(key);
    if (!last || isOpen(incident) || (!isOpen(last) && last.id < id)) this.#byKey.set(key, id);
    if (isOpen(incident)) this.#ways.list(incident);
  }

  /** Members of a merged one are those of its survivor. */
  #listMembers({ id, closing }: Incident, members: Iterable<Member>): void {
    if (closing?.into === undefined) for (const member of members) this.#byMember.set(member.id, id);
  }

  #unlistMembers({ id }: Incident, members: readonly Member[]): void {
    for (const member of members) if (this.#byMember.get(member.id) === id) this.#byMember.delete(member.id);
  }

  #unlist(incident: Incident): void {
    const { id, key } = incident;
    if (isOpen(incident)) this.#ways.unlist(incident);
    if (this.#byKey.get(key) === id) this.#byKey.delete(key);
  }
}

/** Those that an event brings. */
function membersIn(event: IncidentEvent): readonly Member[] {
  if (event.event === 'absorbed') return event.members;
  return event.event === 'opened' || event.event === 'joined' ? [event.member] : [];
}

function isBefore(one: Incident, other: Incident): boolean {
  return (compareSeverity(one.severity, other.severity) || one.openedAt - other.openedAt || one.id - other.id) < 0;
}
