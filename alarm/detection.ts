import type { Action, Alarm, AlarmChangeKind, AlarmCount, AlarmEvent, Evidence, Position } from './alarm.ts';
import { AlarmRoom } from './alarm-room.ts';
import { type AlarmType, hitsTogether } from './alarm-type.ts';
import { DueQueue } from './due-queue.ts';
import { after, areAfter, completing, type Hits, keep, suffice } from './kept-hits.ts';
import type { SensorFaults } from './faults.ts';
import { acknowledge, act, clear, dismiss, endedAt, isActive, isOver, raise, SEEN_EVERY_MS, SELF, see } from './lifecycle.ts';
import { hasQuarantined, Quarantine, quarantinedIn } from './quarantine.ts';
import { isRepeat, remember, type Repeatable } from './repeats.ts';
import {
  activeOf,
  bytesOf,
  ENDED_FOR_MS,
  ENDED_MAX,
  emptyState,
  hasHits,
  isEmpty,
  NEVER,
  replace,
  type SensorState,
  StateFormat,
  type TypeState,
  typeStateOf,
} from './sensor-state.ts';
import { RESTING_BYTES_MAX, RestingSensors } from './resting-sensors.ts';
import { RestingState } from './resting-state.ts';
import { SensorRoom } from './sensor-room.ts';
import { takeBack } from './take-back.ts';
import { STATUS_BYTES_MAX, type Status } from './status.ts';
import { SensorSet } from './sensor-set.ts';
import { Supervision } from './supervision.ts';
import type { TypeBits, TypeSet } from './type-set.ts';

export interface DetectionSettings {
  readonly types: TypeSet;
  readonly partition: number;
  /** How much the clocks of two proxies may differ, ms. */
  readonly clockSkewMaxMs: number;
  /** A hit with the same `seq` and the same bytes as another no more than this time away is that one sent again, ms. */
  readonly repeatWithinMs: number;
  /** Hits that raised nothing are forgotten after this long, ms, or after the `within` of their type if that is longer; undefined: never. */
  readonly hitsKeptMs?: number | undefined;
  /** Approximate memory for sensors that have no alarm, bytes; undefined: unlimited. */
  readonly roomBytes?: number | undefined;
  /** Approximate memory for sensors that have alarms, bytes; undefined: unlimited. */
  readonly alarmRoomBytes?: number | undefined;
  /**
   * Whether it is sure that no client has a sensor; undefined: nobody is unknown. Asked once for each hit and recovery. What follows from the answer is part
   * of the events and states, so that the answer may be another one later.
   */
  readonly isUnknown?: ((sensor: number) => boolean) | undefined;
  /** How many alarms of unknown sensors are held, those that were over within a day among them; undefined: unlimited. */
  readonly quarantineMax?: number | undefined;
  /** Where sensors lie in tables, see `multiplierFrom`; nothing else depends on it. */
  readonly idMultiplier?: number | undefined;
}

/** The effects of the input since the last call. */
export interface Effects {
  readonly events: AlarmEvent[];
  readonly counts: AlarmCount[];
  /** Sensors whose faults changed, or are due to be written again. */
  readonly faults: SensorFaults[];
  /** New states by sensor id, as JSON; null: nothing is left to remember. */
  readonly changed: ReadonlyMap<number, string | null>;
}

/**
 * How many cleared alarms of one sensor and type may await acknowledgement, and how many bytes of JSON; beyond that SELF acknowledges the oldest. More than
 * three types share the bytes of three, so that the state of a sensor fits into one record of the log.
 */
export const AWAITING_MAX = 64;
export const AWAITING_BYTES_MAX = 36 * 1024;
const TYPES_IN_FULL = 3;

/** Room for the values of all types' hits together: up to nine hits are kept with their whole values, more share this. */
const VALUES_MAX = 9 * STATUS_BYTES_MAX;

/** While memory is short, only this many characters of a reading are remembered; the log has all of it, at the position of the hit. */
const SHORT_VALUE = 256;
/** Outdated entries stay in the queue of due sensors until they are about half of it; a queue smaller than this isn't cleaned. */
const DUE_SPARE = 1_024;
/** Unknown sensors have this share of the room to themselves, and never take from the rest. */
const UNKNOWN_SHARE = 1 / 8;
const NOBODY = (): boolean => false;

