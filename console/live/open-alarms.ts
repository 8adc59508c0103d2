import type { Alarm, AlarmChange, AlarmState, Evidence } from '../../alarm/alarm.ts';
import { isActive, isOver, isUnacknowledged } from '../../alarm/lifecycle.ts';
import { compareLane, laneOf } from '../../alarm/lane.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { custodyOf } from '../../archive/custody.ts';
import type { BriefAlarm, CustodyEntry } from '../../archive/port.ts';
import { ByAge } from './by-age.ts';
import { HeldOrder, rankOf } from './held-order.ts';
import { type OpenAlarmCounts, OpenCounts } from './open-counts.ts';
import { codeOf, NO_OPEN_ALARM } from './sensor-code.ts';

/** What lists show of the client, for operators only. */
export interface ClientLabel {
  readonly name: string;
  readonly city: string;
  readonly country: string;
}

export interface LiveAlarm {
  readonly alarm: BriefAlarm;
  /** Its readings; undefined: only the archive has them, and its whole custody. */
  readonly evidence: readonly Evidence[] | undefined;
  /** Undefined: not looked up yet, or the sensor has no client. */
  readonly client: ClientLabel | undefined;
  /** The latest entries of its custody that were read from the log: the archive may not have them yet. */
  readonly recent: readonly CustodyEntry[];
}

/** The part of an alarm that counts and maps need. */
type CountedAlarm = Pick<BriefAlarm, 'id' | 'type' | 'state' | 'severity' | 'quarantined' | 'version'>;

export interface AlarmFilter {
  readonly states: readonly AlarmState[] | undefined;
  readonly type: string | undefined;
  readonly region: string | undefined;
  readonly sensor: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly quarantined?: boolean | undefined;
}

/** This many closed alarms are kept, enough for the archive to catch up; older ones come from the archive. */
const CLOSED_MAX = 1_000;
const RECENT_MAX = 50;
/** This many of the alarms that changed last keep their readings and custody here, enough for the archive to catch up: these take most of the memory. */
const WHOLE_MAX = 10_000;
const LATELY_MAX = 1_000;
const NONE: readonly never[] = [];

/**
 * Every open alarm (not CLEARED_ACK) and the latest closed ones, as of the last event that was read, before any store has them. The highest version
 * of an alarm wins, so that events may come twice.
 */
export class OpenAlarms {
  readonly #open = new Map<string, LiveAlarm>();
  readonly #closed = new Map<string, LiveAlarm>();
  /** Ids of open alarms, by sensor: one or a few. */
  readonly #bySensor = new Map<number, readonly string[]>();
  /** How each sensor with open alarms is: a stream begins with all of them. */
  readonly #codes = new Map<number, number>();
  /** Ids of alarms that aren't brief, in the order of their latest change; some may have been closed. */
  readonly #whole = new Set<string>();
  /** Kept between calls: a new iterator would step over all deleted ids again, which took most of the time of a flood. */
  #nextWhole = this.#whole.values();
  readonly #counts: OpenCounts;
  /** Undefined until it is needed, so that the alarms loaded at the start are sorted once. */
  #byAge: ByAge | undefined;
  readonly types: TypeSet;
  readonly heldMax: number;
  /** Open alarms for which there is no room: they are only counted, and their sensors drawn on the map. */
  readonly #counted = new Map<string, CountedAlarm>();
  /** Those of them that changed last. */
  readonly #lately = new Map<string, LiveAlarm>();
  readonly #order = new HeldOrder();

  constructor(types: TypeSet, heldMax = Number.POSITIVE_INFINITY) {
    this.types = types;
    this.heldMax = heldMax;
    this.#counts = new OpenCounts(types);
  }

  get size(): number {
    return this.#open.size + this.#counted.size;
  }

  /** How many open alarms are counted only, since there are more than `heldMax`. */
  get beyond(): number {
    return this.#counted.size;
  }

  get counts(): OpenAlarmCounts {
    return this.#counts.now();
  }

  /** Takes alarms from the archive, unless they are known as new. */
  load(alarms: readonly BriefAlarm[]): void {
    for (const alarm of alarms) if (!this.#isKnown(alarm)) this.#keep(fromArchive(alarm));
  }

  #isKnown({ id, version }: Pick<Alarm, 'id' | 'version'>): boolean {
    const known = this.find(id)?.alarm ?? this.#counted.get(id);
    return known !== undefined && known.version >= version;
  }

