import type { Action, Alarm, AlarmChangeKind, AlarmCount, AlarmEvent, Evidence, Position } from './alarm.ts';
import { DueQueue } from './due-queue.ts';
import { after, areAfter, completing, type Hits, keep, suffice } from './kept-hits.ts';
import type { SensorFaults } from './faults.ts';
import { acknowledge, act, clear, raise, SEEN_EVERY_MS, SELF, see, endedAt } from './lifecycle.ts';
import { isRepeat, remember, type Repeatable } from './repeats.ts';
import type { Rules } from './rules.ts';
import {
  activeOf,
  bytesOf,
  ENDED_FOR_MS,
  emptyState,
  fromJson,
  isEmpty,
  NEVER,
  replace,
  type SensorState,
  type TypeState,
  toJson,
} from './sensor-state.ts';
import { ALARM_TYPES, type AlarmType, hits, isHit, STATUS_BYTES_MAX, type Status } from './status.ts';
import { SensorSet } from './sensor-set.ts';
import { Supervision } from './supervision.ts';

export interface DetectionSettings {
  readonly rules: Rules;
  readonly partition: number;
  /** How far apart the clocks of two proxies may be, ms. */
  readonly clockSkewMaxMs: number;
  /** A hit with the same `seq` and the same bytes as an earlier one is that one sent again, if it comes within this time of it, ms. */
  readonly repeatWithinMs: number;
}

/** What came of the input since the last call; `changed` has the new state of each sensor as JSON, null where nothing is left to remember. */
export interface Effects {
  readonly events: AlarmEvent[];
  readonly counts: AlarmCount[];
  /** Sensors whose faults changed, or were to be told again. */
  readonly faults: SensorFaults[];
  readonly changed: ReadonlyMap<number, string | null>;
}

/**
 * Cleared alarms of one sensor and type that may await acknowledgement, by number and by bytes of JSON; beyond that the oldest are acknowledged
 * by SELF. So what is remembered of a sensor fits well into one record of the log.
 */
export const AWAITING_MAX = 64;
export const AWAITING_BYTES_MAX = 36 * 1024;

/** What a type's hits may take together: a reading keeps its whole value where up to three make an alarm, else its share of this. */
const VALUES_MAX = 3 * STATUS_BYTES_MAX;

/**
 * Decides over one partition which alarms there are. Pure: all it knows comes in by its methods, all it does comes out by `takeEffects`.
 * The same input gives the same events and ids, however it is cut into batches and wherever it is restored in between.
 */
export class Detection {
  readonly #rules: Rules;
  readonly #partition: number;
  readonly #clockSkewMaxMs: number;
  /** How far ENTRY moves on until nothing older is to be expected any more, ms. */
  readonly #lateMax: number;
  readonly #repeatWithinMs: number;
  readonly #valueMax: number;
  readonly #states = new Map<number, SensorState>();
  readonly #unsaved = { changed: new Set<number>(), riding: [] as number[] };
  /** Sensors that reported all and have no fault: of another such reading there is nothing to note. */
  readonly #usual = new SensorSet();
  readonly #supervision: Supervision;
  readonly #active: Record<AlarmType, number> = { motion: 0, smoke: 0, temperature: 0 };
  readonly #due = new DueQueue();
  /** ENTRY time at which there is something to forget, or a fault to tell again. */
  #dueNext = NEVER;
  #events: AlarmEvent[] = [];
  #counts: AlarmCount[] = [];
  #stale = 0;
  #repeated = 0;

  constructor({ rules, partition, clockSkewMaxMs, repeatWithinMs }: DetectionSettings) {
    this.#rules = rules;
    this.#partition = partition;
    this.#clockSkewMaxMs = clockSkewMaxMs;
    this.#lateMax = 2 * clockSkewMaxMs;
    this.#repeatWithinMs = repeatWithinMs;
    this.#supervision = new Supervision(partition, this.#unsaved, { usual: this.#usual });
    const hitsMax = Math.max(...ALARM_TYPES.map((type) => rules[type].hits));
    this.#valueMax = Math.min(STATUS_BYTES_MAX, Math.floor(VALUES_MAX / hitsMax));
  }

