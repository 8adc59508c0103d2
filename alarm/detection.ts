import type { Action, Alarm, AlarmChangeKind, AlarmCount, AlarmEvent, Evidence, Position } from './alarm.ts';
import { type AlarmType, hitsTogether } from './alarm-type.ts';
import { DueQueue } from './due-queue.ts';
import { after, areAfter, completing, type Hits, keep, suffice } from './kept-hits.ts';
import type { SensorFaults } from './faults.ts';
import { acknowledge, act, clear, raise, SEEN_EVERY_MS, SELF, see, endedAt } from './lifecycle.ts';
import { isRepeat, remember, type Repeatable } from './repeats.ts';
import {
  activeOf,
  bytesOf,
  ENDED_FOR_MS,
  emptyState,
  isEmpty,
  NEVER,
  replace,
  type SensorState,
  StateFormat,
  type TypeState,
  typeStateOf,
} from './sensor-state.ts';
import { SensorRoom } from './sensor-room.ts';
import { STATUS_BYTES_MAX, type Status } from './status.ts';
import { SensorSet } from './sensor-set.ts';
import { Supervision } from './supervision.ts';
import type { TypeBits, TypeSet } from './type-set.ts';

export interface DetectionSettings {
  readonly types: TypeSet;
  readonly partition: number;
  /** How far apart the clocks of two proxies may be, ms. */
  readonly clockSkewMaxMs: number;
  /** A hit with the same `seq` and the same bytes as an earlier one is that one sent again, if it comes within this time of it, ms. */
  readonly repeatWithinMs: number;
  /** Hits that raised nothing are forgotten after so long, ms, but not as long as the `within` of their type needs them; undefined: never. */
  readonly hitsKeptMs?: number | undefined;
  /** About how much may be remembered of sensors that have no alarm, bytes; undefined: any amount. */
  readonly roomBytes?: number | undefined;
}

/** What came of the input since the last call; `changed` has the new state of each sensor as JSON, null where nothing is left to remember. */
export interface Effects {
  readonly events: AlarmEvent[];
  readonly counts: AlarmCount[];
  /** Sensors whose faults changed, or are due to be written again. */
  readonly faults: SensorFaults[];
  readonly changed: ReadonlyMap<number, string | null>;
}

/**
 * Cleared alarms of one sensor and type that may await acknowledgement, by number and by bytes of JSON; beyond that the oldest are acknowledged
 * by SELF. With more than three types each has its share of the bytes of three. So what is remembered of a sensor fits well into one record of the log.
 */
export const AWAITING_MAX = 64;
export const AWAITING_BYTES_MAX = 36 * 1024;
const TYPES_IN_FULL = 3;

/** What the hits of all types may take together: a reading keeps its whole value where up to nine make the alarms, else its share of this. */
const VALUES_MAX = 9 * STATUS_BYTES_MAX;

/** Of a long reading so many letters are remembered while there is little room; the whole lies in the log, at the position of the hit. */
const SHORT_VALUE = 256;
/** Sensors that were let go of stay in the queue of what is due; it is cleaned when most of it is such. */
const DUE_SPARE = 1_024;

/**
 * Decides over one partition which alarms there are. Pure: all it knows comes in by its methods, all it does comes out by `takeEffects`.
 * The same input gives the same events and ids, however it is cut into batches and wherever it is restored in between.
 */
export class Detection {
  readonly #types: TypeSet;
  readonly #format: StateFormat;
  readonly #partition: number;
  readonly #clockSkewMaxMs: number;
  /** How far ENTRY moves on until nothing older is to be expected any more, ms. */
  readonly #lateMax: number;
  readonly #repeatWithinMs: number;
  readonly #valueMax: number;
  readonly #awaitingBytesMax: number;
  readonly #states = new Map<number, SensorState>();
  readonly #unsaved = { changed: new Set<number>(), riding: [] as number[] };
  /** Sensors that reported all and have no fault: of another such reading there is nothing to note. */
  readonly #usual = new SensorSet();
  readonly #supervision: Supervision;
  readonly #hitsKeptMs: number;
  readonly #room: SensorRoom;
  #letGo = 0;
  readonly #active = new Map<string, number>();
  /** Sensors with hits or an alarm of a type that the first reading clears that isn't a hit: few, with ids from anywhere. */
  readonly #clearing = new Set<number>();
  readonly #clearsByNormal: boolean;
  readonly #due = new DueQueue();
  /** ENTRY time at which there is something to forget, or a fault to tell again. */
  #dueNext = NEVER;
  #events: AlarmEvent[] = [];
  #counts: AlarmCount[] = [];
  #stale = 0;
  #repeated = 0;

