import { conditionOf, type Decisions } from './decisions.ts';
import { type Incident, isOpen, isSmall, type Member } from './incident.ts';
import { clear, raise } from './joining.ts';
import { memberOf } from './members.ts';
import type { Silence } from './silences.ts';
import { SILENT } from './settings.ts';

const keyOf = (region: string | undefined) => `outage:${region ?? 'world'}`;

/** A sensor has fallen silent: one of many, or one too many. */
export function outageBy(decisions: Decisions, trouble: Incident, { id }: Member): void {
  const { incidents, lately, tick } = decisions;
  const region = trouble.place?.region;
  const open = incidents.openOf(keyOf(region)) ?? incidents.openOf(keyOf(undefined));
  if (open) {
    adopt(decisions, open, trouble);
    return;
  }
  lately.silences.add({ id, incident: trouble.id, at: tick, ...(region !== undefined && { region }) });
  if (region === undefined || !outageOf(decisions, region)) outageOf(decisions, undefined);
}

/** Opens the outage of a region, or of all of them, if enough have fallen silent that belong to none. */
function outageOf(decisions: Decisions, region: string | undefined): boolean {
  const { incidents, lately, settings, tick, offset } = decisions;
  const stands = ({ id, incident }: Silence) => {
    const trouble = incidents.get(incident);
    return trouble !== undefined && isOpen(trouble) && trouble.parent === undefined && memberOf(trouble.members, id)?.active === true;
  };
  const silent = lately.silences.outage(region, tick, settings.outage, stands);
  if (!silent) return false;
  const outage = raise(decisions, {
    key: keyOf(region),
    kind: 'outage',
    member: conditionOf(decisions, `outage-${offset}`, 'outage', 'MAJOR'),
    ...(region !== undefined && { place: { region } }),
  });
  for (const { incident } of silent) adopt(decisions, outage, incidents.known(incident));
  return true;
}

/** Takes a trouble in: it waits, and its word with it. One that is about something else, too, goes on by itself. */
function adopt(decisions: Decisions, outage: Incident, trouble: Incident): void {
  if (trouble.parent === outage.id || trouble.members.some(({ type, active }) => active && type !== SILENT)) return;
  decisions.emit(trouble, { event: 'adopted', parent: outage.id, pauses: trouble.phase === 'NEW' && isSmall(trouble) });
}

/** It is over once fewer than half of what begins one are silent, and begins again if more are. */
export function countOutage(decisions: Decisions, outage: Incident): void {
  const { incidents, lately, settings, offset } = decisions;
  const enough = lately.silences.needed(outage.place?.region, settings.outage) / 2;
  const isOn = incidents.activeUnder(outage.id) >= enough;
  const active = outage.members.filter((member) => member.active);
  if (!isOn) for (const { id } of active) clear(decisions, id);
  else if (active.length === 0) {
    const member = conditionOf(decisions, `outage-${offset}`, 'outage', 'MAJOR');
    raise(decisions, { key: outage.key, kind: 'outage', member });
  }
}
