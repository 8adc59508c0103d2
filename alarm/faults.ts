import type { Position } from './alarm.ts';

/** A part of a sensor that can fall silent by itself: whatever a type of alarm reads. Its name is that of the type. */
export type Detector = string;

/**
 * absent: it was reported before and isn't any more. unreadable: its value can't be read. stale: a hit was dropped because it was older than a recovery by
 * more than clocks may differ.
 */
export const FAULT_REASONS = ['absent', 'unreadable', 'stale'] as const;
export type FaultReason = (typeof FAULT_REASONS)[number];

/** A detector that can't be relied on. */
export interface Fault {
  readonly detector: Detector;
  readonly reason: FaultReason;
  /** Since when, epoch ms. */
  readonly since: number;
}

/** All faults of a sensor: the value of a record of topic SUPERVISION, as JSON. A sensor's newest record counts; no faults: all is well again. */
export interface SensorFaults {
  readonly sensor: number;
  /** When the faults changed, or unchanged ones were written again, epoch ms. */
  readonly at: number;
  /** The record of ENTRY that shows it. */
  readonly cause: Position;
  readonly faults: readonly Fault[];
}
