import type { Detector, Fault, SensorFaults } from '../../alarm/faults.ts';

export interface ListedFault extends Fault {
  readonly sensor: number;
}

interface Entry {
  readonly partition: number;
  readonly faults: readonly Fault[];
}

/** Beyond it sensors are counted no more, and those that were heard of longest ago are forgotten: each is told again once a day. */
const SENSORS_MAX = 100_000;
/** The gravest first: whose smoke detector says nothing is in the greatest danger. */
const GRAVITY: readonly Detector[] = ['smoke', 'temperature', 'motion'];

/** Sensors of which a detector can't be read, as of the newest record of each. */
export class FaultySensors {
  readonly #sensorsMax: number;
  readonly #sensors = new Map<number, Entry>();
  #listed: readonly ListedFault[] | undefined;

  constructor(sensorsMax = SENSORS_MAX) {
    this.#sensorsMax = sensorsMax;
  }

  get size(): number {
    return this.#sensors.size;
  }

  apply({ sensor, faults }: Pick<SensorFaults, 'sensor' | 'faults'>, partition: number): void {
    this.#listed = undefined;
    this.#sensors.delete(sensor);
    if (faults.length > 0) this.#sensors.set(sensor, { partition, faults });
    for (const oldest of this.#sensors.keys()) {
      if (this.#sensors.size <= this.#sensorsMax) break;
      this.#sensors.delete(oldest);
    }
  }

  /** What was known of a partition may be over, unheard: what lasts is told again within a day. Returns the sensors that were forgotten. */
  forget(partition: number): number[] {
    const forgotten = [...this.#sensors].filter(([, entry]) => entry.partition === partition).map(([sensor]) => sensor);
    for (const sensor of forgotten) this.#sensors.delete(sensor);
    this.#listed = undefined;
    return forgotten;
  }

  of(sensor: number): readonly Fault[] {
    return this.#sensors.get(sensor)?.faults ?? [];
  }

  /** The gravest first, of each kind the newest first. */
  list(): readonly ListedFault[] {
    this.#listed ??= [...this.#sensors]
      .flatMap(([sensor, { faults }]) => faults.map((fault) => ({ sensor, ...fault })))
      .sort((a, b) => GRAVITY.indexOf(a.detector) - GRAVITY.indexOf(b.detector) || b.since - a.since || a.sensor - b.sensor);
    return this.#listed;
  }
}
