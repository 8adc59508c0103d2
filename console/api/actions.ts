import { randomUUID } from 'node:crypto';
import type { Action, ActionKind, Disposition } from '../../alarm/alarm.ts';
import type { Records } from '../../message-log/port.ts';
import { TransientError } from '../../runtime/errors.ts';
import type { Outcome } from '../live/pending-actions.ts';
import type { Role } from '../security/tokens.ts';
import type { ApiDeps } from './deps.ts';
import { type Answer, ApiError, callerOf, ok, type Route, route } from './route.ts';
import { acknowledgeBody, alarmId, conflict, dispositionBody, noQuery, noteBody, problem, unanswered, wholeAlarm } from './schemas.ts';
import { describeAlarm, findAlarm } from './whole-alarm.ts';

const answers: Route['answers'] = {
  200: { description: 'Done: the alarm as it is now.', schema: wholeAlarm },
  404: { description: 'There is no such alarm.', schema: problem },
  409: { description: 'Refused, with the reason and the alarm as it is now: it has changed since, or it is over.', schema: conflict },
  503: { description: 'Not done: the log does not take it at the moment.', schema: problem },
  504: { description: 'In the log, but not answered in time: look at the alarm to see what became of it.', schema: unanswered },
};

interface Wish {
  readonly version: number;
  readonly note?: string | undefined;
  readonly disposition?: Disposition | undefined;
}

/** What operators do. The log decides: an action is appended, and the answer is what the alarm's task made of it. */
export function actionRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'post', who: 'operator', params: alarmId, query: noQuery, answers } as const;
  return [
    route({
      ...shared,
      path: '/api/alarms/{id}/acknowledge',
      summary: 'Say that you have seen it.',
      body: acknowledgeBody,
      handle: (call) => act(deps, 'acknowledge', call.params.id, call.body, callerOf(call)),
    }),
    route({
      ...shared,
      path: '/api/alarms/{id}/note',
      summary: 'Add a note to its custody.',
      body: noteBody,
      handle: (call) => act(deps, 'note', call.params.id, call.body, callerOf(call)),
    }),
    route({
      ...shared,
      path: '/api/alarms/{id}/disposition',
      summary: 'Say what it turned out to be.',
      body: dispositionBody,
      handle: (call) => act(deps, 'disposition', call.params.id, call.body, callerOf(call)),
    }),
  ];
}

async function act(deps: ApiDeps, kind: ActionKind, id: string, wish: Wish, by: { name: string; role: Role }): Promise<Answer> {
  const { alarm } = await findAlarm(deps, id);
  const { actions } = deps.live;
  if (actions.full) throw new ApiError(503, 'too many actions are waiting for their outcome: it was not done, try again');
  const action: Action = {
    id: randomUUID(),
    alarm: id,
    sensor: alarm.sensor,
    kind,
    version: wish.version,
    by: by.name,
    ...(wish.note === undefined ? {} : { note: wish.note }),
    ...(wish.disposition === undefined ? {} : { disposition: wish.disposition }),
  };
  const waiting = actions.wait(action.id, deps.answerMs);
  try {
    await deps.log.append('ACTION', oneRecord(action), deps.clock());
  } catch (error) {
    waiting.cancel();
    if (!(error instanceof TransientError)) throw error;
    throw new ApiError(503, `it was not done, the log does not take it at the moment (${error.message}): try again`);
  }
  return answerOf(deps, await waiting.outcome, action, by.role);
}

async function answerOf(deps: ApiDeps, outcome: Outcome, action: Action, role: Role): Promise<Answer> {
  if (outcome.kind === 'late')
    throw new ApiError(504, 'the action is in the log, but its outcome is not known yet: look at the alarm in a moment', {
      action: action.id,
    });
  const { event } = outcome;
  if (event.event !== 'refused') {
    const live = deps.live.alarms.find(action.alarm);
    const { region, geohash } = live?.alarm ?? { region: '', geohash: '' };
    const done = { alarm: { ...event.alarm, region, geohash }, client: undefined, recent: live?.recent ?? [] };
    return ok(await describeAlarm(deps, done, role));
  }
  const now = await findAlarm(deps, action.alarm).catch(() => undefined);
  throw new ApiError(409, event.reason, { alarm: now ? await describeAlarm(deps, now, role) : null });
}

function oneRecord(action: Action): Records {
  const bytes = Buffer.from(JSON.stringify(action));
  return { length: 1, bytes, keys: [action.sensor], starts: [0], ends: [bytes.length] };
}
