import { randomUUID } from 'node:crypto';
import type { Action, ActionKind, Disposition } from '../../alarm/alarm.ts';
import { reasonOf, TransientError } from '../../runtime/errors.ts';
import type { KnownAction } from '../live/actions.ts';
import { type Sight, sightOf } from '../security/rights.ts';
import { type Asking, eventOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { handIn } from './hand-in.ts';
import { type Answer, ApiError, callerOf, ok, type Route, route } from './route.ts';
import {
  acknowledgeBody,
  acted,
  type ActionAnswer,
  actionAnswer,
  actionId,
  alarmId,
  conflict,
  dispositionBody,
  notDone,
  noQuery,
  noteBody,
  problem,
  type WholeAlarm,
} from './schemas.ts';
import { describeAlarm, findAlarm } from './whole-alarm.ts';

const answers: Route['answers'] = {
  200: { description: 'Done: the alarm as it is now.', schema: acted },
  404: { description: 'There is no such alarm.', schema: notDone },
  409: { description: 'Refused, with the reason and the alarm as it is now: for example, it has changed meanwhile.', schema: conflict },
  503: { description: 'Not accepted by the log, as far as is known: send it again, with the same id.', schema: notDone },
  504: { description: 'In the log, but not decided in time: ask at `Location` for its outcome.', schema: notDone },
};

interface Wish {
  readonly action?: string | undefined;
  readonly version: number;
  readonly note?: string | undefined;
  readonly disposition?: Disposition | undefined;
}

/** Operators' actions. An action is appended to the log, and the answer is the outcome that the alarm's task decides. */
export function actionRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'post', needs: 'acknowledge', params: alarmId, query: noQuery, answers } as const;
  return [
    route({
      ...shared,
      path: '/api/alarms/{id}/acknowledge',
      summary: 'Say that you have seen it.',
      body: acknowledgeBody,
      handle: (call) => act(deps, 'acknowledge', call.params.id, call.body, call),
    }),
    route({
      ...shared,
      path: '/api/alarms/{id}/note',
      summary: 'Add a note to its custody; also possible after it has ended.',
      body: noteBody,
      handle: (call) => act(deps, 'note', call.params.id, call.body, call),
    }),
    route({
      ...shared,
      path: '/api/alarms/{id}/disposition',
      summary: 'Say what it turned out to be; also possible after it has ended.',
      body: dispositionBody,
      handle: (call) => act(deps, 'disposition', call.params.id, call.body, call),
    }),
    route({
      method: 'get',
      path: '/api/actions/{id}',
      summary: 'The outcome of an action, whichever console accepted it.',
      needs: 'acknowledge',
      params: actionId,
      query: noQuery,
      body: undefined,
      answers: {
        200: { description: 'What is known about it.', schema: actionAnswer },
        404: { description: 'Not the id of an action.', schema: problem },
      },
      handle: (call) => whatBecameOf(deps, call.params.id, sightOf(callerOf(call).rights)),
    }),
  ];
}

async function act(deps: ApiDeps, kind: ActionKind, alarm: string, wish: Wish, call: Asking): Promise<Answer> {
  const id = wish.action ?? randomUUID();
  try {
    await appendOnce(deps, id, kind, alarm, wish, call);
    return await answerOf(deps, id, alarm, await deps.live.actions.outcome(id, deps.answerMs), sightOf(callerOf(call).rights));
  } catch (error) {
    throw namedAfter(error, id);
  }
}

/** Appends the action to the log, unless one with this id came in before. */
async function appendOnce(deps: ApiDeps, id: string, kind: ActionKind, alarm: string, wish: Wish, call: Asking): Promise<void> {
  const { actions, alarms } = deps.live;
  const found = actions.find(id) ? undefined : await findAlarm(deps, alarm);
  // Again, since the same action may have come in a second time while the alarm was being fetched.
  const known = actions.find(id);
  if (known && (known.alarm !== alarm || known.kind !== kind))
    throw new ApiError(409, `this id was used for another action: ${known.kind} of ${known.alarm}`, { alarm: null });
  if (actions.full) throw new ApiError(503, 'too many actions are waiting for their outcome: it was not done, try again');
  if (known || !found) return;
  alarms.remember(found);
  const { sensor } = found.alarm;
  const { version, note, disposition } = wish;
  const action: Action = {
    id,
    alarm,
    sensor,
    kind,
    version,
    by: callerOf(call).name,
    ...(note === undefined ? {} : { note }),
    ...(disposition === undefined ? {} : { disposition }),
  };
  deps.audit.record({ ...eventOf(deps, call, kind, [{ alarm, version }]), actionId: id });
  await handIn(deps, [action]);
}

async function answerOf(deps: ApiDeps, id: string, alarm: string, outcome: KnownAction | undefined, sight: Sight): Promise<Answer> {
  if (outcome?.state === 'done') return ok({ ...(await describeAlarm(deps, await findAlarm(deps, alarm), sight)), action: id });
  if (outcome?.state === 'refused') throw new ApiError(409, outcome.reason ?? '', { alarm: await alarmNow(deps, alarm, sight) });
  const where = `/api/actions/${id}`;
  throw new ApiError(504, `the action is in the log, but its outcome is not known yet: ask ${where} in a moment`, {}, { location: where });
}

async function whatBecameOf(deps: ApiDeps, id: string, sight: Sight): Promise<Answer> {
  const known = deps.live.actions.find(id);
  if (!known) return ok({ action: id, state: 'unknown' } satisfies ActionAnswer);
  const { state, reason } = known;
  const alarm = await alarmNow(deps, known.alarm, sight);
  return ok({ action: id, state, ...(reason === undefined ? {} : { reason }), alarm } satisfies ActionAnswer);
}

/** Null if the alarm can't be fetched: the answer about the action goes out all the same. */
async function alarmNow(deps: ApiDeps, id: string, sight: Sight): Promise<WholeAlarm | null> {
  try {
    return await describeAlarm(deps, await findAlarm(deps, id), sight);
  } catch (error) {
    deps.logger.warn({ alarm: id, reason: reasonOf(error) }, 'an alarm could not be fetched');
    return null;
  }
}

/** Adds the action's id to an error, so that the caller can ask for its outcome or send it again. */
export function namedAfter(error: unknown, action: string): unknown {
  if (error instanceof ApiError) return new ApiError(error.status, error.message, { ...error.more, action }, error.headers);
  if (error instanceof TransientError) return new ApiError(503, error.message, { action });
  return error;
}
