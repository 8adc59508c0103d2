import { fireNear, reflect } from './area-fire.ts';
import type { Decisions } from './decisions.ts';
import type { IncidentEvent } from './event.ts';
import { isFire } from './evolve.ts';
import { rise } from './flooding.ts';
import { type Incident, isActive, isOpen, type Member } from './incident.ts';
import { countOutage, outageBy } from './outage.ts';
import { restored } from './restoral.ts';
import { SILENT } from './settings.ts';

/** What the events so far mean for the incidents above and below those that they happened to, and for whether there is one above. */
export function follow(decisions: Decisions): void {
  const { events, incidents } = decisions;
  // What it decides are events too, and followed in their turn.
  for (let i = 0; i < events.length; i += 1) {
    const event = events[i] as IncidentEvent;
    const incident = incidents.get(event.incident);
    if (!incident) continue;
    if (event.event === 'closed') release(decisions, incident);
    else if (isOpen(incident)) rises(decisions, incident, event);
    restored(decisions, incidents.known(incident.id));
    const parent = incidents.parentOf(event.incident);
    if (parent?.kind === 'outage') countOutage(decisions, parent);
    else if (parent) reflect(decisions, parent, incidents.known(incident.id));
  }
}

function rises(decisions: Decisions, incident: Incident, event: IncidentEvent): void {
  const newer = newlyActive(event);
  if (incident.kind === 'alarm') {
    if (event.event === 'opened') rise(decisions);
    if (event.event === 'placed' || newer.some(isFire)) fireNear(decisions, incident);
  } else if (incident.kind === 'trouble') {
    for (const member of newer) if (member.type === SILENT) outageBy(decisions, decisions.incidents.known(incident.id), member);
  }
}

function newlyActive(event: IncidentEvent): readonly Member[] {
  if (event.event === 'absorbed') return event.members.filter(({ active }) => active);
  const bringsOne = event.event === 'opened' || event.event === 'joined' || event.event === 'changed';
  return bringsOne && event.member.active ? [event.member] : [];
}

/** What is over above goes on by itself below: whoever still has to be told is told of all of it together. */
function release(decisions: Decisions, { id }: Incident): void {
  for (const child of decisions.incidents.childrenOf(id)) {
    const free = decisions.emit(child, { event: 'left', parent: id });
    if (child.isPaused && free.phase === 'NEW' && isActive(free)) decisions.run(free, true);
  }
}
