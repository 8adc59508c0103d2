import type { Position } from './alarm.ts';

/** What can fall silent by itself: whatever a type of alarm reads, by the name of the type. */
export type Detector = string;

/**
 * absent: it was reported before, and isn't any more. unreadable: its value can't be read. stale: a hit was dropped as older than a recovery by more
 * than clocks may differ.
 */
export const FAULT_REASONS = ['absent', 'unreadable', 'stale'] as const;
export type FaultReason = (typeof FAULT_REASONS)[number];

/** A detector that can't be relied upon. */
export interface Fault {
  readonly detector: Detector;
  readonly reason: FaultReason;
  /** Since when, epoch ms. */
  readonly since: number;
}

/** All faults of a sensor: the value of a record of topic SUPERVISION, as JSON. The newest of a sensor holds; none: all is readable again. */
export interface SensorFaults {
  readonly sensor: number;
  /** When it became so, or that it still is so was written again, epoch ms. */
  readonly at: number;
  /** The record of ENTRY that shows it. */
  readonly cause: Position;
  readonly faults: readonly Fault[];
}
