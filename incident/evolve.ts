import type { IncidentEvent } from './event.ts';
import type { Claim, Incident, Member } from './incident.ts';
import { clocks, newClock } from './clock.ts';
import { memberOf, staying, together, withNewer } from './members.ts';
import { beginRun, type Run } from './run.ts';

const NO_RUN = beginRun(0, 'none', [], 0);

/** The next version of an incident. Pure: an incident is what its events make of it. */
export function evolve(before: Incident | undefined, event: IncidentEvent): Incident {
  if (event.event === 'opened') return opened(event);
  if (!before) throw new Error(`incident ${event.incident} has no beginning`);
  const after = { ...before, ...changes(before, event), version: before.version + 1 };
  const { clock, worseClock } = clocks(before, after, event);
  return { ...after, clock, ...(worseClock && { worseClock }) };
}

function opened({ incident, at, key, kind, place, previous, member, recurring }: Extract<IncidentEvent, { event: 'opened' }>): Incident {
  return {
    id: incident,
    key,
    kind,
    ...(place && { place }),
    ...(previous !== undefined && { previous }),
    ...(recurring && { recurring }),
    phase: 'NEW',
    severity: member.severity,
    ...(isFire(member) && { hotAt: at }),
    members: [member],
    active: Number(member.active),
    membersVersion: 1,
    version: 1,
    unseen: 0,
    openedAt: at,
    touchedAt: at,
    run: NO_RUN,
    told: new Set(),
    clock: newClock(member, at),
  };
}

function changes(before: Incident, event: Exclude<IncidentEvent, { event: 'opened' }>): Partial<Incident> {
  const { at } = event;
  switch (event.event) {
    case 'joined':
      return {
        ...withMembers(before, [event.member], at),
        ...(isFire(event.member) && { hotAt: at }),
        membersVersion: before.version + 1,
        unseen: before.phase === 'NEW' ? 0 : before.unseen + 1,
      };
    case 'crowded':
      return { members: staying(before.members), crowd: event.crowd };
    case 'counted':
      return { count: event.count };
    case 'unrestored':
      return { isUnrestored: true };
    case 'notified':
    case 'shown':
      return {};
    case 'stepped':
      return { ...(before.phase === 'TAKEN' && attended(before, at, event.attentionMs)), touchedAt: at };
    case 'adopted':
      return { parent: event.parent, isPaused: event.pauses, run: { ...before.run, isOver: before.run.isOver || event.pauses } };
    case 'left':
      // What has burned by then is dealt with: it is no evidence of another fire.
      return { parent: undefined, isPaused: false, hotAt: undefined };
    case 'changed': {
      const isActiveAgain = event.member.active && memberOf(before.members, event.member.id)?.active === false;
      return { ...withMembers(before, [event.member], at), ...(isActiveAgain && { membersVersion: before.version + 1 }) };
    }
    case 'worsened':
      return { severity: event.severity, ...(event.confirmed && { confirmed: event.confirmed }) };
    case 'urged':
      return before.claim ? { claim: { ...before.claim, attention: { from: at, ms: event.ms } } } : {};
    case 'placed':
      return { key: event.key, place: event.place };
    case 'ran':
      return { run: event.run };
    case 'said':
      return { run: said(before.run, event.step, event.repetition + 1), told: new Set([...before.told, ...event.to]) };
    case 'told':
      return { told: new Set([...before.told, ...event.to]) };
    case 'unanswered':
      return { run: { ...before.run, isOver: true } };
    case 'taken':
      return { ...claimed({ owner: event.by, since: at, attention: { from: at, ms: event.attentionMs } }), touchedAt: at };
    case 'looked':
      return { ...attended(before, at, event.attentionMs), unseen: 0, touchedAt: at };
    case 'noted':
      return { ...(event.attentionMs !== undefined && before.phase === 'TAKEN' && attended(before, at, event.attentionMs)), touchedAt: at };
    case 'held':
      return before.claim
        ? { phase: 'HELD', claim: { ...before.claim, hold: { from: at, ms: event.ms, why: event.why } }, touchedAt: at }
        : {};
    case 'offered':
      return before.claim ? { claim: { ...before.claim, offer: offered(event) } } : {};
    case 'handed':
      return handed(before, event);
    case 'lapsed': {
      if (!before.claim) return {};
      const { offer: _, ...claim } = before.claim;
      return { claim };
    }
    case 'woken':
      return { phase: 'TAKEN', ...attended(before, at, event.attentionMs) };
    case 'returned':
      return { phase: 'NEW', claim: undefined, returned: event.why, unseen: 0, touchedAt: at };
    case 'absorbed':
      return absorbed(before, event);
    case 'closed':
      return { phase: 'CLOSED', claim: undefined, closing: event.closing, run: { ...before.run, isOver: true }, touchedAt: at };
    case 'disposed':
      return before.closing ? { closing: { ...before.closing, disposition: event.disposition }, touchedAt: at } : {};
    case 'clamped':
      return clamped(before, event.to);
  }
}

