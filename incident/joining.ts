import { SELF } from '../alarm/lifecycle.ts';
import { confirmedBy, confirmedSeverity, graver } from './confirmation.ts';
import type { Decisions } from './decisions.ts';
import { type Area, type Incident, type IncidentKind, isActive, isOpen, type Member, type Place, type PremisesKind } from './incident.ts';
import { crowdOf, memberOf } from './members.ts';
import { LOOK_WITHIN_MS } from './settings.ts';
import { runawayTrouble } from './runaway.ts';
import type { ConditionSignal, PlacedSignal } from './signal.ts';

/** An alarm or trouble was raised, or is another one by now. False: it cleared without ever having been raised here. */
export function condition(decisions: Decisions, { of, member, place }: ConditionSignal): boolean {
  const incident = decisions.incidents.ofMember(member.id);
  const before = incident && memberOf(incident.members, member.id);
  if (before && member.version <= before.version) return true;
  const isRaisedAnew = incident !== undefined && !isOpen(incident) && member.active && before?.active === false;
  if (incident && !isRaisedAnew) changed(decisions, incident, member);
  else if (!member.active) return false;
  else raised(decisions, of, member, place);
  return true;
}

interface Raised {
  readonly key: string;
  readonly kind: IncidentKind;
  readonly member: Member;
  readonly place?: Area;
  readonly recurring?: true;
}

/** A member of the incident of the key: of the one that is open, or of a new one. */
export function raise(decisions: Decisions, { key, kind, member, ...its }: Raised): Incident {
  const open = decisions.incidents.openOf(key);
  return open ? join(decisions, open, [member]) : decisions.open(key, kind, member, its);
}

/** What the engine itself raised is over. */
export function clear(decisions: Decisions, id: string): void {
  const incident = decisions.incidents.ofMember(id);
  const member = incident && memberOf(incident.members, id);
  if (incident && member?.active) changed(decisions, incident, { ...member, active: false, version: member.version + 1 });
}

function raised(decisions: Decisions, kind: PremisesKind, member: ConditionSignal['member'], place: Place | undefined): void {
  const { lately, incidents, tick, offset } = decisions;
  const key = keyOf(kind, member.sensor, place);
  const its = { ...(place && { place }) };
  const trouble = `runaway-${member.sensor}-${member.type}-${offset}`;
  const runs = kind === 'alarm' ? lately.runaways.raised(member, !incidents.openOf(key), tick, trouble) : 'no';
  raise(decisions, { key, kind, member, ...its, ...(runs !== 'no' && { recurring: true }) });
  const troubles = keyOf('trouble', member.sensor, place);
  if (runs === 'begins') raise(decisions, { key: troubles, kind: 'trouble', member: runawayTrouble(trouble, member), ...its });
}

/** The troubles of detectors that have been calm for long enough are over. */
export function calm(decisions: Decisions): void {
  const { runaways } = decisions.lately;
  for (let over = runaways.takeOver(decisions.now); over; over = runaways.takeOver(decisions.now)) clear(decisions, over.trouble);
}

function changed(decisions: Decisions, incident: Incident, member: Member): void {
  const before = memberOf(incident.members, member.id);
  if (!before) return;
  if (member.active === before.active && member.acknowledgedBy === before.acknowledgedBy) return;
  const after = decisions.emit(incident, { event: 'changed', member: { ...before, ...member } });
  const person = member.acknowledgedBy;
  if (after.phase === 'NEW' && person !== undefined && person !== SELF && isAcknowledged(after)) {
    decisions.emit(after, { event: 'taken', by: person, attentionMs: decisions.attentionMs(after) });
  }
}

/** All of it was acknowledged through the alarms themselves. */
function isAcknowledged({ members, crowd }: Incident): boolean {
  return crowd === undefined && members.every(({ acknowledgedBy }) => acknowledgedBy !== undefined);
}

/** Only what makes an incident worse makes noise: a graver member, or the first one that confirms another. */
function join(decisions: Decisions, incident: Incident, members: readonly Member[]): Incident {
  const joined = members.reduce((before, member) => decisions.emit(before, { event: 'joined', member }), incident);
  return crowded(decisions, worsen(decisions, joined, members, incident));
}

