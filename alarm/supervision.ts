/** Notices detectors that have fallen silent, so that a person learns of it. A fault never hides a hit. */
import type { Position } from './alarm.ts';
import { DueQueue } from './due-queue.ts';
import type { Detector, Fault, FaultReason, SensorFaults } from './faults.ts';
import { KnownDetectors } from './known-detectors.ts';
import { SensorSet } from './sensor-set.ts';
import type { Status } from './status.ts';
import type { TypeBits, TypeSet } from './type-set.ts';

/** A lasting fault is written again after this long, so that it is still in the log once retention has removed its first record. */
export const REPORTED_EVERY_MS = 86_400_000;
/** A fault that returns this soon after its end lasts at least as long, so that a detector that reports only now and then is one fault, not hundreds. */
export const FLAPPING_MS = 300_000;
/** Sensors of a partition whose faults are remembered at the same time; those of further sensors are only counted, by field. */
export const FAULTY_MAX = 100_000;
/** At most this many lasting faults are written again at one reading; the others follow at the next ones. */
const REPORTED_AT_ONCE = 1_000;

/** The remembered faults of a sensor. */
export interface FaultState {
  readonly faults: readonly Fault[];
  /** When they were last written, and what showed them. */
  readonly at: number;
  readonly cause: Position;
  /** When a detector's last fault ended. */
  readonly ended: Readonly<Partial<Record<Detector, number>>>;
}

/** Sensors whose state is to be stored: `changed` at once, `riding` with whatever is stored next. */
export interface Unsaved {
  readonly changed: Set<number>;
  readonly riding: number[];
}

export class Supervision {
  readonly #types: TypeSet;
  readonly #partition: number;
  readonly #unsaved: Unsaved;
  readonly #faultyMax: number;
  readonly #known: KnownDetectors;
  readonly #states = new Map<number, FaultState>();
  readonly #faulty = new Map<Detector, number>();
  readonly #due = new DueQueue();
  readonly #queued = new Set<number>();
  #records: SensorFaults[] = [];

  constructor(
    types: TypeSet,
    partition: number,
    unsaved: Unsaved,
    {
      sensorsMax = undefined as number | undefined,
      faultyMax = FAULTY_MAX,
      usual = new SensorSet(),
      idMultiplier = undefined as number | undefined,
    } = {},
  ) {
    this.#types = types;
    this.#partition = partition;
    this.#unsaved = unsaved;
    this.#faultyMax = faultyMax;
    this.#known = new KnownDetectors(types.all, usual, sensorsMax, idMultiplier);
  }

  /** Number of sensors with a fault, by detector. */
  get faulty(): ReadonlyMap<Detector, number> {
    return this.#faulty;
  }

  /** ENTRY time at which a lasting fault is to be written again. */
  get dueNext(): number {
    return this.#due.next;
  }

  get waiting(): number {
    return this.#records.length;
  }

