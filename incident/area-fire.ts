import { around } from '../alarm/regions.ts';
import type { Decisions } from './decisions.ts';
import { incidentName } from './incident-id.ts';
import { cellOf, type Incident, isActive, isOpen, type Member } from './incident.ts';
import { raise } from './joining.ts';
import { memberOf } from './members.ts';

const keyOf = (cell: string) => `fire:${cell}`;

/**
 * Smoke, heat and the like at a premises: it belongs to the fire of its cell or a neighbouring one, or is the last of so many that there is one. Its centre is
 * the cell of the first, so that a fire does not creep over a town. Every premises goes on telling of its own.
 */
export function fireNear(decisions: Decisions, incident: Incident): void {
  const cell = cellOf(incident);
  if (cell === undefined || incident.hotAt === undefined || incident.parent !== undefined) return;
  const { incidents, settings } = decisions;
  const near = around(cell);
  for (const centre of near) {
    const fire = incidents.openOf(keyOf(centre));
    if (fire) {
      adopt(decisions, fire, incident);
      return;
    }
  }
  for (const first of hotIn(decisions, near)) {
    const centre = cellOf(first) ?? cell;
    const sites = hotIn(decisions, around(centre));
    if (sites.length >= settings.areaFire.sites) {
      open(decisions, centre, sites);
      return;
    }
  }
}

/** Incidents with a fire that is recent enough and belongs to no other, the first to burn first. One that is closed is evidence of nothing. */
function hotIn({ incidents, settings, tick }: Decisions, cells: readonly string[]): Incident[] {
  const hot = cells.flatMap((cell) => incidents.hotIn(cell));
  return hot
    .filter(({ hotAt = 0, parent }) => parent === undefined && tick - hotAt <= settings.areaFire.withinMs)
    .sort((one, other) => (one.hotAt ?? 0) - (other.hotAt ?? 0) || one.id - other.id);
}

function open(decisions: Decisions, cell: string, sites: readonly Incident[]): void {
  const [first, ...others] = sites;
  if (!first) return;
  const region = first.place?.region;
  const place = { cell, ...(region !== undefined && { region }) };
  const fire = raise(decisions, { key: keyOf(cell), kind: 'fire', member: memberFor(first), place });
  decisions.emit(first, { event: 'adopted', parent: fire.id, pauses: false });
  for (const other of others) adopt(decisions, fire, other);
}

function adopt(decisions: Decisions, fire: Incident, child: Incident): void {
  decisions.emit(child, { event: 'adopted', parent: fire.id, pauses: false });
  raise(decisions, { key: fire.key, kind: 'fire', member: memberFor(child) });
}

/** A premises is a member of the fire, active as long as its incident is open and active. */
function memberFor({ id, hotAt, members, phase, restoredAt }: Incident): Member {
  const active = isOpen({ phase }) && isActive({ restoredAt });
  const raisedAt = members.at(-1)?.raisedAt ?? hotAt ?? 0;
  return { id: incidentName(id), type: 'fire', severity: 'CRITICAL', lifeSafety: true, raisedAt, active, version: 1 };
}

/** What has become of a premises, in the fire that it belongs to. */
export function reflect(decisions: Decisions, fire: Incident, child: Incident): void {
  const { active, id } = memberFor(child);
  const before = memberOf(fire.members, id);
  if (!before || before.active === active) return;
  decisions.emit(fire, { event: 'changed', member: { ...before, active, version: before.version + 1 } });
}