/**
 * Decides which alarms there are in one partition. Pure: everything it knows comes in through its methods, everything it does comes out of `takeEffects`.
 * The same input gives the same events and ids, whatever the batches, and wherever a restart restores it in between.
 */
export class Detection {
  readonly #types: TypeSet;
  readonly #format: StateFormat;
  readonly #partition: number;
  readonly #clockSkewMaxMs: number;
  /** A record of ENTRY may be this much older than the newest one, ms. */
  readonly #lateMax: number;
  readonly #repeatWithinMs: number;
  readonly #valueMax: number;
  readonly #awaitingBytesMax: number;
  readonly #states = new Map<number, SensorState>();
  /** States that were restored and that nobody has asked for yet; `#restingState` reads them. */
  readonly #resting = new RestingSensors();
  readonly #restingState: RestingState;
  readonly #unsaved = { changed: new Set<number>(), riding: [] as number[] };
  /** Sensors that have reported every type and have no fault: another such reading changes nothing. */
  readonly #usual = new SensorSet();
  readonly #supervision: Supervision;
  readonly #hitsKeptMs: number;
  readonly #room: SensorRoom;
  readonly #alarmRoom: AlarmRoom;
  #letGo = 0;
  #withheld = 0;
  readonly #tellsUnknown: boolean;
  readonly #isUnknown: (sensor: number) => boolean;
  readonly #unknownRoom: SensorRoom;
  #unknownLetGo = 0;
  readonly #quarantine: Quarantine;
  #heldBack = 0;
  readonly #active = new Map<string, number>();
  /** Sensors with hits or an alarm of a type that clears by the first reading that isn't a hit: few, with scattered ids. */
  readonly #clearing = new Set<number>();
  readonly #clearsByNormal: boolean;
  readonly #due = new DueQueue();
  /** ENTRY time at which there is something to forget, or a fault to report again. */
  #dueNext = NEVER;
  #events: AlarmEvent[] = [];
  #counts: AlarmCount[] = [];
  #stale = 0;
  #repeated = 0;

  constructor(settings: DetectionSettings) {
    const { types, partition, clockSkewMaxMs, repeatWithinMs, hitsKeptMs = NEVER, roomBytes = NEVER, alarmRoomBytes = NEVER } = settings;
    const { isUnknown, quarantineMax = NEVER, idMultiplier } = settings;
    this.#types = types;
    this.#clearsByNormal = types.clearedByNormal !== 0;
    this.#format = new StateFormat(types);
    this.#restingState = new RestingState(types);
    this.#partition = partition;
    this.#clockSkewMaxMs = clockSkewMaxMs;
    this.#lateMax = 2 * clockSkewMaxMs;
    this.#repeatWithinMs = repeatWithinMs;
    this.#hitsKeptMs = hitsKeptMs;
    this.#tellsUnknown = isUnknown !== undefined;
    this.#isUnknown = isUnknown ?? NOBODY;
    const share = this.#tellsUnknown ? UNKNOWN_SHARE : 0;
    this.#room = new SensorRoom(roomBytes * (1 - share));
    this.#unknownRoom = new SensorRoom(this.#tellsUnknown ? roomBytes * share : NEVER);
    this.#alarmRoom = new AlarmRoom(alarmRoomBytes);
    this.#quarantine = new Quarantine(quarantineMax);
    this.#supervision = new Supervision(types, partition, this.#unsaved, { usual: this.#usual, idMultiplier });
    this.#valueMax = Math.min(STATUS_BYTES_MAX, Math.floor(VALUES_MAX / hitsTogether(types.types)));
    this.#awaitingBytesMax = Math.floor((TYPES_IN_FULL * AWAITING_BYTES_MAX) / Math.max(TYPES_IN_FULL, types.types.length));
  }

  /** Number of active alarms by type, without quarantined ones; types without any may be missing. */
  get active(): ReadonlyMap<string, number> {
    return this.#active;
  }

  /** How many sensors have hits, alarms or a recovery that are remembered. */
  get sensors(): number {
    return this.#states.size + this.#resting.size;
  }

  /** Number of sensors with a fault, by detector. */
  get faulty(): Supervision['faulty'] {
    return this.#supervision.faulty;
  }

