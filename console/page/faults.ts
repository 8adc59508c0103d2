import type { FaultAnswer, SensorAnswer } from '../api/schemas.ts';
import type { State } from './state.ts';
import { clockTime, count } from './time.ts';

export interface FaultySensor {
  readonly sensor: number;
  readonly faults: readonly FaultAnswer[];
}

/** A sensor that was asked for, and what is known of it. */
export interface SensorView {
  readonly id: string;
  /** Undefined while it is fetched, or where that fails. */
  readonly answer: SensorAnswer | undefined;
  readonly problem: string | undefined;
}

const DETECTOR = { smoke: 'smoke', temperature: 'heat', motion: 'motion' } as const;
const REASON = { absent: 'is not reported', unreadable: 'cannot be read', stale: 'comes with a clock that is behind' } as const;

export const faultWords = ({ detector, reason, since }: FaultAnswer, now: number): string =>
  `${DETECTOR[detector]} ${REASON[reason]} since ${clockTime(Date.parse(since), now)}`;

/** Takes what the stream tells: the whole set of each of these sensors. */
export function keepFaults({ faults }: State, sensors: readonly FaultySensor[]): void {
  for (const { sensor, faults: all } of sensors) {
    if (all.length === 0) faults.delete(sensor);
    else faults.set(sensor, all);
  }
}

export function faultyWords(sensors: number | undefined): string {
  if (sensors === undefined) return 'Sensor faults are not known';
  if (sensors === 0) return 'No sensor faults';
  return sensors === 1 ? '1 sensor has a fault' : `${count(sensors)} sensors have faults`;
}
