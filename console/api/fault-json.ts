import type { Fault } from '../../alarm/faults.ts';
import type { FaultySensors } from '../live/faulty-sensors.ts';
import { iso } from './alarm-json.ts';
import type { FaultAnswer, ListedFaultAnswer } from './schemas.ts';

export function faultsJson(faults: readonly Fault[]): FaultAnswer[] {
  return faults.map(({ detector, reason, since }) => ({ detector, reason, since: iso(since) }));
}

/** At most `limit` faults, the gravest first. */
export function listedFaults(sensors: FaultySensors, limit: number): ListedFaultAnswer[] {
  return sensors
    .list()
    .slice(0, limit)
    .map(({ sensor, detector, reason, since }) => ({ sensor, detector, reason, since: iso(since) }));
}