  /** How many hits were dropped as older than a recovery. */
  get stale(): number {
    return this.#stale;
  }

  /** How many hits were dropped because they had been sent before. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Approximate memory in use for sensors that have no alarm, bytes. */
  get roomTaken(): number {
    return this.#room.bytes + this.#unknownRoom.bytes;
  }

  /** Approximate memory in use for sensors that have alarms, bytes. */
  get alarmRoomTaken(): number {
    return this.#alarmRoom.bytes;
  }

  /** Whether there is no room for more of the lesser alarms. */
  get isAlarmRoomFull(): boolean {
    return this.#alarmRoom.isFull;
  }

  /** How often a hit raised no alarm for lack of room. */
  get withheld(): number {
    return this.#withheld;
  }

  /** How many sensors' hits were forgotten for lack of room; unknown sensors are counted apart. */
  get letGo(): number {
    return this.#letGo;
  }

  get unknownLetGo(): number {
    return this.#unknownLetGo;
  }

  /** The alarms of unknown sensors. */
  get quarantine(): Pick<Quarantine, 'open' | 'isFull'> {
    return this.#quarantine;
  }

  /** How often an unknown sensor's hits were enough for an alarm that was not raised, since too many were open. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** How many events and faults wait to be taken. */
  get waiting(): number {
    return this.#events.length + this.#supervision.waiting;
  }

  /** How many changed sensors can wait for the next commit, whenever that is. */
  get riding(): number {
    return this.#unsaved.riding.length;
  }

