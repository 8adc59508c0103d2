import { compareSeverity, SEVERITIES } from '../../alarm/severity.ts';
import { isOpen } from '../../incident/incident.ts';
import type { Happened, IncidentNow, IncidentRecord } from '../../records/incident-record.ts';

/** An incident, and what has happened to it as far as the console has read. */
export interface KnownIncident {
  readonly incident: IncidentNow;
  /** The oldest first. */
  readonly history: readonly Happened[];
  /** More has happened before that. */
  readonly isCut: boolean;
}

export interface IncidentBounds {
  readonly incidentsMax: number;
  /** Events of one incident: the newest stay. */
  readonly eventsMax: number;
}

const BOUNDS: IncidentBounds = { incidentsMax: 20_000, eventsMax: 200 };

/**
 * The incidents of topic INCIDENT by their newest records, open and closed ones. Bounded: closed ones leave first, then the least grave, of these the one
 * whose last record is oldest.
 */
export class KnownIncidents {
  readonly #bounds: IncidentBounds;
  readonly #closed = new Map<string, KnownIncident>();
  /** The gravest first; each in the order of their last records. */
  readonly #open = SEVERITIES.map(() => new Map<string, KnownIncident>());
  /** Open ones that left for want of room: a list must say that it isn't whole. */
  #left = new Set<string>();

  constructor(bounds: Partial<IncidentBounds> = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  get size(): number {
    return this.#all().reduce((sum, { size }) => sum + size, 0);
  }

  get openSize(): number {
    return this.#open.reduce((sum, { size }) => sum + size, 0);
  }

  /** How many are open, but for want of room not here. */
  get left(): number {
    return this.#left.size;
  }

  get(id: string): KnownIncident | undefined {
    return this.#mapOf(id)?.get(id);
  }

  /** The incident, or the one that it was merged into. */
  survivor(id: string): KnownIncident | undefined {
    const seen = new Set<string>();
    for (let known = this.get(id); known; ) {
      const into = known.incident.closing?.into;
      seen.add(known.incident.id);
      // A damaged record may lead in a circle.
      const next = into === undefined || seen.has(into) ? undefined : this.get(into);
      if (!next) return known;
      known = next;
    }
    return undefined;
  }

  *open(): Generator<KnownIncident> {
    for (const known of this.#open) yield* known.values();
  }

  *all(): Generator<KnownIncident> {
    yield* this.open();
    yield* this.#closed.values();
  }

  /** Whether that was news: a record may come twice. */
  apply(record: Exclude<IncidentRecord, { answers: unknown }>): boolean {
    if ('forgotten' in record) return this.#drop(record.forgotten);
    const { incident, events } = record;
    const before = this.get(incident.id);
    if (before && before.incident.version > incident.version) return false;
    const isNews = before?.incident.version !== incident.version;
    // What is written again after half a day brings no events, and must not cut the history.
    const history = isNews ? [...(before?.history ?? []), ...events] : (before?.history ?? events);
    const isCut = before ? before.isCut : incident.version > events.length;
    this.#drop(incident.id);
    const { eventsMax } = this.#bounds;
    const known = { incident, history: history.slice(-eventsMax), isCut: isCut || history.length > eventsMax };
    (isOpen(incident) ? this.#open[SEVERITIES.indexOf(incident.severity)] : this.#closed)?.set(incident.id, known);
    this.#makeRoom();
    return isNews;
  }

  clear(): void {
    for (const known of this.#all()) known.clear();
    this.#left.clear();
  }

  #all(): Map<string, KnownIncident>[] {
    return [...this.#open, this.#closed];
  }

  #mapOf(id: string): Map<string, KnownIncident> | undefined {
    return this.#all().find((known) => known.has(id));
  }

  #drop(id: string): boolean {
    this.#left.delete(id);
    return this.#mapOf(id)?.delete(id) ?? false;
  }

  #makeRoom(): void {
    if (this.size <= this.#bounds.incidentsMax) return;
    const from = this.#closed.size > 0 ? this.#closed : this.#open.findLast(({ size }) => size > 0);
    for (const id of from?.keys() ?? []) {
      from?.delete(id);
      if (from !== this.#closed && this.#left.size < this.#bounds.incidentsMax) this.#left.add(id);
      return;
    }
  }
}

/** What an incident's place in lists depends on. */
type Ranked = Pick<IncidentNow, 'id' | 'phase' | 'severity' | 'openedAt'>;

/** Open ones first, the gravest of them first, then the oldest. */
export function compareForOperators(one: Ranked, other: Ranked): number {
  return (
    Number(isOpen(other)) - Number(isOpen(one)) ||
    compareSeverity(one.severity, other.severity) ||
    one.openedAt - other.openedAt ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  );
}
