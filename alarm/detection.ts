import type { Action, Alarm, AlarmChangeKind, AlarmCount, AlarmEvent, Evidence, Position } from './alarm.ts';
import { DueQueue } from './due-queue.ts';
import { after, areAfter, completing, type Hits, keep, suffice } from './kept-hits.ts';
import { acknowledge, act, clear, raise, SEEN_EVERY_MS, SELF, see } from './lifecycle.ts';
import type { Rules } from './rules.ts';
import { activeOf, bytesOf, emptyState, fromJson, isEmpty, replaceOpen, type SensorState, type TypeState, toJson } from './sensor-state.ts';
import { ALARM_TYPES, type AlarmType, hits, isHit, STATUS_BYTES_MAX, type Status } from './status.ts';

export interface DetectionSettings {
  readonly rules: Rules;
  readonly partition: number;
  /** How far apart the clocks of two proxies may be, ms. */
  readonly clockSkewMaxMs: number;
}

/** What came of the input since the last call; `changed` has the new state of each sensor as JSON, null where nothing is left to remember. */
export interface Effects {
  readonly events: AlarmEvent[];
  readonly counts: AlarmCount[];
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
  readonly #valueMax: number;
  readonly #states = new Map<number, SensorState>();
  readonly #changed = new Set<number>();
  readonly #active: Record<AlarmType, number> = { motion: 0, smoke: 0, temperature: 0 };
  readonly #due = new DueQueue();
  /** ENTRY time at which the next OK can be forgotten. */
  #dueNext = Number.POSITIVE_INFINITY;
  #events: AlarmEvent[] = [];
  #counts: AlarmCount[] = [];