  /** A record of ENTRY, received `at`. `value` gives its text; called only if it is a hit. */
  entry(status: Status, at: number, offset: number, value: () => string): void {
    if (at >= this.#dueNext) this.#forget(at);
    if (status.silent !== 0 || !this.#usual.has(status.id)) this.#supervise(status, at, offset);
    if (this.#clearsByNormal && this.#clearing.has(status.id)) this.#clearNormal(status, at, offset, value);
    if (status.hits !== 0) this.#hit(status, at, offset, value());
  }

  /** A record of OK, received `at`: the sensor was well at that time. */
  recovery(sensor: number, at: number, offset: number): void {
    const state = this.#stateOf(sensor);
    if (state.okAt !== undefined && at <= state.okAt) return;
    state.okAt = at;
    state.isUnknown = this.#isUnknown(sensor);
    this.#schedule(sensor, state);
    this.#unsaved.changed.add(sensor);
    const cause = { topic: 'OK', partition: this.#partition, offset };
    for (const type of state.types) this.#recover(state, type, sensor, at, cause);
    this.#weigh(sensor, state);
  }

  /** A reading that isn't a hit clears the types that `clears: normal`, as a recovery at that time would. */
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

  /** A reading that was sent again says nothing about now. Only hits can be recognised. */
  #isSentAgain({ seq, hits }: Status, { repeatable }: SensorState, at: number, value: () => string): boolean {
    return hits !== 0 && seq !== undefined && isRepeat(repeatable, { at, seq, value: value() }, this.#repeatWithinMs);
  }

  /** Whether a reading that isn't a hit would change something. */
  #isClearing(state: TypeState): boolean {
    return (this.#bitOf(state.type) & this.#types.clearedByNormal) !== 0 && (hasHits(state) || activeOf(state) !== undefined);
  }

  #bitOf(type: string): TypeBits {
    const place = this.#types.placeOf(type);
    return place === undefined ? 0 : 1 << place;
  }

  /** A record of ACTION, received `at`: carried out, or refused with its reason. */
  action(action: Action, at: number, offset: number): void {
    const cause = { topic: 'ACTION', partition: this.#partition, offset };
    const state = this.#find(action.sensor);
    const alarms = state ? [...state.types.flatMap((type) => type.open), ...state.ended] : [];
    const alarm = alarms.find(({ id }) => id === action.alarm);
    if (!state || !alarm) {
      this.#events.push({ event: 'refused', at, cause, action, reason: 'there is no such alarm, or it was over long ago' });
      return;
    }
    const outcome = act(alarm, action, at);
    if (typeof outcome === 'string') this.#events.push({ event: 'refused', at, cause, action, reason: outcome, alarm });
    else {
      this.#change(state, outcome.event, outcome.alarm, at, cause, action);
      this.#weigh(action.sensor, state);
    }
  }

  /** A record of ACTION that can't be carried out, as much of it as can be read: whoever asked for it waits for an answer. */
  refuse(action: Action, reason: string, at: number, offset: number): void {
    this.#events.push({ event: 'refused', at, cause: { topic: 'ACTION', partition: this.#partition, offset }, action, reason });
  }

  /**
   * The effects of the input since the last call; undefined: none. Changes that can wait (`riding`) go along with others; alone they come out only
   * if `all` is true.
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
    const state = this.#find(sensor);
    if (state && isEmpty(state)) this.#states.delete(sensor);
    return this.#format.toJson({ state, known: this.#supervision.knownOf(sensor), faults: this.#supervision.stateOf(sensor) });
  }

  /**
   * Restores a sensor's state from the JSON in `Effects.changed`, as text or as its bytes, which may be overwritten afterwards. Must come before any input.
   * Throws NewerState and UnreadableState.
   */
  restore(sensor: number, json: string | Buffer): void {
    const bytes = typeof json === 'string' ? Buffer.from(json) : json;
    // While memory is short, readings are shortened, for which they have to be read.
    const rests = bytes.length <= RESTING_BYTES_MAX && !this.#room.isHalfFull && this.#restingState.read(bytes);
    if (rests) {
      this.#restoreResting(sensor, bytes);
      return;
    }
    const { state, known, faults } = this.#format.fromJson(bytes.toString());
    this.#supervision.restore(sensor, known, faults);
    this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
    this.#discard(sensor);
    if (state === undefined) return;
    state.isUnknown &&= this.#tellsUnknown;
    const room = this.#roomOf(state);
    if (state.isUnknown || room.isHalfFull) shorten(state);
    this.#states.set(sensor, state);
    this.#countActiveIn(state, 1);
    if (hasAlarm(state)) this.#alarmRoom.hold(sensor, state);
    else room.restore(sensor, state);
    if (hasQuarantined(state)) this.#quarantine.restore(sensor, state);
    if (room.isOverfull) this.#makeRoom();
    if (state.types.some((type) => this.#isClearing(type))) this.#clearing.add(sensor);
    this.#schedule(sensor, state);
  }

  /** As long as nothing comes for the sensor, its state is not read: it needs nothing else that `restore` does. */
  #restoreResting(sensor: number, bytes: Buffer): void {
    const { known, memory, active, twice } = this.#restingState;
    this.#supervision.restore(sensor, known, undefined);
    this.#discard(sensor);
    this.#alarmRoom.holdBytes(sensor, memory);
    for (const type of active) this.#active.set(type, (this.#active.get(type) ?? 0) + 1);
    this.#resting.add(sensor, bytes, twice);
  }

  /** Drops a state that was restored before. */
  #discard(sensor: number): void {
    const before = this.#find(sensor);
    if (before !== undefined) {
      this.#countActiveIn(before, -1);
      this.#states.delete(sensor);
      this.#room.release(sensor);
      this.#alarmRoom.release(sensor);
      this.#unknownRoom.release(sensor);
    }
  }

  /**
   * Begins a sensor anew whose state is lost, with what the log still says of it. Its hits are lost for good, so the worst is assumed: each type's next hit
   * raises an alarm, unless the sensor recovers first. `alarms` may be over; `now` is epoch ms. As `restore`, it must come before any input.
   */
  beginAnew(sensor: number, now: number, alarms: readonly Alarm[], faults: SensorFaults | undefined): void {
    const types = this.#types;
    if (faults && faults.faults.length > 0) {
      this.#supervision.restore(sensor, types.bitsOf(faults.faults.map(({ detector }) => detector)), { ...faults, ended: {} });
      this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
    }
    const state = this.#stateOf(sensor);
    for (const alarm of alarms.toSorted((a, b) => b.raisedAt - a.raisedAt)) {
      if (isOver(alarm) && endedAt(alarm) + ENDED_FOR_MS <= now) continue;
      const own = takeBack(state, alarm, types, now);
      if (own !== alarm) this.#events.push({ event: 'cleared', at: now, cause: positionOf(completing(alarm.evidence)), alarm: own });
    }
    state.ended = state.ended.toSorted((a, b) => endedAt(a) - endedAt(b)).slice(-ENDED_MAX);
    state.isUnknown = this.#tellsUnknown && quarantinedIn(state).some(isActive);
    for (const type of types.types) {
      const own = typeStateOf(state, type.name, types);
      own.hits = activeOf(own)?.evidence ?? own.hits;
      own.lostAt = now;
      if (type.clears === 'normal') this.#clearing.add(sensor);
    }
    this.#countActiveIn(state, 1);
    if (hasQuarantined(state)) this.#quarantine.restore(sensor, state);
    this.#unsaved.changed.add(sensor);
    this.#schedule(sensor, state);
    this.#weigh(sensor, state);
  }

  #supervise(status: Status, at: number, offset: number): void {
    if (this.#tellsUnknown && this.#supervision.knownOf(status.id) === 0 && this.#isUnknown(status.id)) return;
    this.#supervision.reading(status, at, offset, this.#isStale(status.id, at));
    this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
  }

  /** Clocks of proxies differ, so only what is older than a recovery beyond doubt is stale. */
  #isStale(sensor: number, at: number): boolean {
    // A resting sensor has no recovery that is remembered.
    const okAt = this.#states.get(sensor)?.okAt;
    return okAt !== undefined && at < okAt - this.#clockSkewMaxMs;
  }

  #hit(status: Status, at: number, offset: number, value: string): void {
    const { id: sensor, seq } = status;
    const state = this.#stateOf(sensor);
    state.isUnknown = this.#isUnknown(sensor);
    if (seq !== undefined && this.#isRepeat(sensor, state, { at, seq, value })) return;
    if (this.#isStale(sensor, at)) {
      this.#stale += 1;
      this.#supervision.stale(sensor, status.hits, at, offset);
      this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
      this.#weigh(sensor, state);
      return;
    }
    const isShort = state.isUnknown || this.#isShort;
    const hit: Evidence = {
      topic: 'ENTRY',
      partition: this.#partition,
      offset,
      at,
      ...(seq !== undefined && { seq }),
      value: beginningOf(value, isShort ? Math.min(SHORT_VALUE, this.#valueMax) : this.#valueMax),
    };
    this.#types.types.forEach((type, i) => {
      if ((status.hits & (1 << i)) !== 0) this.#hitType(state, type, sensor, hit);
    });
    this.#schedule(sensor, state);
    this.#weigh(sensor, state);
  }

  get #isShort(): boolean {
    return this.#room.isHalfFull || this.#alarmRoom.isHalfFull;
  }

  /** Remembers every new hit, even a stale one: what counts as a repeat must not depend on when a recovery is read. */
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
    const enough = suffice(kept, type) || mayHaveSufficed(state, type, hit.at);
    if (enough && type.within !== undefined) state.proof = kept;
    let active = activeOf(state);
    if (active?.quarantined && enough && !sensorState.isUnknown) {
      this.#dismiss(sensorState, active, hit.at, positionOf(hit));
      active = undefined;
    }
    if (!active) {
      if (enough) this.#raise(sensorState, state, type, sensor, kept);
    } else if (hit.at - active.lastSeenAt >= SEEN_EVERY_MS) this.#change(sensorState, 'seen', see(active, hit.at), hit.at, positionOf(hit));
  }

  #recover(sensorState: SensorState, state: TypeState, sensor: number, at: number, cause: Position): void {
    const lastBefore = state.hits.findLast((hit) => hit.at <= at);
    state.lostAt = undefined;
    state.hits = after(state.hits, at);
    if (state.proof && !areAfter(state.proof, at)) state.proof = undefined;
    const active = activeOf(state);
    if (!active || areAfter(active.evidence, at)) return;
    this.#countActive(active, -1);
    this.#change(sensorState, 'cleared', clear(active, at, lastBefore?.at ?? active.lastSeenAt), at, cause);
    this.#acknowledgeOldest(sensorState, state, at, cause);
    const type = this.#types.types[this.#types.placeOf(state.type) ?? -1];
    if (type === undefined) return;
    const remaining = type.within === undefined ? state.hits : (state.proof ?? []);
    if (suffice(remaining, type)) this.#raise(sensorState, state, type, sensor, remaining);
  }

