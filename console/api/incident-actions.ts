import { incidentOfName } from '../../incident/incident-id.ts';
import type { IncidentAction } from '../../incident/signal.ts';
import { TransientError } from '../../runtime/errors.ts';
import type { AuditThing } from '../../records/audit-row.ts';
import { listedIncidentJson, wholeIncidentJson } from './incident-json.ts';
import type { Outcome } from '../../records/incident-record.ts';
import type { IncidentView } from '../incidents/incident-view.ts';
import { inWords } from '../live/action-log.ts';
import { type Sight, sightOf } from '../security/rights.ts';
import { type Asking, eventOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { knownIncidents, NOT_KEPT } from './incidents.ts';
import { type Answer, ApiError, callerOf, ok, type Route, route } from './route.ts';
import { noQuery, problem } from './schemas.ts';
import {
  actionHeaders,
  actionKey,
  closeBody,
  dispositionBody,
  handedOver,
  handoverId,
  holdBody,
  incidentConflict,
  incidentId,
  noteBody,
  nothing,
  offerBody,
  stepBody,
  takeBody,
  wholeIncident,
} from './schemas-incidents.ts';

type OnOne = Exclude<IncidentAction, { kind: 'next' | 'offer' | 'accept' }>;
/** What is wanted, without who wants it. */
type Wish<A = IncidentAction> = A extends IncidentAction ? Omit<A, 'id' | 'by'> : never;
type WishOn<A = OnOne> = A extends OnOne ? Omit<A, 'id' | 'by' | 'incident'> : never;

const refusals = {
  404: { description: 'There is no such incident, or nothing to do.', schema: problem },
  409: { description: 'Refused, with the reason and the incident as it is now.', schema: incidentConflict },
  422: { description: 'A field is wrong; nothing was done.', schema: problem },
  503: { ...NOT_KEPT, description: `${NOT_KEPT.description} Or the log did not confirm it: ask again with the same key.` },
  504: { description: 'In the log, but its outcome is not known in time: ask again with the same key.', schema: problem },
} as const satisfies Route['answers'];
const shared = { method: 'post', needs: 'acknowledge', query: noQuery, badBody: 422, headers: actionHeaders } as const;
const answers: Route['answers'] = { 200: { description: 'Done: the incident as it is now.', schema: wholeIncident }, ...refusals };
const handed: Route['answers'] = { 200: { description: 'Done: the incidents that it concerns.', schema: handedOver }, ...refusals };

/** What operators do to incidents. An action is appended to the log, and the answer is what the incident task decides. */
export function incidentActionRoutes(deps: ApiDeps): Route[] {
  const one = { ...shared, params: incidentId, answers } as const;
  const on = (call: Asking & { readonly params: { readonly id: string } }, wish: WishOn) => actOnOne(deps, call, call.params.id, wish);
  return [
    route({
      ...one,
      path: '/api/incidents/{id}/take',
      summary: 'It is yours from here on; its alarms are acknowledged.',
      body: takeBody,
      handle: (call) => on(call, { kind: 'take', ...(call.body.over && { over: true }) }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/look',
      summary: 'You still see to it: an incident that its owner leaves alone for too long goes back to the queue.',
      body: nothing,
      handle: (call) => on(call, { kind: 'look' }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/step',
      summary: 'Something on your list for such cases is done.',
      body: stepBody,
      handle: (call) => on(call, { kind: 'step', step: call.body.step, ...(call.body.dispatches && { dispatches: true }) }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/note',
      summary: 'Add a note to its custody; also possible after it was closed.',
      body: noteBody,
      handle: (call) => on(call, { kind: 'note', ...call.body }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/hold',
      summary: 'You wait for something: nothing need be seen of you until then.',
      body: holdBody,
      handle: (call) => on(call, { kind: 'hold', ms: Math.round(call.body.minutes * 60_000), why: call.body.why }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/release',
      summary: 'Give it back to the queue.',
      body: nothing,
      handle: (call) => on(call, { kind: 'release' }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/close',
      summary: 'It is over, and what it was.',
      body: closeBody,
      handle: ({ body: { note, standing, ...body }, ...call }) =>
        on(call, { kind: 'close', ...body, ...(standing && { standing }), ...(note !== undefined && { note }) }),
    }),
    route({
      ...one,
      path: '/api/incidents/{id}/disposition',
      summary: 'Correct what a closed one was.',
      body: dispositionBody,
      handle: (call) => on(call, { kind: 'disposition', ...call.body }),
    }),
    ...queueRoutes(deps),
  ];
}

function queueRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      ...shared,
      answers,
      path: '/api/incidents/next',
      summary: 'Take the gravest, oldest one that nobody has: two who ask at once get two different ones.',
      params: undefined,
      body: nothing,
      handle: (call) => act(deps, call, { kind: 'next' }, []),
    }),
    route({
      ...shared,
      answers: handed,
      path: '/api/handovers',
      summary: 'Offer incidents that you have to somebody else; they are yours until the offer is accepted.',
      params: undefined,
      body: offerBody,
      handle: (call) => {
        const { incidents: named, to } = call.body;
        const incidents = named === 'all' ? named : named.map(numberOf);
        return act(deps, call, { kind: 'offer', incidents, ...(to !== undefined && { to }) }, []);
      },
    }),
    route({
      ...shared,
      answers: handed,
      path: '/api/handovers/{id}/accept',
      summary: 'Take all that is offered together; the id is the key of the offer.',
      params: handoverId,
      body: nothing,
      handle: (call) => act(deps, call, { kind: 'accept', offer: call.params.id }, [{ handover: call.params.id }]),
    }),
  ];
}

async function actOnOne(deps: ApiDeps, call: Asking, name: string, wish: WishOn): Promise<Answer> {
  const known = knownIncidents(deps).incidents.survivor(name);
  if (!known) throw new ApiError(404, 'there is no such incident, or it was closed long ago');
  const { id, version } = known.incident;
  return act(deps, call, { ...wish, incident: numberOf(id) } as Wish, [{ incident: id, version }]);
}

async function act(deps: ApiDeps, call: Asking, wish: Wish, on: readonly AuditThing[]): Promise<Answer> {
  const view = knownIncidents(deps);
  const { name: by, rights } = callerOf(call);
  const id = keyOf(call);
  if (!view.outcomes.ask(id, JSON.stringify([by, call.request.path, call.request.body])))
    throw new ApiError(422, 'Idempotency-Key: was used for another action, choose a new one for each');
  if (!view.outcomes.find(id)) {
    if (view.outcomes.full) throw new ApiError(503, 'too many actions are waiting for their outcome: it was not done, try again');
    deps.audit.record({ ...eventOf(deps, call, `incident-${wish.kind}`, on), actionId: id });
    await append(view, { ...wish, id, by } as IncidentAction);
  }
  const outcome = await view.outcomes.outcome(id, deps.answerMs);
  if (!outcome)
    throw new ApiError(504, 'the action is in the log, but its outcome is not known yet: ask again with the same Idempotency-Key');
  return answerOf(view, wish, id, outcome, sightOf(rights));
}

async function append(view: IncidentView, action: IncidentAction): Promise<void> {
  try {
    await view.append([{ signal: 'action', action }]);
  } catch (error) {
    throw error instanceof TransientError ? new ApiError(503, inWords(error)) : error;
  }
}

function answerOf(view: IncidentView, { kind }: Wish, id: string, outcome: Outcome, sight: Sight): Answer {
  const known = outcome.incident === undefined ? undefined : view.incidents.survivor(outcome.incident);
  const whole = known ? wholeIncidentJson(known, sight, view.doubt) : null;
  if (!outcome.done) throw new ApiError(outcome.code, outcome.reason, outcome.code === 409 ? { incident: whole } : {});
  if (kind !== 'offer' && kind !== 'accept') return ok(whole);
  const all = (outcome.incidents ?? [outcome.incident]).flatMap((name) => view.incidents.survivor(name) ?? []);
  return ok({ handover: id, incidents: all.map(({ incident }) => listedIncidentJson(incident, sight)) });
}

function keyOf({ request }: Asking): string {
  const { success, data } = actionKey.safeParse(request.get('idempotency-key'));
  if (!success) throw new ApiError(422, 'Idempotency-Key: must be a UUID that you choose for each action');
  return data.toLowerCase();
}

function numberOf(name: string): number {
  const id = incidentOfName(name);
  if (id === undefined) throw new ApiError(404, 'there is no such incident');
  return id;
}
