import type { AlarmChange, AlarmState } from '../../alarm/alarm.ts';
import { isActive, isOver, isUnacknowledged } from '../../alarm/lifecycle.ts';
import { compareSeverity } from '../../alarm/severity.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { custodyOf } from '../../archive/custody.ts';
import type { ArchivedAlarm, CustodyEntry } from '../../archive/port.ts';
import { ByAge } from './by-age.ts';
import { type OpenAlarmCounts, OpenCounts } from './open-counts.ts';
import { codeOf, NO_OPEN_ALARM } from './sensor-code.ts';

/** What lists show of the client, for operators only. */
export interface ClientLabel {
  readonly name: string;
  readonly city: string;
  readonly country: string;
}

export interface LiveAlarm {
  readonly alarm: ArchivedAlarm;
  /** Undefined: not looked up yet, or the sensor has no client. */
  readonly client: ClientLabel | undefined;
  /** The latest entries of its custody that were read from the log: the archive may not have them yet. */
  readonly recent: readonly CustodyEntry[];
  /** Its readings and its custody are in the archive alone. */
  readonly isBrief?: boolean;
}

export interface AlarmFilter {
  readonly states: readonly AlarmState[] | undefined;
  readonly type: string | undefined;
  readonly region: string | undefined;
  readonly sensor: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** This many closed alarms are kept, enough for the archive to catch up; older ones come from the archive. */
const CLOSED_MAX = 1_000;
const RECENT_MAX = 50;
/** This many alarms that changed last have their readings and custody here, enough for the archive to catch up: they take more room than all the rest. */
const WHOLE_MAX = 10_000;
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
  /** Ids of alarms that are not brief, the one that changed longest ago first; some may have been closed. */
  readonly #whole = new Set<string>();
  readonly #counts: OpenCounts;
  /** Undefined until it is needed, so that the alarms loaded at the start are sorted once. */
  #byAge: ByAge | undefined;
  readonly types: TypeSet;

  constructor(types: TypeSet) {
    this.types = types;
    this.#counts = new OpenCounts(types);
  }

  get size(): number {
    return this.#open.size;
  }

  get counts(): OpenAlarmCounts {
    return this.#counts.now();
  }

  load(alarms: readonly ArchivedAlarm[]): void {
    for (const alarm of alarms) this.#keep(briefOf({ alarm, client: undefined, recent: NONE }));
  }

  /** Returns the alarm as it is now, or undefined if the change brings nothing new. */
  apply(change: AlarmChange): LiveAlarm | undefined {
    const { alarm } = change;
    const known = this.find(alarm.id);
    if (known && known.alarm.version >= alarm.version) return undefined;
    const { region, geohash } = known?.alarm ?? this.#neighbour(alarm.sensor)?.alarm ?? { region: '', geohash: '' };
    const client = known?.client ?? this.#neighbour(alarm.sensor)?.client;
    const recent = [...(known?.recent ?? []), ...custodyOf(change)].slice(-RECENT_MAX);
    return this.#keepWhole({ alarm: { ...alarm, region, geohash }, client, recent });
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
    let gravest: ArchivedAlarm | undefined;
    let unacknowledged = false;
    for (const id of this.#bySensor.get(sensor) ?? []) {
      const alarm = this.#open.get(id)?.alarm;
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
  newestFirst(last?: Pick<ArchivedAlarm, 'raisedAt' | 'id'>): IterableIterator<LiveAlarm> {
    this.#byAge ??= new ByAge([...this.#open.values(), ...this.#closed.values()]);
    return this.#byAge.newestFirst(last);
  }

  /** Active ones first, then the gravest, then by the order of the settings. */
  #compareDanger(a: ArchivedAlarm, b: ArchivedAlarm): number {
    const place = ({ type }: ArchivedAlarm): number => this.types.placeOf(type) ?? this.types.types.length;
    return Number(isActive(b)) - Number(isActive(a)) || compareSeverity(a.severity, b.severity) || place(a) - place(b);
  }

  #neighbour(sensor: number): LiveAlarm | undefined {
    return this.ofSensor(sensor).find(({ client }) => client !== undefined);
  }

  #keep(live: LiveAlarm): LiveAlarm {
    const { id, sensor } = live.alarm;
    this.#byAge?.set(live, this.find(id));
    const before = this.#open.get(id);
    if (before) this.#counts.add(before.alarm, -1);
    if (isOver(live.alarm)) {
      this.#open.delete(id);
      // To the end: the one that was changed last stays longest.
      this.#closed.delete(id);
      this.#closed.set(id, live);
      this.#forget(id, sensor);
      for (const [oldest, gone] of this.#closed) {
        if (this.#closed.size <= CLOSED_MAX) break;
        this.#closed.delete(oldest);
        this.#byAge?.delete(gone);
      }
      return live;
    }
    this.#open.set(id, live);
    this.#counts.add(live.alarm, 1);
    const ids = this.#bySensor.get(sensor) ?? [];
    if (!before) this.#bySensor.set(sensor, [...ids, id]);
    this.#codes.set(sensor, this.#codeOf(sensor));
    return live;
  }

  /** As `#keep`; the one that changed longest ago becomes brief instead. */
  #keepWhole(live: LiveAlarm): LiveAlarm {
    this.#whole.delete(live.alarm.id);
    this.#whole.add(live.alarm.id);
    for (const oldest of this.#whole) {
      if (this.#whole.size <= WHOLE_MAX) break;
      this.#whole.delete(oldest);
      const open = this.#open.get(oldest);
      if (open) this.#keep(briefOf(open));
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

function briefOf(live: LiveAlarm): LiveAlarm {
  return { alarm: { ...live.alarm, evidence: NONE }, client: live.client, recent: NONE, isBrief: true };
}

export function matches(alarm: ArchivedAlarm, filter: AlarmFilter): boolean {
  return (
    (filter.states === undefined || filter.states.includes(alarm.state)) &&
    (filter.type === undefined || filter.type === alarm.type) &&
    (filter.region === undefined || filter.region === alarm.region) &&
    (filter.sensor === undefined || filter.sensor === alarm.sensor) &&
    (filter.from === undefined || alarm.raisedAt >= filter.from) &&
    (filter.to === undefined || alarm.raisedAt < filter.to)
  );
}
