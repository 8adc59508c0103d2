import type { Decisions } from './decisions.ts';
import { type Incident, isOpen } from './incident.ts';
import { OFFER_MS } from './settings.ts';
import type { AcceptAction, OfferAction } from './signal.ts';

/** The incidents that it concerns, as it left them, or why it was not carried out. */
export type Handed = readonly [Incident, ...Incident[]] | { readonly code: 404 | 409; readonly reason: string; readonly incident?: number };

/** Somebody offers what they have. They have it until it is accepted; one offer at a time of each, the last. */
export function offer(decisions: Decisions, { id, by, incidents: wanted, to }: OfferAction): Handed {
  const { incidents } = decisions;
  if (to === by) return { code: 409, reason: 'it is yours already' };
  const theirs: Incident[] = [];
  for (const one of wanted === 'all' ? incidents.of(by).map(({ id: its }) => its) : wanted) {
    const incident = incidents.survivor(one);
    if (!incident) return { code: 404, reason: 'there is no such incident, or it was closed long ago', incident: one };
    if (!isOpen(incident)) return { code: 409, reason: 'it is closed', incident: incident.id };
    const owner = incident.claim?.owner;
    if (owner !== by) return { code: 409, reason: owner === undefined ? 'nobody has it' : `${owner} has it`, incident: incident.id };
    if (!theirs.includes(incident)) theirs.push(incident);
  }
  return each(theirs, (incident) =>
    decisions.emit(incident, { event: 'offered', by, offer: id, ms: OFFER_MS, ...(to !== undefined && { to }) }),
  );
}

/** Takes what still is offered, all in one: what was closed or taken by somebody since is not among it. */
export function accept(decisions: Decisions, { by, offer: accepted }: AcceptAction): Handed {
  const offered = decisions.incidents.offeredBy(accepted);
  const [first] = offered;
  if (!first?.claim?.offer) return { code: 409, reason: 'it is no longer offered' };
  const { owner, offer: its } = first.claim;
  if (owner === by) return { code: 409, reason: 'it is yours already' };
  if (its.to !== undefined && its.to !== by) return { code: 409, reason: `it is offered to ${its.to}` };
  return each(offered, (incident) =>
    decisions.tell(decisions.emit(incident, { event: 'handed', by, over: owner, attentionMs: decisions.attentionMs(incident) }), 'taken'),
  );
}

function each(incidents: readonly Incident[], does: (incident: Incident) => Incident): Handed {
  const [first, ...others] = [...incidents].sort((one, other) => one.id - other.id);
  return first ? [does(first), ...others.map(does)] : { code: 409, reason: 'you have nothing' };
}
