/** Notices detectors that fell silent: a fault hides no hit, and a person should know of it. */
import type { Position } from './alarm.ts';
import { DueQueue } from './due-queue.ts';
import { DETECTOR_NAMES, type Detector, type Fault, type FaultReason, type SensorFaults } from './faults.ts';
import { MAX_TEMPERATURE, MOTION, SMOKE, TEMPERATURE } from './field-names.ts';
import { KnownDetectors } from './known-detectors.ts';
import { SensorSet } from './sensor-set.ts';
import type { Status } from './status.ts';

/** A standing fault is written again after this long, so that who reads from where retention begins finds it. */
export const REPORTED_EVERY_MS = 86_400_000;
/** A fault that comes again this soon after it ended stands for at least as long: a detector that says something now and then is one fault, not hundreds. */
export const FLAPPING_MS = 300_000;
/** Sensors of a partition whose faults are remembered at once; further ones are only counted, by field. */
export const FAULTY_MAX = 100_000;
/** Most standing faults that are written again on one reading; the others follow on the next ones. */
const REPORTED_AT_ONCE = 1_000;

/** A set of detectors is a number. */
const DETECTOR_BITS: Readonly<Record<Detector, number>> = { motion: 1, smoke: 2, temperature: 4 };
const ALL = 7;
/** Beside what a sensor is known to report: there is more to know of it. */
const FAULTY = 8;

/** What is remembered of a sensor's faults. */
export interface FaultState {
  readonly faults: readonly Fault[];
  /** When they were last written, and what showed them. */
  readonly at: number;
  readonly cause: Position;
  /** When a detector's last fault ended. */
  readonly ended: Readonly<Partial<Record<Detector, number>>>;
}

/** Sensors of which something is to be stored: at once, or with whatever is stored next. */
export interface Unsaved {
  readonly changed: Set<number>;
  readonly riding: number[];
}

export class Supervision {
  readonly #partition: number;
  readonly #unsaved: Unsaved;
  readonly #faultyMax: number;
  readonly #known: KnownDetectors;
  readonly #states = new Map<number, FaultState>();
  readonly #faulty: Record<Detector, number> = { motion: 0, smoke: 0, temperature: 0 };
  readonly #due = new DueQueue();
  readonly #queued = new Set<number>();
  #records: SensorFaults[] = [];

  constructor(
    partition: number,
    unsaved: Unsaved,
    { sensorsMax = undefined as number | undefined, faultyMax = FAULTY_MAX, usual = new SensorSet() } = {},
  ) {
    this.#partition = partition;
    this.#unsaved = unsaved;
    this.#faultyMax = faultyMax;
    this.#known = new KnownDetectors(ALL, usual, sensorsMax);
  }

  /** Sensors with a fault, by detector. */
  get faulty(): Readonly<Record<Detector, number>> {
    return this.#faulty;
  }

  /** ENTRY time at which a standing fault is to be written again. */
  get dueNext(): number {
    return this.#due.next;
  }

  get waiting(): number {
    return this.#records.length;
  }

  /** A reading of a sensor that isn't usual, or that lacks a field. `stale`: it is older than a recovery, so that it says nothing of now. */
  reading({ id, notReported, unreadable }: Status, at: number, offset: number, stale: boolean): void {
    const bits = this.#known.get(id);
    const known = bits & ALL;
    const readable = ALL & ~detectorsOf(notReported);
    if ((known & readable) !== readable && this.#known.set(id, bits | readable)) this.#unsaved.riding.push(id);
    const silent = ALL & ~readable & (known | detectorsOf(unreadable));
    const state = this.#states.get(id);
    if (stale || (silent === 0 && state === undefined)) return;
    const standing = state?.faults.filter((fault) => !isOver(fault, state, readable, at));
    const reasonOf = (detector: number): FaultReason => ((detectorsOf(unreadable) & detector) === 0 ? 'absent' : 'unreadable');
    this.#become(id, at, offset, standing ?? [], silent, reasonOf);
  }

  /** Hits of these detectors were dropped as older than a recovery. */
  stale(sensor: number, detectors: readonly Detector[], at: number, offset: number): void {
    const bits = detectors.reduce((sum, detector) => sum | DETECTOR_BITS[detector], 0);
    this.#become(sensor, at, offset, this.#states.get(sensor)?.faults ?? [], bits, () => 'stale');
  }

  /** ENTRY has come to `at`: faults that have stood for long are written again. */
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

  /** Which detectors the sensor has reported, as a number. */
  knownOf(sensor: number): number {
    return this.#known.get(sensor) & ALL;
  }

  stateOf(sensor: number): FaultState | undefined {
    return this.#states.get(sensor);
  }

  restore(sensor: number, known: number, state: FaultState | undefined): void {
    this.#count(this.#states.get(sensor)?.faults, -1);
    const bits = state === undefined ? known : known | FAULTY;
    if (bits !== 0) this.#known.set(sensor, bits);
    if (state === undefined) {
      this.#states.delete(sensor);
      return;
    }
    this.#states.set(sensor, state);
    this.#count(state.faults, 1);
    this.#schedule(sensor, state);
  }

  /** Faults that stand on, and new ones of the detectors `beginning`. Written only if that makes another set. */
  #become(
    sensor: number,
    at: number,
    offset: number,
    standing: readonly Fault[],
    beginning: number,
    reasonOf: (detector: number) => FaultReason,
  ): void {
    const before = this.#states.get(sensor);
    const begun = DETECTOR_NAMES.filter((detector) => (DETECTOR_BITS[detector] & beginning) !== 0)
      .filter((detector) => !standing.some((fault) => fault.detector === detector))
      .map((detector) => ({ detector, reason: reasonOf(DETECTOR_BITS[detector]), since: at }));
    const ended = before?.faults.filter((fault) => !standing.includes(fault)) ?? [];
    if (begun.length === 0 && ended.length === 0) {
      if (before?.faults.length === 0) this.#forgetIfCalm(sensor, before, at);
      return;
    }
    if (before === undefined && (this.#states.size >= this.#faultyMax || !this.#known.set(sensor, this.#known.get(sensor) | FAULTY)))
      return;
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
    if (Object.values(ended).some((endedAt) => at - endedAt < FLAPPING_MS)) return;
    this.#states.delete(sensor);
    this.#known.set(sensor, this.knownOf(sensor));
    this.#unsaved.riding.push(sensor);
  }

  #count(faults: readonly Fault[] = [], by: number): void {
    for (const { detector } of faults) this.#faulty[detector] += by;
  }
}

function isOver({ detector, since }: Fault, { ended }: FaultState, readable: number, at: number): boolean {
  if ((DETECTOR_BITS[detector] & readable) === 0) return false;
  const endedBefore = ended[detector];
  const cameAgain = endedBefore !== undefined && since - endedBefore < FLAPPING_MS;
  return !cameAgain || at - since >= FLAPPING_MS;
}

/** The detectors of these fields. */
function detectorsOf(fields: number): number {
  const motion = (fields & MOTION) === 0 ? 0 : DETECTOR_BITS.motion;
  const smoke = (fields & SMOKE) === 0 ? 0 : DETECTOR_BITS.smoke;
  const temperature = (fields & (TEMPERATURE | MAX_TEMPERATURE)) === 0 ? 0 : DETECTOR_BITS.temperature;
  return motion | smoke | temperature;
}
