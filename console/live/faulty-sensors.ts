import { gravestFirst } from '../../alarm/alarm-type.ts';
import type { Fault, SensorFaults } from '../../alarm/faults.ts';
import type { TypeSet } from '../../alarm/type-set.ts';

export interface ListedFault extends Fault {
  readonly sensor: number;
}

interface Entry {
  readonly partition: number;
  readonly faults: readonly Fault[];
}

/** At most this many sensors are remembered; the one whose last record is oldest is forgotten first. Faults that last are written again once a day. */
const SENSORS_MAX = 100_000;

/** Sensors with faulty detectors, by the newest record of each sensor. */
export class FaultySensors {
  /** Life safety first, then the gravest, then by the order of the settings: a person with a silent smoke detector is in the greatest danger. */
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #sensorsMax: number;
  readonly #sensors = new Map<number, Entry>();
  #listed: readonly ListedFault[] | undefined;

  constructor(types: TypeSet, sensorsMax = SENSORS_MAX) {
    const ranked = gravestFirst(types.types).toSorted((a, b) => Number(b.lifeSafety) - Number(a.lifeSafety));
    this.#ranks = new Map(ranked.map(({ name }, rank) => [name, rank]));
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

  /** Forgets the faults of a partition of which records were missed, since some may have ended. Returns their sensors. */
  forget(partition: number): number[] {
    const forgotten = [...this.#sensors].filter(([, entry]) => entry.partition === partition).map(([sensor]) => sensor);
    for (const sensor of forgotten) this.#sensors.delete(sensor);
    this.#listed = undefined;
    return forgotten;
  }

  of(sensor: number): readonly Fault[] {
    return this.#sensors.get(sensor)?.faults ?? [];
  }

  /** By rank, of each detector the newest first; detectors that the settings no longer have come last. */
  list(): readonly ListedFault[] {
    this.#listed ??= [...this.#sensors]
      .flatMap(([sensor, { faults }]) => faults.map((fault) => ({ sensor, ...fault })))
      .sort((a, b) => this.#rankOf(a) - this.#rankOf(b) || b.since - a.since || a.sensor - b.sensor);
    return this.#listed;
  }

  #rankOf({ detector }: Fault): number {
    return this.#ranks.get(detector) ?? this.#ranks.size;
  }
}
