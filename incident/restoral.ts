import { conditionOf, type Decisions } from './decisions.ts';
import { incidentName } from './incident-id.ts';
import { type Incident, isActive } from './incident.ts';
import { clear, raise } from './joining.ts';

const troubleOf = ({ id }: Incident) => `unrestored-${incidentName(id)}`;

/** An alarm is active for so long that somebody has to look: a trouble of its premises, which does not touch the incident itself. */
export function unrestored(decisions: Decisions, incident: Incident): Incident {
  const after = decisions.emit(incident, { event: 'unrestored' });
  const { key, place, members } = incident;
  const sensor = members.find(({ active }) => active)?.sensor;
  const member = { ...conditionOf(decisions, troubleOf(incident), 'unrestored', 'WARNING'), ...(sensor !== undefined && { sensor }) };
  raise(decisions, { key: key.replace('alarm', 'trouble'), kind: 'trouble', member, ...(place && { place }) });
  return after;
}

/** It is over with it once nothing is active any more, or once the alarm is a matter of another incident. */
export function restored(decisions: Decisions, incident: Incident): void {
  if (!incident.isUnrestored) return;
  if (!isActive(incident) || incident.closing?.into !== undefined) clear(decisions, troubleOf(incident));
}