  /** A reading of a sensor that isn't usual, or that says nothing about a type. `stale`: it is older than a recovery, so it says nothing about now. */
  reading({ id, silent: silentTypes, unreadable }: Status, at: number, offset: number, stale: boolean): void {
    const types = this.#types;
    const known = this.#known.get(id);
    const reported = types.all & ~silentTypes;
    const state = this.#states.get(id);
    if ((known & reported) !== reported && this.#known.set(id, known | reported, state === undefined)) this.#unsaved.riding.push(id);
    const garbled = unreadable.length === 0 ? 0 : types.reading(unreadable);
    const silent = silentTypes & (known | garbled);
    if (stale || (silent === 0 && state === undefined)) return;
    const standing = state?.faults.filter((fault) => !isOver(fault, state, this.#isReported(fault, reported), at));
    this.#become(id, at, offset, standing ?? [], silent, (type) => ((garbled & type) === 0 ? 'absent' : 'unreadable'));
  }

  /** A type that is no longer detected counts as reported, so that its fault ends. */
  #isReported({ detector }: Fault, reported: TypeBits): boolean {
    const place = this.#types.placeOf(detector);
    return place === undefined || (reported & (1 << place)) !== 0;
  }

  /** Hits of these types were dropped because they were older than a recovery. */
  stale(sensor: number, types: TypeBits, at: number, offset: number): void {
    this.#become(sensor, at, offset, this.#states.get(sensor)?.faults ?? [], types, () => 'stale');
  }

  /** ENTRY has come to `at`: faults that have lasted for long are written again. */
  reportStanding(at: number): void {
    for (let reported = 0; reported < REPORTED_AT_ONCE; ) {
      const next = this.#due.take(at);
      if (next === undefined) return;
      const { sensor } = next;
      this.#queued.delete(sensor);
      const state = this.#states.get(sensor);
      if (state === undefined || state.faults.length === 0) continue;
      if (state.at + REPORTED_EVERY_MS > at) this.#schedule(sensor, state);
      else {
        this.#write(sensor, { ...state, at });
        reported += 1;
      }
    }
  }

  /** The records for SUPERVISION since the last call. */
  take(): SensorFaults[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** The types that the sensor has reported. */
  knownOf(sensor: number): TypeBits {
    return this.#known.get(sensor);
  }

  stateOf(sensor: number): FaultState | undefined {
    return this.#states.get(sensor);
  }

  restore(sensor: number, known: TypeBits, state: FaultState | undefined): void {
    this.#count(this.#states.get(sensor)?.faults, -1);
    if (known !== 0) this.#known.set(sensor, known, state === undefined);
    if (state === undefined) {
      this.#states.delete(sensor);
      return;
    }
    this.#states.set(sensor, state);
    this.#count(state.faults, 1);
    this.#schedule(sensor, state);
  }

  /** The faults are now `standing` and new ones of the types `beginning`. Writes a record only if that is a change. */
  #become(
    sensor: number,
    at: number,
    offset: number,
    standing: readonly Fault[],
    beginning: TypeBits,
    reasonOf: (type: TypeBits) => FaultReason,
  ): void {
    const before = this.#states.get(sensor);
    const begun = this.#types
      .namesOf(beginning)
      .filter((detector) => !standing.some((fault) => fault.detector === detector))
      .map((detector) => ({ detector, reason: reasonOf(this.#types.bitsOf([detector])), since: at }));
    const ended = before?.faults.filter((fault) => !standing.includes(fault)) ?? [];
    if (begun.length === 0 && ended.length === 0) {
      if (before?.faults.length === 0) this.#forgetIfCalm(sensor, before, at);
      return;
    }
    if (before === undefined && (this.#states.size >= this.#faultyMax || !this.#known.set(sensor, this.#known.get(sensor), false))) return;
    this.#write(sensor, {
      faults: [...standing, ...begun],
      at,
      cause: { topic: 'ENTRY', partition: this.#partition, offset },
      ended: { ...before?.ended, ...Object.fromEntries(ended.map(({ detector }) => [detector, at])) },
    });
  }

  #write(sensor: number, state: FaultState): void {
    this.#count(this.#states.get(sensor)?.faults, -1);
    this.#count(state.faults, 1);
    this.#states.set(sensor, state);
    this.#unsaved.changed.add(sensor);
    this.#records.push({ sensor, at: state.at, cause: state.cause, faults: state.faults });
    this.#schedule(sensor, state);
  }

  #schedule(sensor: number, { at }: FaultState): void {
    if (this.#queued.has(sensor)) return;
    this.#queued.add(sensor);
    this.#due.push(at + REPORTED_EVERY_MS, sensor);
  }

  #forgetIfCalm(sensor: number, { ended }: FaultState, at: number): void {
    if (Object.values(ended).some((endedAt = 0) => at - endedAt < FLAPPING_MS)) return;
    this.#states.delete(sensor);
    this.#known.set(sensor, this.#known.get(sensor), true);
    this.#unsaved.riding.push(sensor);
  }

  #count(faults: readonly Fault[] = [], by: number): void {
    for (const { detector } of faults) this.#faulty.set(detector, (this.#faulty.get(detector) ?? 0) + by);
  }
}

function isOver({ detector, since }: Fault, { ended }: FaultState, isReported: boolean, at: number): boolean {
  if (!isReported) return false;
  const endedBefore = ended[detector];
  const cameAgain = endedBefore !== undefined && since - endedBefore < FLAPPING_MS;
  return !cameAgain || at - since >= FLAPPING_MS;
}