  constructor({ rules, partition, clockSkewMaxMs }: DetectionSettings) {
    this.#rules = rules;
    this.#partition = partition;
    this.#clockSkewMaxMs = clockSkewMaxMs;
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

  /** How many events wait to be taken. */
  get waiting(): number {
    return this.#events.length;
  }

  /** A record of ENTRY, received `at`. `value` is asked for its text if it is a hit. */
  entry(status: Status, at: number, offset: number, value: () => string): void {
    if (at >= this.#dueNext) this.#forgetOks(at);
    if (isHit(status)) this.#hit(status, at, offset, value());
  }

  /** A record of OK, received `at`: all is well with the sensor up to then. */
  recovery(sensor: number, at: number, offset: number): void {
    const state = this.#stateOf(sensor);
    if (state.okAt !== undefined && at <= state.okAt) return;
    state.okAt = at;
    this.#schedule(sensor, state, at);
    this.#changed.add(sensor);
    const cause = { topic: 'OK', partition: this.#partition, offset };
    for (const type of ALARM_TYPES) this.#recover(state[type], type, sensor, at, cause);
  }

  /** A record of ACTION, received `at`: carried out, or refused with its reason. */
  action(action: Action, at: number, offset: number): void {
    const cause = { topic: 'ACTION', partition: this.#partition, offset };
    const state = this.#states.get(action.sensor);
    const type = state && ALARM_TYPES.find((type) => state[type].open.some(({ id }) => id === action.alarm));
    const alarm = type && state[type].open.find(({ id }) => id === action.alarm);
    if (!alarm) {
      this.#events.push({ event: 'refused', at, cause, action, reason: 'there is no such alarm, or it is over' });
      return;
    }
    const outcome = act(alarm, action, at);
    if (typeof outcome === 'string') this.#events.push({ event: 'refused', at, cause, action, reason: outcome, alarm });
    else this.#change(state[type], outcome.event, outcome.alarm, at, cause, action);
  }

  /** What came of the input since the last call; undefined: nothing. */
  takeEffects(): Effects | undefined {
    if (this.#events.length === 0 && this.#changed.size === 0) return undefined;
    const changed = new Map<number, string | null>();
    for (const sensor of this.#changed) {
      const state = this.#states.get(sensor);
      if (state === undefined || isEmpty(state)) {
        this.#states.delete(sensor);
        changed.set(sensor, null);
      } else changed.set(sensor, toJson(state));
    }
    const effects = { events: this.#events, counts: this.#counts, changed };
    this.#events = [];
    this.#counts = [];
    this.#changed.clear();
    return effects;
  }

  /** Takes a sensor's state up again from what `changed` gave; before any input. */
  restore(sensor: number, json: string): void {
    this.#countActive(this.#states.get(sensor), -1);
    const state = fromJson(json);
    this.#states.set(sensor, state);
    this.#countActive(state, 1);
    if (state.okAt !== undefined) this.#schedule(sensor, state, state.okAt);
  }

  #hit(status: Status, at: number, offset: number, value: string): void {
    const sensor = status.id;
    const okAt = this.#states.get(sensor)?.okAt;
    // Clocks of proxies differ: only what is older beyond doubt is stale.
    if (okAt !== undefined && at < okAt - this.#clockSkewMaxMs) return;
    const hit: Evidence = {
      topic: 'ENTRY',
      partition: this.#partition,
      offset,
      at,
      ...(status.seq !== undefined && { seq: status.seq }),
      value: value.slice(0, this.#valueMax),
    };
    const state = this.#stateOf(sensor);
    for (const type of ALARM_TYPES) if (hits(status, type)) this.#hitType(state[type], type, sensor, hit);
  }

  #hitType(state: TypeState, type: AlarmType, sensor: number, hit: Evidence): void {
    const rule = this.#rules[type];
    const kept = keep(state.hits, hit, rule.hits);
    if (kept === state.hits) return;
    state.hits = kept;
    this.#changed.add(sensor);
    const enough = suffice(kept, rule);
    if (enough && rule.within !== undefined) state.proof = kept;
    const active = activeOf(state);
    if (!active) {
      if (enough) this.#raise(state, type, sensor, kept);
    } else if (hit.at - active.lastSeenAt >= SEEN_EVERY_MS) this.#change(state, 'seen', see(active, hit.at), hit.at, positionOf(hit));
  }

  #recover(state: TypeState, type: AlarmType, sensor: number, at: number, cause: Position): void {
    const lastSeenAt = state.hits.findLast((hit) => hit.at <= at)?.at ?? 0;
    state.hits = after(state.hits, at);
    if (state.proof && !areAfter(state.proof, at)) state.proof = undefined;
    const active = activeOf(state);
    if (!active || areAfter(active.evidence, at)) return;
    this.#active[type]--;
    this.#change(state, 'cleared', clear(active, at, lastSeenAt), at, cause);
    this.#acknowledgeOldest(state, at, cause);
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

  #acknowledgeOldest(state: TypeState, at: number, cause: Position): void {
    for (let [oldest] = state.open; oldest && awaitTooMany(state.open); [oldest] = state.open) {
      this.#change(state, 'acknowledged', acknowledge(oldest, SELF, at), at, cause);
    }
  }

  #change(state: TypeState, event: AlarmChangeKind, alarm: Alarm, at: number, cause: Position, action?: Action): void {
    replaceOpen(state, alarm);
    this.#changed.add(alarm.sensor);
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

  #schedule(sensor: number, state: SensorState, okAt: number): void {
    if (state.scheduled) return;
    state.scheduled = true;
    this.#due.push(okAt + 2 * this.#clockSkewMaxMs, sensor);
    this.#dueNext = this.#due.next;
  }

  /** ENTRY has come to `at`: no hit is to be expected any more that OKs of long before would make stale. Each OK costs this once. */
  #forgetOks(at: number): void {
    for (; this.#due.next <= at; ) {
      const sensor = this.#due.pop() ?? 0;
      const state = this.#states.get(sensor);
      if (state?.okAt === undefined) continue;
      state.scheduled = false;
      if (state.okAt + 2 * this.#clockSkewMaxMs > at) this.#schedule(sensor, state, state.okAt);
      else {
        state.okAt = undefined;
        this.#changed.add(sensor);
      }
    }
    this.#dueNext = this.#due.next;
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