  /** Active alarms by type. */
  get active(): Readonly<Record<AlarmType, number>> {
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
    if (status.notReported !== 0 || !this.#usual.has(status.id)) this.#supervise(status, at, offset);
    if (isHit(status)) this.#hit(status, at, offset, value());
  }

  /** A record of OK, received `at`: all is well with the sensor up to then. */
  recovery(sensor: number, at: number, offset: number): void {
    const state = this.#stateOf(sensor);
    if (state.okAt !== undefined && at <= state.okAt) return;
    state.okAt = at;
    this.#schedule(sensor, state);
    this.#unsaved.changed.add(sensor);
    const cause = { topic: 'OK', partition: this.#partition, offset };
    for (const type of ALARM_TYPES) this.#recover(state, type, sensor, at, cause);
  }

  /** A record of ACTION, received `at`: carried out, or refused with its reason. */
  action(action: Action, at: number, offset: number): void {
    const cause = { topic: 'ACTION', partition: this.#partition, offset };
    const state = this.#states.get(action.sensor);
    const alarms = state ? [...ALARM_TYPES.flatMap((type) => state[type].open), ...state.ended] : [];
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
    return toJson({ state, known: this.#supervision.knownOf(sensor), faults: this.#supervision.stateOf(sensor) });
  }

  /** Takes a sensor's state up again from what `changed` gave; before any input. */
  restore(sensor: number, json: string): void {
    const { state, known, faults } = fromJson(json);
    this.#supervision.restore(sensor, known, faults);
    this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
    this.#countActive(this.#states.get(sensor), -1);
    this.#states.delete(sensor);
    if (state === undefined) return;
    this.#states.set(sensor, state);
    this.#countActive(state, 1);
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
      this.#supervision.stale(
        sensor,
        ALARM_TYPES.filter((type) => hits(status, type)),
        at,
        offset,
      );
      this.#dueNext = Math.min(this.#dueNext, this.#supervision.dueNext);
      return;
    }
    const hit: Evidence = {
      topic: 'ENTRY',
      partition: this.#partition,
      offset,
      at,
      ...(seq !== undefined && { seq }),
      value: value.slice(0, this.#valueMax),
    };
    for (const type of ALARM_TYPES) if (hits(status, type)) this.#hitType(state, type, sensor, hit);
  }

  /** A hit that isn't one may be sent again from now on, whatever becomes of it: what is a repeat must not depend on when a recovery is read. */
  #isRepeat(sensor: number, state: SensorState, hit: Repeatable): boolean {
    if (isRepeat(state.repeatable, hit, this.#repeatWithinMs)) {
      this.#repeated += 1;
      return true;
    }
    state.repeatable = remember(state.repeatable, hit, this.#repeatWithinMs);
    this.#unsaved.riding.push(sensor);
    this.#schedule(sensor, state);
    return false;
  }

  #hitType(sensorState: SensorState, type: AlarmType, sensor: number, hit: Evidence): void {
    const state = sensorState[type];
    const rule = this.#rules[type];
    const kept = keep(state.hits, hit, rule.hits);
    if (kept === state.hits) return;
    state.hits = kept;
    this.#unsaved.changed.add(sensor);
    const enough = suffice(kept, rule);
    if (enough && rule.within !== undefined) state.proof = kept;
    const active = activeOf(state);
    if (!active) {
      if (enough) this.#raise(state, type, sensor, kept);
    } else if (hit.at - active.lastSeenAt >= SEEN_EVERY_MS) this.#change(sensorState, 'seen', see(active, hit.at), hit.at, positionOf(hit));
  }

  #recover(sensorState: SensorState, type: AlarmType, sensor: number, at: number, cause: Position): void {
    const state = sensorState[type];
    const lastBefore = state.hits.findLast((hit) => hit.at <= at);
    state.hits = after(state.hits, at);
    if (state.proof && !areAfter(state.proof, at)) state.proof = undefined;
    const active = activeOf(state);
    if (!active || areAfter(active.evidence, at)) return;
    this.#active[type]--;
    this.#change(sensorState, 'cleared', clear(active, at, lastBefore?.at ?? active.lastSeenAt), at, cause);
    this.#acknowledgeOldest(sensorState, type, at, cause);
    const remaining = this.#rules[type].within === undefined ? state.hits : (state.proof ?? []);
    if (suffice(remaining, this.#rules[type])) this.#raise(state, type, sensor, remaining);
  }

  #raise(state: TypeState, type: AlarmType, sensor: number, evidence: Hits): void {
    const alarm = raise(sensor, type, this.#rules[type].severity, evidence);
    state.open = [...state.open, alarm];
    this.#active[type]++;
    this.#events.push({ event: 'raised', at: alarm.raisedAt, cause: positionOf(completing(evidence)), alarm });
    this.#counts.push({ alarm: alarm.id, sensor, type, at: alarm.raisedAt });
  }

  #acknowledgeOldest(state: SensorState, type: AlarmType, at: number, cause: Position): void {
    for (let [oldest] = state[type].open; oldest && awaitTooMany(state[type].open); [oldest] = state[type].open) {
      this.#change(state, 'acknowledged', acknowledge(oldest, SELF, at), at, cause);
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
    this.#dueNext = Math.min(this.#dueNext, due);
  }

  #dueOf({ okAt = NEVER, repeatable, ended }: SensorState): number {
    return Math.min(okAt + this.#lateMax, this.#repeatableUntil(repeatable), ...ended.map((alarm) => endedAt(alarm) + ENDED_FOR_MS));
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
    this.#unsaved.riding.push(sensor);
  }

  #countActive(state: SensorState | undefined, by: number): void {
    if (state) for (const type of ALARM_TYPES) if (activeOf(state[type])) this.#active[type] += by;
  }
}

function awaitTooMany(cleared: readonly Alarm[]): boolean {
  return cleared.length > AWAITING_MAX || (cleared.length > 1 && bytesOf(cleared) > AWAITING_BYTES_MAX);
}

function positionOf({ topic, partition, offset }: Evidence): Position {
  return { topic, partition, offset };
}