  /** Returns the alarm as it is now, or undefined if the change brings nothing new. */
  apply(change: AlarmChange): LiveAlarm | undefined {
    const { evidence, ...alarm } = change.alarm;
    if (this.#isKnown(alarm)) return undefined;
    const known = this.find(alarm.id);
    const { region, geohash } = known?.alarm ?? this.#neighbour(alarm.sensor)?.alarm ?? { region: '', geohash: '' };
    const client = known?.client ?? this.#neighbour(alarm.sensor)?.client;
    const recent = [...(known?.recent ?? []), ...custodyOf(change)].slice(-RECENT_MAX);
    // New fields first: an object that is spread before others are added takes more than twice the memory.
    return this.#keepWhole({ alarm: { region, geohash, ...alarm }, evidence, client, recent });
  }

  /** Adds what the directory knows about the sensor; returns the alarms that are complete now. */
  complete(sensor: number, place: { readonly region: string; readonly geohash: string }, client: ClientLabel): LiveAlarm[] {
    const closed = [...this.#closed.values()].filter(({ alarm }) => alarm.sensor === sensor && alarm.region === '');
    return [...this.ofSensor(sensor), ...closed].map((live) =>
      this.#keep({ ...live, alarm: { ...live.alarm, region: place.region, geohash: place.geohash }, client }),
    );
  }

  /** Keeps an ended alarm from the archive to which an operator is about to add, so that its place and client stay known. */
  remember(live: LiveAlarm): void {
    if (isOver(live.alarm) && !this.find(live.alarm.id)) this.#keep(live);
  }

  find(id: string): LiveAlarm | undefined {
    return this.#listed(id) ?? this.#lately.get(id);
  }

  #listed(id: string): LiveAlarm | undefined {
    return this.#open.get(id) ?? this.#closed.get(id);
  }

  /** The open alarms of a sensor. */
  ofSensor(sensor: number): LiveAlarm[] {
    return [...(this.#bySensor.get(sensor) ?? [])].flatMap((id) => this.#open.get(id) ?? []);
  }

  /** The sensors with open alarms. */
  sensors(): IterableIterator<number> {
    return this.#bySensor.keys();
  }

  /** The sensor's condition as the live stream encodes it: see `codeOf`. */
  code(sensor: number): number {
    return this.#codes.get(sensor) ?? NO_OPEN_ALARM;
  }

  /** Sensors with open alarms, and their codes. */
  codes(): IterableIterator<[sensor: number, code: number]> {
    return this.#codes.entries();
  }

  #codeOf(sensor: number): number {
    let gravest: CountedAlarm | undefined;
    let unacknowledged = false;
    for (const id of this.#bySensor.get(sensor) ?? []) {
      const alarm = this.#open.get(id)?.alarm ?? this.#counted.get(id);
      if (!alarm) continue;
      if (!gravest || this.#compareDanger(alarm, gravest) < 0) gravest = alarm;
      unacknowledged ||= isUnacknowledged(alarm);
    }
    if (!gravest) return NO_OPEN_ALARM;
    const { type, severity } = gravest;
    return codeOf({
      place: this.types.placeOf(type),
      severity,
      isActive: isActive(gravest),
      isUnacknowledged: unacknowledged,
    });
  }

  /** All alarms that are held, newest raised first, or those after `last`. Iterate at once: the iterator is invalid after a change. */
  newestFirst(last?: Pick<BriefAlarm, 'raisedAt' | 'id'>): IterableIterator<LiveAlarm> {
    this.#byAge ??= new ByAge([...this.#open.values(), ...this.#closed.values()]);
    return this.#byAge.newestFirst(last);
  }

  /** Active ones first, then the gravest, then by the order of the settings. */
  #compareDanger(a: CountedAlarm, b: CountedAlarm): number {
    const place = ({ type }: CountedAlarm): number => this.types.placeOf(type) ?? this.types.types.length;
    return Number(isActive(b)) - Number(isActive(a)) || compareLane(laneOf(a), laneOf(b)) || place(a) - place(b);
  }

  #neighbour(sensor: number): LiveAlarm | undefined {
    return this.ofSensor(sensor).find(({ client }) => client !== undefined);
  }

  #keep(live: LiveAlarm): LiveAlarm {
    const { id } = live.alarm;
    const before = this.#open.get(id)?.alarm ?? this.#counted.get(id);
    if (before) this.#counts.add(before, -1);
    if (isOver(live.alarm)) this.#close(live);
    else {
      this.#counts.add(live.alarm, 1);
      this.#place(live);
      this.#note(live.alarm);
    }
    return live;
  }

  #close(live: LiveAlarm): void {
    const { id, sensor } = live.alarm;
    const held = this.#listed(id);
    const open = this.#open.get(id);
    if (open) this.#order.delete(open.alarm);
    this.#byAge?.set(live, held);
    this.#open.delete(id);
    this.#counted.delete(id);
    this.#lately.delete(id);
    // Moved to the end: the alarm that changed last stays longest.
    this.#closed.delete(id);
    this.#closed.set(id, live);
    this.#forget(id, sensor);
    for (const [oldest, gone] of this.#closed) {
      if (this.#closed.size <= CLOSED_MAX) break;
      this.#closed.delete(oldest);
      this.#byAge?.delete(gone);
    }
  }

