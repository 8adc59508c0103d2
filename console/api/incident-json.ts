import { isActive } from '../../incident/incident.ts';
import { incidentName } from '../../incident/incident-id.ts';
import type { HappenedAnswer, ListedIncidentAnswer, WholeIncidentAnswer } from './schemas-incidents.ts';
import { iso, isoOrNull } from './alarm-json.ts';
import { type Sight, type Visibility, visibleWith } from '../security/rights.ts';
import type { Happened, IncidentNow } from '../../records/incident-record.ts';
import type { KnownIncident } from '../incidents/known-incidents.ts';

/** An incident as in lists. */
export function listedIncidentJson(incident: IncidentNow, sight: Sight): ListedIncidentAnswer {
  const { notes, premises, geohashLength } = visibleWith(sight);
  const { claim, place = {}, closing } = incident;
  const hold = claim?.hold;
  return {
    id: incident.id,
    kind: incident.kind,
    phase: incident.phase,
    active: isActive(incident),
    severity: incident.severity,
    confirmed: incident.confirmed !== undefined,
    version: incident.version,
    membersVersion: incident.membersVersion,
    members: incident.membersInAll,
    unseen: incident.unseen,
    openedAt: iso(incident.openedAt),
    restoredAt: isoOrNull(incident.restoredAt),
    owner: claim?.owner ?? null,
    ownerSince: isoOrNull(claim?.since),
    heldUntil: isoOrNull(hold && hold.from + hold.ms),
    returned: incident.returned ?? null,
    region: place.region ?? '',
    geohash: (place.cell ?? '').slice(0, geohashLength),
    parent: incident.parent ?? null,
    previous: incident.previous ?? null,
    closing: closing ? closingJson(closing, notes) : null,
    clock: Object.fromEntries(Object.entries(incident.clock).flatMap(([mark, at]) => (typeof at === 'number' ? [[mark, iso(at)]] : []))),
    ...(premises && place.site !== undefined && { site: place.site }),
    ...(notes && hold && { heldWhy: hold.why }),
  };
}

/** An incident with its members and its custody, as far as they may be seen. */
export function wholeIncidentJson(
  { incident, history, isCut }: KnownIncident,
  sight: Sight,
  doubt: string | undefined,
): WholeIncidentAnswer {
  const visible = visibleWith(sight);
  return {
    ...listedIncidentJson(incident, sight),
    memberList: incident.members.map(({ id, sensor, type, severity, raisedAt, active, acknowledgedBy, version }) => ({
      id,
      sensor: sensor ?? null,
      type,
      severity,
      raisedAt: iso(raisedAt),
      active,
      acknowledgedBy: acknowledgedBy ?? null,
      version,
    })),
    told: [...incident.told],
    history: history.map((happened) => happenedJson(happened, visible)),
    historyIsCut: isCut,
    ...(doubt !== undefined && { problems: [doubt] }),
  };
}

function closingJson({ at, by, why, disposition, standing, into, note }: NonNullable<IncidentNow['closing']>, notes: boolean) {
  return { at: iso(at), by, why, disposition, standing, ...(into !== undefined && { into }), ...(notes && note !== undefined && { note }) };
}

/** Names what may be shown, so that a field of a newer version is not: premises and cells are in many events. What an operator wrote is a note. */
function happenedJson(happened: Happened, { notes }: Visibility): HappenedAnswer {
  const { event, at, by, over, to, member, offer, severity, ms, why, closing, note, step, disposition, parent, from } = happened;
  const closed: Readonly<Record<string, unknown>> = isRecord(closing) ? closing : {};
  const written = text(note) ?? text(step) ?? text(closed.note) ?? (event === 'held' ? text(why) : undefined);
  const found = {
    by: text(by) ?? text(closed.by),
    over: text(over),
    to: typeof to === 'string' ? [to] : Array.isArray(to) ? to.filter((target) => typeof target === 'string') : undefined,
    member: isRecord(member) ? text(member.id) : undefined,
    incident: named(parent) ?? named(from) ?? named(closed.into),
    handover: text(offer),
    severity: text(severity),
    minutes: typeof ms === 'number' ? ms / 60_000 : undefined,
    why: event === 'held' ? undefined : (text(why) ?? text(closed.why)),
    disposition: text(disposition) ?? text(closed.disposition),
    note: notes ? written : undefined,
  };
  const shown = Object.entries(found).filter(([, value]) => value !== undefined);
  return { at: iso(at), event, ...(Object.fromEntries(shown) as Omit<HappenedAnswer, 'at' | 'event'>) };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const named = (id: unknown): string | undefined => (typeof id === 'number' ? incidentName(id) : text(id));
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