  constructor({ types, partition, clockSkewMaxMs, repeatWithinMs, hitsKeptMs = NEVER, roomBytes = NEVER }: DetectionSettings) {
    this.#types = types;
    this.#clearsByNormal = types.clearedByNormal !== 0;
    this.#format = new StateFormat(types);
    this.#partition = partition;
    this.#clockSkewMaxMs = clockSkewMaxMs;
    this.#lateMax = 2 * clockSkewMaxMs;
    this.#repeatWithinMs = repeatWithinMs;
    this.#hitsKeptMs = hitsKeptMs;
    this.#room = new SensorRoom(roomBytes);
    this.#supervision = new Supervision(types, partition, this.#unsaved, { usual: this.#usual });
    this.#valueMax = Math.min(STATUS_BYTES_MAX, Math.floor(VALUES_MAX / hitsTogether(types.types)));
    this.#awaitingBytesMax = Math.floor((TYPES_IN_FULL * AWAITING_BYTES_MAX) / Math.max(TYPES_IN_FULL, types.types.length));
  }

  /** Active alarms by type; types that have none may be left out. */
  get active(): ReadonlyMap<string, number> {
    return this.#active;
  }

  /** How many sensors there is something to remember of. */
  get sensors(): number {
    return this.#states.size;
  }

  /** Sensors with a fault, by detector. */
  get faulty(): Supervision['faulty'] {
    return this.#supervision.faulty;
  }

  /** Hits that were dropped as older than a recovery. */
  get stale(): number {
    return this.#stale;
  }

  /** Hits that were sent again and counted once. */
  get repeated(): number {
    return this.#repeated;
  }

  /** About what is remembered of sensors that have no alarm, bytes. */
  get roomTaken(): number {
    return this.#room.bytes;
  }

  /** Sensors whose hits were forgotten because there was no room for more. */
  get letGo(): number {
    return this.#letGo;
  }

  /** How many events wait to be taken. */
  get waiting(): number {
    return this.#events.length + this.#supervision.waiting;
  }

  /** How many sensors are to be stored, but not so soon that it takes a commit of their own. */
  get riding(): number {
    return this.#unsaved.riding.length;
  }