function claimed(claim: Claim): Partial<Incident> {
  return { phase: 'TAKEN', claim, returned: undefined, unseen: 0 };
}

/** Attention begins anew, and a hold is over. */
function attended({ claim }: Incident, at: number, ms: number): Partial<Incident> {
  if (!claim) return {};
  const { hold: _, ...others } = claim;
  return { claim: { ...others, attention: { from: at, ms } } };
}

function offered({ offer, to, at, ms }: Extract<IncidentEvent, { event: 'offered' }>): NonNullable<Claim['offer']> {
  return { id: offer, from: at, ms, ...(to !== undefined && { to }) };
}

/** What is held stays held, and what its owner had not seen the new one has not either. */
function handed({ claim }: Incident, { by, at, attentionMs }: Extract<IncidentEvent, { event: 'handed' }>): Partial<Incident> {
  const attention = { from: at, ms: attentionMs };
  return { claim: { owner: by, since: at, attention, ...(claim?.hold && { hold: claim.hold }) }, touchedAt: at };
}

function withMembers(before: Incident, newer: readonly Member[], at: number): Pick<Incident, 'members' | 'active' | 'restoredAt'> {
  const wasActive = newer.filter(({ id }) => memberOf(before.members, id)?.active === true).length;
  const active = before.active - wasActive + newer.filter(({ active }) => active).length;
  return { members: withNewer(before.members, newer), active, restoredAt: active > 0 ? undefined : (before.restoredAt ?? at) };
}

function absorbed(before: Incident, event: Extract<IncidentEvent, { event: 'absorbed' }>): Partial<Incident> {
  const { members, told, claim, openedAt, at } = event;
  const active = before.active + (event.crowd?.active ?? 0);
  const crowd = together(before.crowd, event.crowd);
  return {
    ...withMembers({ ...before, active }, members, at),
    ...(crowd && { crowd }),
    ...(members.some(isFire) && { hotAt: at }),
    membersVersion: before.version + 1,
    told: new Set([...before.told, ...told]),
    openedAt: Math.min(before.openedAt, openedAt),
    ...(before.claim ? { unseen: before.unseen + members.length } : claim && { ...claimed(claim), ...(claim.hold && { phase: 'HELD' }) }),
  };
}

/** What makes a fire of an area together with others. */
export function isFire({ lifeSafety, severity }: Member): boolean {
  return lifeSafety && severity !== 'WARNING';
}

function said(run: Run, step: number, times: number): Run {
  return { ...run, said: run.said.map((before, i) => (i === step ? Math.max(before, times) : before)) };
}

function clamped({ run, claim, openedAt, restoredAt, touchedAt, hotAt }: Incident, to: number): Partial<Incident> {
  const began = (at: number) => Math.min(at, to);
  return {
    run: { ...run, startedAt: began(run.startedAt) },
    openedAt: began(openedAt),
    touchedAt: began(touchedAt),
    ...(hotAt !== undefined && { hotAt: began(hotAt) }),
    ...(restoredAt !== undefined && { restoredAt: began(restoredAt) }),
    ...(claim && {
      claim: {
        ...claim,
        attention: { ...claim.attention, from: began(claim.attention.from) },
        ...(claim.hold && { hold: { ...claim.hold, from: began(claim.hold.from) } }),
        ...(claim.offer && { offer: { ...claim.offer, from: began(claim.offer.from) } }),
      },
    }),
  };
}
