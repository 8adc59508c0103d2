import { SELF } from '../alarm/lifecycle.ts';
import type { Answer } from './answer.ts';
import type { Decisions } from './decisions.ts';
import { accept, type Handed, offer } from './handing-over.ts';
import { type Incident, isActive, isOpen } from './incident.ts';
import { HOLD_MAX_MS } from './settings.ts';
import type { AcceptAction, IncidentAction, OfferAction } from './signal.ts';

/** The incident as the action left it, or why it was not carried out. */
type Outcome = Incident | { readonly code: 409 | 422; readonly reason: string };
type On<K extends IncidentAction['kind']> = Extract<IncidentAction, { kind: K }>;

/** Carries out what an operator asks for. */
export function act(decisions: Decisions, action: IncidentAction): Answer {
  if (action.kind === 'offer') return answerTo(action, offer(decisions, action));
  if (action.kind === 'accept') return answerTo(action, accept(decisions, action));
  const incident = action.kind === 'next' ? decisions.incidents.next() : decisions.incidents.survivor(action.incident);
  if (!incident) {
    const reason = action.kind === 'next' ? 'nothing is waiting' : 'there is no such incident, or it was closed long ago';
    return { action: action.id, done: false, code: 404, reason };
  }
  const outcome = carryOut(decisions, incident, action);
  return 'code' in outcome
    ? { action: action.id, done: false, ...outcome, incident: incident.id }
    : { action: action.id, done: true, incident: outcome.id, version: outcome.version };
}

function answerTo({ id: action }: OfferAction | AcceptAction, handed: Handed): Answer {
  if ('code' in handed) return { action, done: false, ...handed };
  const [{ id: incident, version }] = handed;
  return { action, done: true, incident, version, incidents: handed.map(({ id }) => id) };
}

function carryOut(decisions: Decisions, incident: Incident, action: Exclude<IncidentAction, OfferAction | AcceptAction>): Outcome {
  switch (action.kind) {
    case 'note':
      return decisions.emit(incident, { event: 'noted', by: action.by, note: action.note, ...attentionOf(decisions, incident, action.by) });
    case 'disposition':
      return dispose(decisions, incident, action);
    case 'next':
    case 'take':
      return isOpen(incident) ? take(decisions, incident, action) : closed(incident);
    case 'look':
      return isOpen(incident) ? look(decisions, incident, action) : closed(incident);
    case 'step':
      return ifTheirs(incident, action.by) ?? step(decisions, incident, action);
    case 'hold':
      return ifTheirs(incident, action.by) ?? hold(decisions, incident, action);
    case 'release':
      return ifTheirs(incident, action.by) ?? decisions.giveBack(incident, 'released');
    case 'close':
      return ifTheirs(incident, action.by) ?? close(decisions, incident, action);
  }
}

function take(decisions: Decisions, incident: Incident, action: On<'take'> | On<'next'>): Outcome {
  const { by } = action;
  const owner = incident.claim?.owner;
  const attentionMs = decisions.attentionMs(incident);
  if (owner === by) return incident.phase === 'HELD' ? decisions.emit(incident, { event: 'woken', attentionMs }) : incident;
  const takesOver = action.kind === 'take' && action.over === true;
  if (owner !== undefined && !takesOver) return refused(`${owner} has it`);
  const taken = decisions.emit(incident, { event: 'taken', by, attentionMs, ...(owner !== undefined && { over: owner }) });
  if (taken.kind === 'alarm') {
    for (const { id, sensor, version, acknowledgedBy } of taken.members) {
      if (acknowledgedBy === undefined && sensor !== undefined)
        decisions.acknowledgements.push({ id: `${action.id}.${id}`, alarm: id, sensor, version, by });
    }
  }
  return decisions.tell(taken, 'taken');
}

/** Whoever has it has seen it; that others look changes nothing. */
function look(decisions: Decisions, incident: Incident, { by }: On<'look'>): Outcome {
  if (incident.claim?.owner !== by || incident.phase === 'HELD') return incident;
  return decisions.emit(incident, { event: 'looked', by, attentionMs: decisions.attentionMs(incident) });
}

function step(decisions: Decisions, incident: Incident, { by, step: done, dispatches = false }: On<'step'>): Outcome {
  if (done.trim() === '') return { code: 422, reason: 'a step needs a name' };
  return decisions.emit(incident, { event: 'stepped', by, step: done, dispatches, attentionMs: decisions.attentionMs(incident) });
}

function hold(decisions: Decisions, incident: Incident, { by, ms, why }: On<'hold'>): Outcome {
  if (!(ms > 0 && ms <= HOLD_MAX_MS)) return { code: 422, reason: `an incident is held for at most ${HOLD_MAX_MS / 60_000} minutes` };
  if (why.trim() === '') return { code: 422, reason: 'a hold needs a reason' };
  return decisions.emit(incident, { event: 'held', by, ms, why });
}

function close(decisions: Decisions, incident: Incident, action: On<'close'>): Outcome {
  const { by, membersVersion, disposition, standing = false, note } = action;
  if (membersVersion !== incident.membersVersion) return refused('something has joined it since you looked');
  if (isActive(incident)) {
    if (!standing) return refused('something is still active: say that it stands, and why');
    if (note === undefined || note.trim() === '') return { code: 422, reason: 'to close what is still active needs a note' };
  }
  return decisions.close(incident, by, disposition, { standing: isActive(incident), ...(note !== undefined && { note }) });
}

function dispose(decisions: Decisions, incident: Incident, { by, disposition }: On<'disposition'>): Outcome {
  if (isOpen(incident)) return refused('it is not closed: close it with this disposition');
  return decisions.emit(incident, { event: 'disposed', by, disposition });
}

/** Why somebody can't do what only its owner may; undefined: they may. */
function ifTheirs(incident: Incident, by: string): Outcome | undefined {
  if (!isOpen(incident)) return closed(incident);
  const owner = incident.claim?.owner;
  if (owner === undefined) return refused('nobody has it: take it first');
  return owner === by ? undefined : refused(`${owner} has it`);
}

function closed({ closing }: Incident): Outcome {
  return refused(closing?.by === SELF ? 'it has closed by itself' : `it was closed by ${closing?.by}`);
}

function refused(reason: string): Outcome {
  return { code: 409, reason };
}

/** A note by its owner is a sign of them, too. */
function attentionOf(decisions: Decisions, incident: Incident, by: string): { readonly attentionMs?: number } {
  return incident.claim?.owner === by ? { attentionMs: decisions.attentionMs(incident) } : {};
}
