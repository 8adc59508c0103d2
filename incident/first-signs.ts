import type { Decisions } from './decisions.ts';
import { type Clock, type Incident, isOpen } from './incident.ts';

/** A word of it has arrived. Only the first one is an event, and the first after it became worse. */
export function firstWord(decisions: Decisions, id: number): void {
  const incident = decisions.incidents.survivor(id);
  if (incident && isOpen(incident) && lacks(incident, 'notified')) decisions.emit(incident, { event: 'notified' });
}

/** It was on somebody's page. */
export function firstLook(decisions: Decisions, id: number, by: string): void {
  const incident = decisions.incidents.survivor(id);
  if (incident && isOpen(incident) && lacks(incident, 'shown')) decisions.emit(incident, { event: 'shown', by });
}

function lacks({ clock, worseClock }: Incident, mark: keyof Clock): boolean {
  return clock[mark] === undefined || (worseClock !== undefined && worseClock[mark] === undefined);
}
