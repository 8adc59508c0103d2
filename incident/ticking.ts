import { SELF } from '../alarm/lifecycle.ts';
import type { Decisions } from './decisions.ts';
import { type Incident, isActive, isOpen, isSmall } from './incident.ts';
import type { Presence } from './presence.ts';
import { unrestored } from './restoral.ts';
import { type DueStep, dueSteps, unansweredAt } from './run.ts';
import { closesAt, endedBy, lapsesAt, offeredUntil, restoralAt } from './timers.ts';

/** What is due and can't be done is tried again after this long. */
const LATER_MS = 60_000;

/** How a tick finds the time before it. */
export interface Passing {
  /** Since the tick before there was a stop: what should have been said meanwhile is said once. */
  readonly wasStopped: boolean;
  /** Until then claims are not judged, since nobody could act; epoch ms. */
  readonly graceUntil: number;
  readonly presence: Presence;
}

/** Does what is due by now. */
export function pass(decisions: Decisions, passing: Passing): void {
  const { incidents, settings, now } = decisions;
  for (const due of incidents.takeDue(now, settings)) {
    passOne(decisions, due, passing);
    const after = incidents.get(due.id);
    // What could not be judged now is looked at again, but not at every tick.
    if (after) incidents.await(after, settings, now < passing.graceUntil ? passing.graceUntil : now + LATER_MS);
  }
  if (now >= passing.graceUntil) returnOfAbsent(decisions, passing.presence);
}

function passOne(decisions: Decisions, due: Incident, { wasStopped, graceUntil, presence }: Passing): void {
  const { incidents, settings, now } = decisions;
  const incident = restoralAt(due, settings) <= now ? unrestored(decisions, due) : due;
  if (!isOpen(incident)) {
    // What still stands is known for as long as it stands.
    if (!isActive(incident)) incidents.forget(incident);
    return;
  }
  if (closesAt(incident, settings) <= now) {
    decisions.close(incident, SELF, 'unknown', { standing: false, isRestored: true });
    return;
  }
  if (lapsesAt(incident) <= now && now >= graceUntil) {
    lapse(decisions, incident, presence);
    return;
  }
  if (offeredUntil(incident) <= now && now >= graceUntil) {
    decisions.emit(incident, { event: 'lapsed', offer: incident.claim?.offer?.id ?? '' });
  }
  sayDue(decisions, incidents.known(incident.id), wasStopped);
}

function sayDue(decisions: Decisions, incident: Incident, wasStopped: boolean): void {
  const { settings, now } = decisions;
  const steps = dueSteps(incident.run, endedBy(incident), now);
  const after = wasStopped ? sayFurthest(decisions, incident, steps) : steps.reduce((before, due) => decisions.say(before, due), incident);
  if (after.phase === 'NEW' && !isSmall(after) && unansweredAt(after.run) <= now) {
    decisions.tell(decisions.emit(after, { event: 'unanswered' }), 'unanswered', [settings.fallback]);
  }
}

/** After a stop only the step that is furthest on is said; the others would say the same thing at the same time. */
function sayFurthest(decisions: Decisions, incident: Incident, steps: readonly DueStep[]): Incident {
  const furthest = steps.reduce<DueStep | undefined>((one, other) => (one && one.dueAt > other.dueAt ? one : other), undefined);
  return steps.reduce((before, due) => (due === furthest ? decisions.say(before, due) : decisions.skip(before, due)), incident);
}

function lapse(decisions: Decisions, incident: Incident, presence: Presence): void {
  const owner = incident.claim?.owner ?? '';
  if (incident.phase !== 'HELD') decisions.giveBack(incident, 'unattended');
  else if (presence.isAbsent(owner, decisions.now)) decisions.giveBack(incident, 'hold over');
  else decisions.emit(incident, { event: 'woken', attentionMs: decisions.attentionMs(incident) });
}

/** What somebody holds is judged when the hold is over. */
function returnOfAbsent(decisions: Decisions, presence: Presence): void {
  const absent = [...decisions.incidents.owners()].filter((owner) => presence.isAbsent(owner, decisions.now));
  const theirs = absent.flatMap((owner) => decisions.incidents.of(owner)).sort((one, other) => one.id - other.id);
  for (const incident of theirs) {
    if (incident.phase === 'TAKEN') decisions.giveBack(incident, 'absent');
  }
}
