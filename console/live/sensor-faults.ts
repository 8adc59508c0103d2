import { DETECTOR_NAMES, type Fault, FAULT_REASONS, type SensorFaults } from '../../alarm/faults.ts';

/** The faults in a record of topic SUPERVISION; undefined where it holds none that can be read. */
export function faultsIn(json: string): Pick<SensorFaults, 'sensor' | 'faults'> | undefined {
  try {
    const { sensor, faults } = JSON.parse(json) as Partial<SensorFaults>;
    return Number.isSafeInteger(sensor) && Array.isArray(faults) && faults.every(isFault) ? { sensor: Number(sensor), faults } : undefined;
  } catch {
    return undefined;
  }
}

function isFault(value: Partial<Fault> | null): boolean {
  const { detector, reason, since } = value ?? {};
  return DETECTOR_NAMES.some((known) => known === detector) && FAULT_REASONS.some((known) => known === reason) && isTime(since);
}

const isTime = (value: number | undefined): boolean => Number.isSafeInteger(value) && Math.abs(value ?? 0) <= 8.64e15;
