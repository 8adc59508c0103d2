import type { Severity } from './severity.ts';

/** ISA-18.2: raised → acknowledged → cleared, in either order of the last two. CLEARED_ACK is the end. */
export const ALARM_STATES = ['ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK', 'CLEARED_ACK'] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/** Where a record lies in the log. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** One reading that made an alarm, as it came in. */
export interface Evidence extends Position {
  /** Receive time, epoch ms. */
  readonly at: number;
  readonly seq?: number;
  /** The record's value as it was accepted; where types ask for more than nine hits together, perhaps its beginning only. */
  readonly value: string;
}

export const DISPOSITIONS = ['genuine', 'false', 'test', 'aborted', 'unknown'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** An alarm as of `version`; every change makes the next version. All times are epoch ms. */
export interface Alarm {
  /** Derived from sensor, type, position and time of the hit that raised it: the same input gives the same id. URL-safe. */
  readonly id: string;
  readonly sensor: number;
  /** The name of its type, which may be in the settings no longer. */
  readonly type: string;
  readonly severity: Severity;
  readonly state: AlarmState;
  readonly version: number;
  /** The version since which only the last-seen time has changed, where that isn't this one: actions on it and later ones are carried out. */
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

/** What an operator asks for: a record of topic ACTION. It carries the version of the alarm that the operator saw. */
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
  /** The operator's action, where that is the cause. */
  readonly action?: Action;
}

/** An action that was not carried out, with its reason in plain words; `alarm` as it is now, unless it is unknown or over. */
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