  /** A record of ENTRY, received `at`. `value` is asked for its text if it is a hit. */
  entry(status: Status, at: number, offset: number, value: () => string): void {
    if (at >= this.#dueNext) this.#forget(at);
    if (status.silent !== 0 || !this.#usual.has(status.id)) this.#supervise(status, at, offset);
    if (this.#clearsByNormal && this.#clearing.has(status.id)) this.#clearNormal(status, at, offset, value);
    if (status.hits !== 0) this.#hit(status, at, offset, value());
  }

  /** A record of OK, received `at`: all is well with the sensor up to then. */
  recovery(sensor: number, at: number, offset: number): void {
    const state = this.#stateOf(sensor);
    if (state.okAt !== undefined && at <= state.okAt) return;
    state.okAt = at;
    this.#schedule(sensor, state);
    this.#unsaved.changed.add(sensor);
    const cause = { topic: 'OK', partition: this.#partition, offset };
    for (const type of state.types) this.#recover(state, type, sensor, at, cause);
    this.#weigh(sensor, state);
  }

  /** A reading that isn't a hit of a type that `clears` by it: that type is well up to then. */
  #clearNormal(status: Status, at: number, offset: number, value: () => string): void {
    const { id: sensor, hits, silent } = status;
    const state = this.#states.get(sensor);
    if (state === undefined || this.#isStale(sensor, at) || this.#isSentAgain(status, state, at, value)) return;
    const cause = { topic: 'ENTRY', partition: this.#partition, offset };
    let waiting = 0;
    for (const type of state.types) {
      if (!this.#isClearing(type)) continue;
      const normal = (this.#bitOf(type.type) & ~hits & ~silent) !== 0;
      if (normal) {
        this.#unsaved.changed.add(sensor);
        this.#recover(state, type, sensor, at, cause);
      }
      if (this.#isClearing(type)) waiting += 1;
    }
    if (waiting === 0) this.#clearing.delete(sensor);
    this.#weigh(sensor, state);
  }

  /** What was read before says nothing of now. Only readings that are hits are known again. */
  #isSentAgain({ seq, hits }: Status, { repeatable }: SensorState, at: number, value: () => string): boolean {
    return hits !== 0 && seq !== undefined && isRepeat(repeatable, { at, seq, value: value() }, this.#repeatWithinMs);
  }

  /** Whether a normal reading would change something. */
  #isClearing(state: TypeState): boolean {
    return (this.#bitOf(state.type) & this.#types.clearedByNormal) !== 0 && (state.hits.length > 0 || activeOf(state) !== undefined);
  }

  #bitOf(type: string): TypeBits {
    const place = this.#types.placeOf(type);
    return place === undefined ? 0 : 1 << place;
  }

  /** A record of ACTION, received `at`: carried out, or refused with its reason. */
  action(action: Action, at: number, offset: number): void {
    const cause = { topic: 'ACTION', partition: this.#partition, offset };
    const state = this.#states.get(action.sensor);
    const alarms = state ? [...state.types.flatMap((type) => type.open), ...state.ended] : [];
    const alarm = alarms.find(({ id }) => id === action.alarm);
    if (!state || !alarm) {
      this.#events.push({ event: 'refused', at, cause, action, reason: 'there is no such alarm, or it was over long ago' });
      return;
    }
    const outcome = act(alarm, action, at);
    if (typeof outcome === 'string') this.#events.push({ event: 'refused', at, cause, action, reason: outcome, alarm });
    else this.#change(state, outcome.event, outcome.alarm, at, cause, action);
  }

  /** A record of ACTION that can't be carried out, as far as it can be read; whoever asked for it waits for an answer. */
  refuse(action: Action, reason: string, at: number, offset: number): void {
    this.#events.push({ event: 'refused', at, cause: { topic: 'ACTION', partition: this.#partition, offset }, action, reason });
  }

  /**
   * What came of the input since the last call; undefined: nothing. What has only been noted of sensors rides along, and by itself comes out if `all`
   * is asked for.
   */
  takeEffects(all = false): Effects | undefined {
    const { changed, riding } = this.#unsaved;
    if (this.waiting === 0 && changed.size === 0 && !(all && riding.length > 0)) return undefined;
    const stored = new Map<number, string | null>();
    for (const sensor of changed) stored.set(sensor, this.#stored(sensor) ?? null);
    for (const sensor of riding) if (!changed.has(sensor)) stored.set(sensor, this.#stored(sensor) ?? null);
    const effects = { events: this.#events, counts: this.#counts, faults: this.#supervision.take(), changed: stored };
    this.#events = [];
    this.#counts = [];
    changed.clear();
    riding.length = 0;
    return effects;
  }

  #stored(sensor: number): string | undefined {
    const state = this.#states.get(sensor);
    if (state && isEmpty(state)) this.#states.delete(sensor);
    return this.#format.toJson({ state, known: this.#supervision.knownOf(sensor), faults: this.#supervision.stateOf(sensor) });
  }

  /** Takes a sensor's state up again from what `changed` gave; before any input. */
  restore(sensor: number, json: string): void {
    const { state, known, faults } = this.#format.fromJson(json);
    this.#supervision.restore(sensor, known, faults);
    this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
    this.#countActive(this.#states.get(sensor), -1);
    this.#states.delete(sensor);
    this.#room.release(sensor);
    if (state === undefined) return;
    if (this.#room.isHalfFull) shorten(state);
    this.#states.set(sensor, state);
    this.#countActive(state, 1);
    if (!hasAlarm(state)) this.#room.restore(sensor, state);
    if (this.#room.isOverfull) this.#makeRoom();
    if (state.types.some((type) => this.#isClearing(type))) this.#clearing.add(sensor);
    this.#schedule(sensor, state);
  }

  #supervise(status: Status, at: number, offset: number): void {
    this.#supervision.reading(status, at, offset, this.#isStale(status.id, at));
    this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
  }

  /** Clocks of proxies differ: only what is older than a recovery beyond doubt is stale. */
  #isStale(sensor: number, at: number): boolean {
    const okAt = this.#states.get(sensor)?.okAt;
    return okAt !== undefined && at < okAt - this.#clockSkewMaxMs;
  }

  #hit(status: Status, at: number, offset: number, value: string): void {
    const { id: sensor, seq } = status;
    const state = this.#stateOf(sensor);
    if (seq !== undefined && this.#isRepeat(sensor, state, { at, seq, value })) return;
    if (this.#isStale(sensor, at)) {
      this.#stale += 1;
      this.#supervision.stale(sensor, status.hits, at, offset);
      this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
      this.#weigh(sensor, state);
      return;
    }
    const hit: Evidence = {
      topic: 'ENTRY',
      partition: this.#partition,
      offset,
      at,
      ...(seq !== undefined && { seq }),
      value: beginningOf(value, this.#room.isHalfFull ? Math.min(SHORT_VALUE, this.#valueMax) : this.#valueMax),
    };
    this.#types.types.forEach((type, i) => {
      if ((status.hits & (1 << i)) !== 0) this.#hitType(state, type, sensor, hit);
    });
    this.#schedule(sensor, state);
    this.#weigh(sensor, state);
  }

  /** A hit that isn't one may be sent again from now on, whatever becomes of it: what is a repeat must not depend on when a recovery is read. */
  #isRepeat(sensor: number, state: SensorState, hit: Repeatable): boolean {
    if (isRepeat(state.repeatable, hit, this.#repeatWithinMs)) {
      this.#repeated += 1;
      return true;
    }
    state.repeatable = remember(state.repeatable, hit, this.#repeatWithinMs);
    this.#unsaved.riding.push(sensor);
    return false;
  }

  #hitType(sensorState: SensorState, type: AlarmType, sensor: number, hit: Evidence): void {
    const state = typeStateOf(sensorState, type.name, this.#types);
    const kept = keep(state.hits, hit, type.hits);
    if (kept === state.hits) return;
    state.hits = kept;
    this.#unsaved.changed.add(sensor);
    if (type.clears === 'normal') this.#clearing.add(sensor);
    const enough = suffice(kept, type);
    if (enough && type.within !== undefined) state.proof = kept;
    const active = activeOf(state);
    if (!active) {
      if (enough) this.#raise(state, type, sensor, kept);
    } else if (hit.at - active.lastSeenAt >= SEEN_EVERY_MS) this.#change(sensorState, 'seen', see(active, hit.at), hit.at, positionOf(hit));
  }

  #recover(sensorState: SensorState, state: TypeState, sensor: number, at: number, cause: Position): void {
    const lastBefore = state.hits.findLast((hit) => hit.at <= at);
    state.hits = after(state.hits, at);
    if (state.proof && !areAfter(state.proof, at)) state.proof = undefined;
    const active = activeOf(state);
    if (!active || areAfter(active.evidence, at)) return;
    this.#countActiveOf(state.type, -1);
    this.#change(sensorState, 'cleared', clear(active, at, lastBefore?.at ?? active.lastSeenAt), at, cause);
    this.#acknowledgeOldest(sensorState, state, at, cause);
    const type = this.#types.types[this.#types.placeOf(state.type) ?? -1];
    if (type === undefined) return;
    const remaining = type.within === undefined ? state.hits : (state.proof ?? []);
    if (suffice(remaining, type)) this.#raise(state, type, sensor, remaining);
  }

  #raise(state: TypeState, type: AlarmType, sensor: number, evidence: Hits): void {
    const alarm = raise(sensor, type.name, type.severity, evidence);
    state.open = [...state.open, alarm];
    this.#countActiveOf(type.name, 1);
    this.#events.push({ event: 'raised', at: alarm.raisedAt, cause: positionOf(completing(evidence)), alarm });
    this.#counts.push({ alarm: alarm.id, sensor, type: type.name, at: alarm.raisedAt });
  }

  #acknowledgeOldest(sensorState: SensorState, state: TypeState, at: number, cause: Position): void {
    for (let [oldest] = state.open; oldest && awaitTooMany(state.open, this.#awaitingBytesMax); [oldest] = state.open) {
      this.#change(sensorState, 'acknowledged', acknowledge(oldest, SELF, at), at, cause);
    }
  }

  #change(state: SensorState, event: AlarmChangeKind, alarm: Alarm, at: number, cause: Position, action?: Action): void {
    replace(state, alarm);
    this.#schedule(alarm.sensor, state);
    this.#unsaved.changed.add(alarm.sensor);
    this.#events.push({ event, at, cause, alarm, ...(action && { action }) });
  }

  #stateOf(sensor: number): SensorState {
    let state = this.#states.get(sensor);
    if (state === undefined) {
      state = emptyState();
      this.#states.set(sensor, state);
    }
    return state;
  }

  /** Lets go of what is remembered in time: what falls due first is scheduled. */
  #schedule(sensor: number, state: SensorState): void {
    const due = this.#dueOf(state);
    if (due >= state.due) return;
    state.due = due;
    this.#due.push(due, sensor);
    if (this.#due.size > 2 * this.#states.size + DUE_SPARE) this.#due.retain((when, id) => this.#states.get(id)?.due === when);
    this.#dueNext = Math.min(this.#dueNext, due);
  }

  #dueOf({ okAt = NEVER, repeatable, ended, types }: SensorState): number {
    return Math.min(
      okAt + this.#lateMax,
      this.#repeatableUntil(repeatable),
      ...types.map((type) => (type.hits[0]?.at ?? NEVER) + this.#keptFor(type)),
      ...ended.map((alarm) => endedAt(alarm) + ENDED_FOR_MS),
    );
  }

  /** How long hits that raised nothing are remembered, ms of ENTRY time. */
  #keptFor(state: TypeState): number {
    if (activeOf(state)) return NEVER;
    const { within = 0 } = this.#types.types[this.#types.placeOf(state.type) ?? -1] ?? {};
    return Math.max(this.#hitsKeptMs, within + this.#lateMax);
  }

  /** What changed of a sensor takes other room, or none. */
  #weigh(sensor: number, state: SensorState): void {
    if (hasAlarm(state) || isEmpty(state)) this.#room.release(sensor);
    else this.#room.hold(sensor, state);
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (let sensor = this.#room.takeExcess(); sensor !== undefined; sensor = this.#room.takeExcess()) {
      if (this.#states.get(sensor)?.types.some(({ hits }) => hits.length > 0)) this.#letGo += 1;
      this.#states.delete(sensor);
      this.#clearing.delete(sensor);
      this.#unsaved.riding.push(sensor);
    }
  }

  /** ENTRY time from which on none of the hits can come again. */
  #repeatableUntil(repeatable: readonly Repeatable[]): number {
    return repeatable.length === 0 ? NEVER : Math.max(...repeatable.map(({ at }) => at)) + this.#repeatWithinMs + this.#lateMax;
  }

  /** ENTRY has come to `at`: no hit is to be expected any more that is stale by a recovery of long before, or that was sent before. */
  #forget(at: number): void {
    for (let next = this.#due.take(at); next; next = this.#due.take(at)) {
      const { due, sensor } = next;
      const state = this.#states.get(sensor);
      // Else something else of it fell due earlier, and what is left was scheduled anew.
      if (state?.due !== due) continue;
      state.due = NEVER;
      this.#forgetOf(sensor, state, at);
      this.#schedule(sensor, state);
    }
    this.#supervision.reportStanding(at);
    this.#dueNext = Math.min(this.#due.next, this.#supervision.dueNext);
  }

  #forgetOf(sensor: number, state: SensorState, at: number): void {
    const { okAt = NEVER, repeatable, ended } = state;
    if (okAt + this.#lateMax <= at) state.okAt = undefined;
    if (this.#repeatableUntil(repeatable) <= at) state.repeatable = [];
    state.ended = ended.filter((alarm) => endedAt(alarm) + ENDED_FOR_MS > at);
    for (const type of state.types) type.hits = after(type.hits, at - this.#keptFor(type));
    this.#unsaved.riding.push(sensor);
    this.#weigh(sensor, state);
  }

  #countActive(state: SensorState | undefined, by: number): void {
    if (state) for (const type of state.types) if (activeOf(type)) this.#countActiveOf(type.type, by);
  }

  #countActiveOf(type: string, by: number): void {
    this.#active.set(type, (this.#active.get(type) ?? 0) + by);
  }
}

function hasAlarm({ types, ended }: SensorState): boolean {
  return ended.length > 0 || types.some(({ open }) => open.length > 0);
}

function shorten(state: SensorState): void {
  for (const type of state.types) type.hits = type.hits.map((hit) => ({ ...hit, value: beginningOf(hit.value, SHORT_VALUE) }));
}

/** A text of its own, which doesn't keep the whole in memory. */
function beginningOf(value: string, letters: number): string {
  return value.length <= letters ? value : Buffer.from(value.slice(0, letters)).toString();
}

function awaitTooMany(cleared: readonly Alarm[], bytesMax: number): boolean {
  return cleared.length > AWAITING_MAX || (cleared.length > 1 && bytesOf(cleared) > bytesMax);
}

function positionOf({ topic, partition, offset }: Evidence): Position {
  return { topic, partition, offset };
}