  /** Holds the alarm, perhaps in place of a less grave one; otherwise only counts it. */
  #place(live: LiveAlarm): void {
    const { id } = live.alarm;
    const held = this.#open.get(id);
    if (!held && this.#open.size >= this.heldMax && !this.#makeRoom(live.alarm)) {
      this.#counted.set(id, countedOf(live.alarm));
      this.#remember(live);
      return;
    }
    if (held) this.#order.delete(held.alarm);
    this.#counted.delete(id);
    this.#lately.delete(id);
    this.#byAge?.set(live, held);
    this.#open.set(id, live);
    this.#order.add(live.alarm);
  }

  /** The latest state of an alarm that is only counted, for whoever acts on it, even if the archive does not have it yet. */
  #remember(live: LiveAlarm): void {
    const { id, version } = live.alarm;
    if (version === 1) return;
    this.#lately.delete(id);
    this.#lately.set(id, live);
    for (const oldest of this.#lately.keys()) {
      if (this.#lately.size <= LATELY_MAX) break;
      this.#lately.delete(oldest);
    }
  }

  #makeRoom(alarm: BriefAlarm): boolean {
    const rank = rankOf(alarm);
    const lesser = this.#open.get(this.#order.firstToGo(rank) ?? '');
    if (!lesser || (rankOf(lesser.alarm) === rank && lesser.alarm.raisedAt >= alarm.raisedAt)) return false;
    this.#order.delete(lesser.alarm);
    this.#open.delete(lesser.alarm.id);
    this.#byAge?.delete(lesser);
    this.#counted.set(lesser.alarm.id, countedOf(lesser.alarm));
    return true;
  }

  /** Ids of the gravest alarms that are only counted, as many as there is room for now; fetch them from the archive and pass them to `hold`. */
  wanted(max: number): readonly string[] {
    const room = Math.min(max, this.heldMax - this.#open.size);
    if (this.#counted.size === 0 || room <= 0) return [];
    const ranks = new Map<number, string[]>();
    for (const alarm of this.#counted.values()) {
      const ids = ranks.get(rankOf(alarm)) ?? [];
      if (ids.length === 0) ranks.set(rankOf(alarm), ids);
      if (ids.length < room) ids.push(alarm.id);
    }
    return [...ranks]
      .sort(([a], [b]) => a - b)
      .flatMap(([, ids]) => ids)
      .slice(0, room);
  }

  /** An open alarm as the archive has it, unless the log has said something newer. */
  hold(alarm: BriefAlarm): void {
    if (this.#counted.get(alarm.id)?.version === alarm.version) this.#keep(fromArchive(alarm));
  }

  #note({ id, sensor }: BriefAlarm): void {
    // Not spread into a new array, which would leave room for 16 more.
    const ids = this.#bySensor.get(sensor) ?? [];
    if (!ids.includes(id)) this.#bySensor.set(sensor, ids.concat(id));
    this.#codes.set(sensor, this.#codeOf(sensor));
  }

  /** As `#keep`; if there are more than WHOLE_MAX, those that changed longest ago become brief. */
  #keepWhole(live: LiveAlarm): LiveAlarm {
    this.#whole.delete(live.alarm.id);
    this.#whole.add(live.alarm.id);
    while (this.#whole.size > WHOLE_MAX) {
      const { value: oldest } = this.#nextWhole.next();
      if (oldest === undefined) this.#nextWhole = this.#whole.values();
      else {
        this.#whole.delete(oldest);
        const open = this.#open.get(oldest);
        if (open) this.#keep(briefOf(open));
      }
    }
    return this.#keep(live);
  }

  #forget(id: string, sensor: number): void {
    const ids = (this.#bySensor.get(sensor) ?? []).filter((other) => other !== id);
    if (ids.length === 0) this.#bySensor.delete(sensor);
    else this.#bySensor.set(sensor, ids);
    if (ids.length === 0) this.#codes.delete(sensor);
    else this.#codes.set(sensor, this.#codeOf(sensor));
  }
}

function countedOf({ id, type, state, severity, quarantined, version }: BriefAlarm): CountedAlarm {
  return { id, type, state, severity, version, ...(quarantined && { quarantined }) };
}

function briefOf(live: LiveAlarm): LiveAlarm {
  return { alarm: live.alarm, evidence: undefined, client: live.client, recent: NONE };
}

function fromArchive(alarm: BriefAlarm): LiveAlarm {
  return { alarm, evidence: undefined, client: undefined, recent: NONE };
}

export function matches(alarm: BriefAlarm, filter: AlarmFilter): boolean {
  return (
    (filter.states === undefined || filter.states.includes(alarm.state)) &&
    (filter.type === undefined || filter.type === alarm.type) &&
    (filter.region === undefined || filter.region === alarm.region) &&
    (filter.sensor === undefined || filter.sensor === alarm.sensor) &&
    (filter.from === undefined || alarm.raisedAt >= filter.from) &&
    (filter.to === undefined || alarm.raisedAt < filter.to) &&
    (filter.quarantined === undefined || filter.quarantined === (alarm.quarantined === true))
  );
}
