import type { FaultAnswer } from '../console/api/schemas.ts';
import type { State } from './state.ts';
import { clockTime, counted } from './time.ts';
import type { KnownTypes } from './types.ts';

export interface FaultySensor {
  readonly sensor: number;
  readonly faults: readonly FaultAnswer[];
}

const REASON = { absent: 'not reported', unreadable: 'not readable', stale: 'reported with a clock that is behind' } as const;

export const faultWords = ({ detector, reason, since }: FaultAnswer, types: KnownTypes, now: number): string =>
  `${types.of(detector).text} ${REASON[reason]} since ${clockTime(Date.parse(since), now)}`;

/** Stores what the stream brings: all faults of each of these sensors. */
export function keepFaults({ faults }: State, sensors: readonly FaultySensor[]): void {
  for (const { sensor, faults: all } of sensors) {
    if (all.length === 0) faults.delete(sensor);
    else faults.set(sensor, all);
  }
}

export function faultyWords(sensors: number | undefined): string {
  if (sensors === undefined) return 'Sensor faults are not known';
  if (sensors === 0) return 'No sensor faults';
  return counted(sensors, 'sensor has a fault', 'sensors have faults');
}
