import { type Incident, closesItself, isActive, isSmall } from './incident.ts';
import type { Unless } from './protocol.ts';
import { nextDue, unansweredAt } from './run.ts';
import { CLOSED_FOR_MS, OUTAGE_QUIET_MS, type Settings, TROUBLE_QUIET_MS } from './settings.ts';

const NEVER = Number.POSITIVE_INFINITY;
const NOTHING: ReadonlySet<Unless> = new Set();
const TAKEN: ReadonlySet<Unless> = new Set(['taken']);
const RESTORED: ReadonlySet<Unless> = new Set(['restored']);
const BOTH: ReadonlySet<Unless> = new Set(['taken', 'restored']);

/** What ends steps of an incident as it is now. */
export function endedBy(incident: Incident): ReadonlySet<Unless> {
  if (incident.phase === 'NEW') return isActive(incident) ? NOTHING : RESTORED;
  return isActive(incident) ? TAKEN : BOTH;
}

/** When an incident that nobody has closes by itself; Infinity: a person must. */
export function closesAt(incident: Incident, { closeRestoredMs }: Settings): number {
  const { phase, restoredAt, touchedAt, severity } = incident;
  if (phase !== 'NEW' || restoredAt === undefined) return NEVER;
  if (closesItself(incident)) return restoredAt + quietMs(incident);
  return severity === 'CRITICAL' ? NEVER : Math.max(restoredAt, touchedAt) + (closeRestoredMs[severity] ?? NEVER);
}

/** How long one that closes itself must have been over; what was refused has been for a quarter of an hour by then. */
function quietMs({ kind }: Incident): number {
  if (kind === 'quality') return 0;
  return kind === 'outage' ? OUTAGE_QUIET_MS : TROUBLE_QUIET_MS;
}

/** When a claim lapses: the hold is over, or its owner was not seen for too long. */
export function lapsesAt({ claim }: Incident): number {
  const timer = claim?.hold ?? claim?.attention;
  return timer ? timer.from + timer.ms : NEVER;
}

/** When what is offered no longer is. */
export function offeredUntil({ claim }: Incident): number {
  return claim?.offer ? claim.offer.from + claim.offer.ms : NEVER;
}

/** When what is active should have been restored: after the opening, or after a closing in which it stood. Once for each incident. */
export function restoralAt(incident: Incident, { restoralMs }: Settings): number {
  const { kind, phase, severity, openedAt, touchedAt, closing, isUnrestored } = incident;
  if (kind !== 'alarm' || isUnrestored || !isActive(incident) || closing?.into !== undefined) return NEVER;
  return (phase === 'CLOSED' ? touchedAt : openedAt) + (severity === 'CRITICAL' ? restoralMs.critical : restoralMs.other);
}

/** When a closed one is forgotten. What still stands is known for as long as it stands. */
export function forgottenAt({ closing }: Incident): number {
  return (closing?.at ?? 0) + CLOSED_FOR_MS;
}

/** When something may happen to it next without any further input, epoch ms. */
export function dueAt(incident: Incident, settings: Settings): number {
  const restoral = restoralAt(incident, settings);
  if (incident.phase === 'CLOSED') return Math.min(forgottenAt(incident), restoral);
  const unanswered = incident.phase === 'NEW' && !isSmall(incident) ? unansweredAt(incident.run) : NEVER;
  return Math.min(
    nextDue(incident.run, endedBy(incident)),
    unanswered,
    closesAt(incident, settings),
    lapsesAt(incident),
    offeredUntil(incident),
    restoral,
  );
}
