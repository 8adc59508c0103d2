/** Faults of a sensor's detectors, as topic SUPERVISION tells them. */
export const DETECTORS = ['motion', 'smoke', 'temperature'] as const;
export type Detector = (typeof DETECTORS)[number];

export const FAULT_REASONS = ['absent', 'unreadable', 'stale'] as const;

export interface DetectorFault {
  readonly detector: Detector;
  readonly reason: (typeof FAULT_REASONS)[number];
  /** Epoch ms. */
  readonly since: number;
}

export interface SensorFaults {
  readonly sensor: number;
  readonly faults: readonly DetectorFault[];
}

/** The faults in a record of topic SUPERVISION; undefined where it is none. */
export function faultsIn(json: string): SensorFaults | undefined {
  try {
    const value = JSON.parse(json) as Partial<SensorFaults>;
    if (!Number.isSafeInteger(value.sensor) || !Array.isArray(value.faults) || !value.faults.every(isFault)) return undefined;
    return value as SensorFaults;
  } catch {
    return undefined;
  }
}

function isFault(value: Partial<DetectorFault> | null): boolean {
  const { detector, reason, since } = value ?? {};
  return DETECTORS.some((known) => known === detector) && FAULT_REASONS.some((known) => known === reason) && Number.isFinite(since);
}