/** Keeps to the room there is. Nobody is told: that many are one cause, and whoever has it sees the number. */
function crowded(decisions: Decisions, incident: Incident): Incident {
  const crowd = crowdOf(incident.members, incident.crowd);
  return crowd ? decisions.emit(incident, { event: 'crowded', crowd }) : incident;
}

function worsen(decisions: Decisions, incident: Incident, members: readonly Member[], before: Incident): Incident {
  const { confirmed, severity } = judge(incident, members, before, decisions.settings.confirmWithinMs);
  if (severity === before.severity && !confirmed) return wakenBy(decisions, incident, members);
  const worse = decisions.emit(incident, { event: 'worsened', severity, ...(confirmed && { confirmed }) });
  if (worse.phase === 'NEW') {
    const told = worse.told;
    const run = decisions.run(worse);
    const heard = new Set(
      decisions.notices.flatMap((notice) => (notice.kind !== 'digest' && notice.incident === run.id ? notice.target : [])),
    );
    return decisions.tell(
      run,
      'updated',
      [...told].filter((target) => !heard.has(target)),
    );
  }
  const awake = worse.phase === 'HELD' ? waken(decisions, worse) : worse;
  return decisions.tell(decisions.emit(awake, { event: 'urged', ms: LOOK_WITHIN_MS }), 'updated');
}

function judge(incident: Incident, newest: readonly Member[], before: Incident, withinMs: number) {
  const gravest = newest.reduce((severity, member) => graver(severity, member.severity), before.severity);
  if (before.confirmed || before.kind !== 'alarm') return { severity: gravest };
  for (const member of newest) {
    const other = confirmedBy(incident.members, member, withinMs);
    if (other) return { severity: graver(gravest, confirmedSeverity(gravest)), confirmed: [other.id, member.id] as const };
  }
  return { severity: gravest };
}

function wakenBy(decisions: Decisions, incident: Incident, members: readonly Member[]): Incident {
  const isGrave = members.some(({ severity }) => severity === 'CRITICAL');
  return incident.phase === 'HELD' && isGrave ? waken(decisions, incident) : incident;
}

function waken(decisions: Decisions, incident: Incident): Incident {
  return decisions.emit(incident, { event: 'woken', attentionMs: decisions.attentionMs(incident) });
}

/** Where a sensor is has become known: its incidents go to their site, or into the one that is open there. */
export function placed(decisions: Decisions, { sensor, place }: PlacedSignal): void {
  for (const kind of ['alarm', 'trouble'] as const) {
    const incident = decisions.incidents.openOf(keyOf(kind, sensor, undefined));
    if (!incident) continue;
    const key = keyOf(kind, sensor, place);
    const there = decisions.incidents.openOf(key);
    if (there) merge(decisions, incident, there);
    else rekey(decisions, incident, key, place);
  }
}

function rekey(decisions: Decisions, incident: Incident, key: string, place: Place): void {
  const after = decisions.emit(incident, { event: 'placed', key, place });
  if (after.phase === 'NEW') decisions.rerun(after);
}

/** Whoever has the one that is open there keeps it. */
function merge(decisions: Decisions, incident: Incident, there: Incident): void {
  const { claim, told, openedAt, members, crowd } = incident;
  decisions.emit(incident, {
    event: 'closed',
    closing: { by: SELF, at: decisions.now, disposition: 'duplicate', why: 'merged', standing: isActive(incident), into: there.id },
  });
  const passing = { ...(claim && !there.claim && { claim }), ...(crowd && { crowd }) };
  const absorbed = decisions.emit(there, { event: 'absorbed', from: incident.id, members, told: [...told], openedAt, ...passing });
  crowded(decisions, worsen(decisions, absorbed, members, there));
}

function keyOf(kind: PremisesKind, sensor: number, place: Place | undefined): string {
  return place ? `${kind}:site:${place.site}` : `${kind}:sensor:${sensor}`;
}