  /**
   * Without room for it, a lesser alarm is raised by the next hit that comes once there is: the hits stay remembered. So is any of an unknown sensor, whatever
   * its severity.
   */
  #raise(sensorState: SensorState, state: TypeState, type: AlarmType, sensor: number, evidence: Hits): void {
    const { isUnknown } = sensorState;
    const cause = positionOf(completing(evidence));
    if (isUnknown && (this.#alarmRoom.isFull || !this.#admit(completing(evidence).at, cause))) {
      this.#heldBack += 1;
      return;
    }
    if (!isUnknown && !this.#alarmRoom.takes(type)) {
      this.#withheld += 1;
      return;
    }
    const alarm = raise(sensor, type.name, type.severity, evidence, isUnknown);
    // Not spread into a new array, which would leave room for 16 more.
    state.open = state.open.concat(alarm);
    this.#countActive(alarm, 1);
    this.#events.push({ event: 'raised', at: alarm.raisedAt, cause, alarm });
    if (!isUnknown) this.#counts.push({ alarm: alarm.id, sensor, type: type.name, at: alarm.raisedAt });
    state.lostAt = undefined;
    if (isUnknown) this.#quarantine.track(sensor, sensorState);
  }

  /** Makes room for a quarantined alarm: those that operators have acknowledged give way, and no others. */
  #admit(at: number, cause: Position): boolean {
    while (this.#quarantine.isFull) {
      const sensor = this.#quarantine.firstSeen;
      const state = sensor === undefined ? undefined : this.#states.get(sensor);
      if (sensor === undefined || state === undefined) return false;
      for (const alarm of quarantinedIn(state)) if (!isOver(alarm)) this.#dismiss(state, alarm, at, cause);
      state.ended = state.ended.filter(({ quarantined }) => !quarantined);
      this.#unsaved.changed.add(sensor);
      this.#quarantine.track(sensor, state);
      // What doesn't fit is forgotten once the hit in hand is dealt with: its own sensor may be among the oldest.
      this.#hold(sensor, state);
    }
    return true;
  }

  #dismiss(state: SensorState, alarm: Alarm, at: number, cause: Position): void {
    if (isActive(alarm)) this.#countActive(alarm, -1);
    this.#change(state, 'acknowledged', dismiss(alarm, at), at, cause);
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
    if (alarm.quarantined) this.#quarantine.track(alarm.sensor, state);
  }

  /** Undefined: there is nothing to remember of the sensor. */
  #find(sensor: number): SensorState | undefined {
    return this.#states.get(sensor) ?? (this.#resting.size > 0 ? this.#wake(sensor) : undefined);
  }

  #wake(sensor: number): SensorState | undefined {
    const json = this.#resting.take(sensor);
    if (json === undefined) return undefined;
    const { state } = this.#format.fromJson(json);
    if (state !== undefined) this.#states.set(sensor, state);
    return state;
  }

  #stateOf(sensor: number): SensorState {
    let state = this.#find(sensor);
    if (state === undefined) {
      state = emptyState();
      this.#states.set(sensor, state);
    }
    return state;
  }

  /** Schedules the earliest time at which something of the sensor can be forgotten. */
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
      ...types.map((type) => Math.min(type.hits[0]?.at ?? NEVER, type.lostAt ?? NEVER) + this.#keptFor(type)),
      ...ended.map((alarm) => endedAt(alarm) + ENDED_FOR_MS),
    );
  }

  /** How long hits without an active alarm are remembered, ms of ENTRY time. */
  #keptFor(state: TypeState): number {
    if (activeOf(state)) return NEVER;
    const { within = 0 } = this.#types.types[this.#types.placeOf(state.type) ?? -1] ?? {};
    return Math.max(this.#hitsKeptMs, within + this.#lateMax);
  }

  #roomOf({ isUnknown }: SensorState): SensorRoom {
    return isUnknown ? this.#unknownRoom : this.#room;
  }

  /** Updates the room that a changed sensor takes. */
  #weigh(sensor: number, state: SensorState): void {
    this.#hold(sensor, state);
    this.#makeRoom();
    this.#makeAlarmRoom();
  }

  /** Alarms that are over go first: nothing but notes and dispositions can come for them. */
  #makeAlarmRoom(): void {
    for (let sensor = this.#alarmRoom.takeExcess(); sensor !== undefined; sensor = this.#alarmRoom.takeExcess()) {
      const state = this.#states.get(sensor);
      const hadQuarantined = state?.ended.some(({ quarantined }) => quarantined);
      if (state) state.ended = [];
      if (state && hadQuarantined) this.#quarantine.track(sensor, state);
      this.#unsaved.riding.push(sensor);
      if (state && hasAlarm(state)) this.#alarmRoom.hold(sensor, state);
      else this.#alarmRoom.release(sensor);
      if (state && !hasAlarm(state) && !isEmpty(state)) this.#roomOf(state).hold(sensor, state);
    }
  }

  #hold(sensor: number, state: SensorState): void {
    if (this.#tellsUnknown) (state.isUnknown ? this.#room : this.#unknownRoom).release(sensor);
    const room = this.#roomOf(state);
    if (hasAlarm(state) || isEmpty(state)) room.release(sensor);
    else room.hold(sensor, state);
    if (hasAlarm(state)) this.#alarmRoom.hold(sensor, state);
    else this.#alarmRoom.release(sensor);
  }

  #makeRoom(): void {
    this.#letGo += this.#forgetExcess(this.#room);
    if (this.#tellsUnknown) this.#unknownLetGo += this.#forgetExcess(this.#unknownRoom);
  }

  /** Returns how many sensors with hits were forgotten. */
  #forgetExcess(room: SensorRoom): number {
    let withHits = 0;
    for (let sensor = room.takeExcess(); sensor !== undefined; sensor = room.takeExcess()) {
      if (this.#states.get(sensor)?.types.some(hasHits)) withHits += 1;
      this.#states.delete(sensor);
      this.#clearing.delete(sensor);
      this.#unsaved.riding.push(sensor);
    }
    return withHits;
  }

  /** ENTRY time from which on none of these hits can be sent again. */
  #repeatableUntil(repeatable: readonly Repeatable[]): number {
    return repeatable.length === 0 ? NEVER : Math.max(...repeatable.map(({ at }) => at)) + this.#repeatWithinMs + this.#lateMax;
  }

  /** ENTRY has come to `at`: forgets recoveries, repeats, hits and ended alarms that can't matter any more. */
  #forget(at: number): void {
    for (let next = this.#due.take(at); next; next = this.#due.take(at)) {
      const { due, sensor } = next;
      const state = this.#states.get(sensor);
      // Otherwise the entry is outdated: something else was due earlier, and the rest was scheduled again.
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
    if (ended.some(({ quarantined }) => quarantined)) this.#quarantine.track(sensor, state);
    for (const type of state.types) {
      const from = at - this.#keptFor(type);
      type.hits = after(type.hits, from);
      if (type.lostAt !== undefined && type.lostAt <= from) type.lostAt = undefined;
    }
    this.#unsaved.riding.push(sensor);
    this.#weigh(sensor, state);
  }

  #countActiveIn(state: SensorState | undefined, by: number): void {
    for (const type of state?.types ?? []) {
      const active = activeOf(type);
      if (active) this.#countActive(active, by);
    }
  }

  /** Quarantined alarms are counted apart: those of nobody must not look like a town on fire. */
  #countActive({ type, quarantined }: Alarm, by: number): void {
    if (!quarantined) this.#active.set(type, (this.#active.get(type) ?? 0) + by);
  }
}

function hasAlarm({ types, ended }: SensorState): boolean {
  return ended.length > 0 || types.some(({ open }) => open.length > 0);
}

/** Whether this hit would have been enough if all others before had come that are lost. */
function mayHaveSufficed({ lostAt }: TypeState, { within }: AlarmType, at: number): boolean {
  return lostAt !== undefined && (within === undefined || at - lostAt <= within);
}

function shorten(state: SensorState): void {
  for (const type of state.types) type.hits = type.hits.map((hit) => ({ ...hit, value: beginningOf(hit.value, SHORT_VALUE) }));
}

/** A copy, which doesn't keep the whole text in memory. */
function beginningOf(value: string, letters: number): string {
  return value.length <= letters ? value : Buffer.from(value.slice(0, letters)).toString();
}

function awaitTooMany(cleared: readonly Alarm[], bytesMax: number): boolean {
  return cleared.length > AWAITING_MAX || (cleared.length > 1 && bytesOf(cleared) > bytesMax);
}

function positionOf({ topic, partition, offset }: Evidence): Position {
  return { topic, partition, offset };
}
