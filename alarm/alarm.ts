import type { Severity } from './severity.ts';

/** ISA-18.2: raised → acknowledged → cleared, in either order of the last two. CLEARED_ACK is the end. */
export const ALARM_STATES = ['ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK', 'CLEARED_ACK'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** The place of a record in the log. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A reading that contributed to an alarm, as it was received. */
export interface Evidence extends Position {
  /** Receive time, epoch ms. */
  readonly at: number;
  readonly seq?: number;
  /** The record's value as it was accepted. Perhaps only its beginning, if all types together ask for more than nine hits or memory is short. */
  readonly value: string;
}

export const DISPOSITIONS = ['genuine', 'false', 'test', 'aborted', 'unknown'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** An alarm at `version`; every change makes the next version. All times are epoch ms. */
export interface Alarm {
  /** Derived from sensor, type, position and time of the hit that raised it: the same input gives the same id. URL-safe. */
  readonly id: string;
  readonly sensor: number;
  /** The name of its type, which may no longer be in the settings. */
  readonly type: string;
  readonly severity: Severity;
  /** No client had the sensor when the alarm was raised. It never changes: once the sensor is known, another alarm takes its place. */
  readonly quarantined?: true;
  readonly state: AlarmState;
  readonly version: number;
  /** The version since which only the last-seen time has changed, if not this one: actions on that version and later ones are carried out. */
  readonly unchangedSince?: number | undefined;
  readonly raisedAt: number;
  readonly lastSeenAt: number;
  readonly clearedAt?: number;
  readonly acknowledgedAt?: number;
  readonly acknowledgedBy?: string;
  readonly disposition?: Disposition;
  readonly evidence: readonly Evidence[];
}

export const ACTION_KINDS = ['acknowledge', 'note', 'disposition'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** What an operator asks for: a record of topic ACTION. `version` is that of the alarm that the operator saw. */
export interface Action {
  /** Unique; the answer to the action carries it. */
  readonly id: string;
  readonly alarm: string;
  readonly sensor: number;
  readonly kind: ActionKind;
  readonly version: number;
  readonly by: string;
  readonly note?: string;
  readonly disposition?: Disposition;
}

export const ALARM_CHANGES = ['raised', 'seen', 'cleared', 'acknowledged', 'noted', 'disposed'] as const;
export type AlarmChangeKind = (typeof ALARM_CHANGES)[number];

/** An alarm changed: what happened, and the whole alarm as it is now. Readers keep the highest version of an id. */
export interface AlarmChange {
  readonly event: AlarmChangeKind;
  /** When it happened: the record time of the input that caused it, epoch ms. */
  readonly at: number;
  /** The record that caused it. */
  readonly cause: Position;
  readonly alarm: Alarm;
  /** The operator's action, if that is the cause. */
  readonly action?: Action;
}

/** An action that was not carried out, with the reason in plain words. `alarm`: as it is now, unless it is unknown or was over long ago. */
export interface ActionRefusal {
  readonly event: 'refused';
  readonly at: number;
  readonly cause: Position;
  readonly action: Action;
  readonly reason: string;
  readonly alarm?: Alarm;
}

/** The value of a record of topic ALARM, as JSON. */
export type AlarmEvent = AlarmChange | ActionRefusal;

/** The value of a record of topic COUNT, as JSON: an alarm was raised. */
export interface AlarmCount {
  readonly alarm: string;
  readonly sensor: number;
  readonly type: string;
  readonly at: number;
}
