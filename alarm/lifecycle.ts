/**
 * The life of an alarm (ISA-18.2): each function takes an alarm and returns its next version. If only the last-seen time has changed, what an operator saw
 * before is still true: see `unchangedSince`.
 *
 *   raised ─► ACTIVE_UNACK ──acknowledge──► ACTIVE_ACK
 *                  │ OK                         │ OK
 *                  ▼                            ▼
 *             CLEARED_UNACK ─acknowledge──► CLEARED_ACK (over: only notes and dispositions are accepted)
 */
import type { Action, Alarm, AlarmChangeKind } from './alarm.ts';
import { alarmId } from './alarm-id.ts';
import { completing, type Hits } from './kept-hits.ts';
import type { Severity } from './severity.ts';

/** An active alarm's last-seen time is refreshed at most this often. */
export const SEEN_EVERY_MS = 60_000;

/** The name under which Tocsin acknowledges alarms that nobody has acknowledged. */
export const SELF = 'tocsin';

export function raise(sensor: number, type: string, severity: Severity, evidence: Hits, isQuarantined = false): Alarm {
  const hit = completing(evidence);
  return {
    id: alarmId(sensor, type, hit),
    sensor,
    type,
    severity,
    ...(isQuarantined && { quarantined: true }),
    state: 'ACTIVE_UNACK',
    version: 1,
    raisedAt: hit.at,
    lastSeenAt: hit.at,
    evidence,
  };
}

type InState = Pick<Alarm, 'state'>;

export function isActive({ state }: InState): boolean {
  return state === 'ACTIVE_UNACK' || state === 'ACTIVE_ACK';
}

export function isUnacknowledged({ state }: InState): boolean {
  return state === 'ACTIVE_UNACK' || state === 'CLEARED_UNACK';
}

export function isOver({ state }: InState): boolean {
  return state === 'CLEARED_ACK';
}

/** When an alarm that is over became so. */
export function endedAt({ clearedAt = 0, acknowledgedAt = 0 }: Alarm): number {
  return Math.max(clearedAt, acknowledgedAt);
}

export function see(alarm: Alarm, at: number): Alarm {
  return { ...alarm, version: alarm.version + 1, lastSeenAt: at, unchangedSince: unchangedSince(alarm) };
}

export function clear(alarm: Alarm, at: number, lastSeenAt: number): Alarm {
  const state = alarm.state === 'ACTIVE_ACK' ? 'CLEARED_ACK' : 'CLEARED_UNACK';
  return change(alarm, { state, clearedAt: at, lastSeenAt: Math.max(alarm.lastSeenAt, lastSeenAt) });
}

export function acknowledge(alarm: Alarm, by: string, at: number): Alarm {
  const state = isActive(alarm) ? 'ACTIVE_ACK' : 'CLEARED_ACK';
  return change(alarm, { state, acknowledgedAt: at, acknowledgedBy: by });
}

/** Ends a quarantined alarm to make room for another one: acknowledged and cleared in one step. */
export function dismiss(alarm: Alarm, at: number): Alarm {
  return change(alarm, { state: 'CLEARED_ACK', clearedAt: at, acknowledgedAt: at, acknowledgedBy: alarm.acknowledgedBy ?? SELF });
}

/** Carries out an operator's action on an alarm, or returns why not. */
export function act(alarm: Alarm, action: Action, at: number): { event: AlarmChangeKind; alarm: Alarm } | string {
  if (action.version < unchangedSince(alarm) || action.version > alarm.version) {
    return `the alarm has changed since: it is at version ${alarm.version}, the action was for version ${action.version}`;
  }
  switch (action.kind) {
    case 'acknowledge':
      if (alarm.state === 'ACTIVE_ACK' || isOver(alarm)) return `already acknowledged by ${alarm.acknowledgedBy}`;
      return { event: 'acknowledged', alarm: acknowledge(alarm, action.by, at) };
    case 'note':
      return { event: 'noted', alarm: change(alarm, {}) };
    case 'disposition':
      if (action.disposition === undefined) return 'disposition is missing';
      return { event: 'disposed', alarm: change(alarm, { disposition: action.disposition }) };
  }
}

function change(alarm: Alarm, changes: Partial<Alarm>): Alarm {
  return { ...alarm, ...changes, version: alarm.version + 1, unchangedSince: undefined };
}

function unchangedSince(alarm: Alarm): number {
  return alarm.unchangedSince ?? alarm.version;
}
