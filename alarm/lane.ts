import { SEVERITIES, type Severity } from './severity.ts';

/** The order in which alarms are mailed and listed: by severity, and quarantined ones, whatever their severity, after all others. */
export const LANES = [...SEVERITIES, 'QUARANTINED'] as const;
export type Lane = (typeof LANES)[number];

interface InLane {
  readonly severity: Severity;
  readonly quarantined?: boolean | undefined;
}

export function laneOf({ severity, quarantined }: InLane): Lane {
  return quarantined ? 'QUARANTINED' : severity;
}

/** Sorts the one that goes first before the other. */
export function compareLane(a: Lane, b: Lane): number {
  return LANES.indexOf(a) - LANES.indexOf(b);
}
