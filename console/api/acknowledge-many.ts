import { createHash, randomUUID } from 'node:crypto';
import type { Action } from '../../alarm/alarm.ts';
import { isOver, isUnacknowledged } from '../../alarm/lifecycle.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import { namedAfter } from './actions.ts';
import { type Asking, eventOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { handIn } from './hand-in.ts';
import { MANY_MAX } from './many-max.ts';
import { ApiError, callerOf, ok, type Route, route } from './route.ts';
import { type AcknowledgedAlarm, acknowledgeManyBody, acknowledgedMany, type AlarmSeen, noQuery, notDone } from './schemas.ts';
import { findAlarmIfAny } from './whole-alarm.ts';

/** At most this many calls at a time, so that their actions don't displace each other, or those on single alarms, from memory. */
const AT_ONCE = 4;
/** At most this many look-ups in the archive at a time. */
const LOOKUPS_AT_ONCE = 16;
const ALARMS_PER_ROW = 100;

interface Asked extends AlarmSeen {
  /** The id of its own action: the same whenever the same call is sent. */
  readonly action: string;
}

/** For floods of lesser alarms. Every alarm gets an action of its own, as if it were acknowledged by itself. */
export function acknowledgeManyRoute(deps: ApiDeps): Route {
  let underWay = 0;
  return route({
    method: 'post',
    path: '/api/alarms/acknowledge',
    summary: `Say that you have seen several alarms, at most ${MANY_MAX.toLocaleString('en')}. The answer gives an outcome for each.`,
    needs: 'acknowledge',
    params: undefined,
    query: noQuery,
    body: acknowledgeManyBody,
    bodyMaxKiB: 256,
    answers: {
      200: { description: 'The outcome for each alarm, in the order of the request.', schema: acknowledgedMany },
      503: { description: 'Not accepted by the log, as far as is known: send it again, with the same id.', schema: notDone },
    },
    handle: async (call) => {
      const action = call.body.action ?? randomUUID();
      if (underWay >= AT_ONCE) throw new ApiError(503, 'others are acknowledging many alarms: nothing was done, try again', { action });
      underWay += 1;
      try {
        return ok({ action, alarms: await acknowledgeMany(deps, action, call.body, call) });
      } catch (error) {
        throw namedAfter(error, action);
      } finally {
        underWay -= 1;
      }
    },
  });
}

async function acknowledgeMany(
  deps: ApiDeps,
  call: string,
  { alarms, lifeSafety }: { readonly alarms: readonly AlarmSeen[]; readonly lifeSafety: boolean },
  asker: Asking,
): Promise<AcknowledgedAlarm[]> {
  const { actions } = deps.live;
  const asked = alarms.map((seen): Asked => ({ ...seen, action: actionOf(call, seen.id) }));
  const found = await findAll(deps, asked);
  const withheld = ({ alarm }: LiveAlarm): boolean => !lifeSafety && isLifeSafety(deps.types, alarm.type);
  const wanted = asked.flatMap(({ id, version, action }): Action[] => {
    const live = found.get(id);
    if (!live || actions.find(action) || !isUnacknowledged(live.alarm) || withheld(live)) return [];
    return [{ id: action, alarm: id, sensor: live.alarm.sensor, kind: 'acknowledge', version, by: callerOf(asker).name }];
  });
  recordAll(deps, call, wanted, asker);
  if (wanted.length > 0) await handIn(deps, wanted);
  await actions.settled(
    asked.map(({ action }) => action),
    deps.answerMs,
  );
  return asked.map(({ id, action }) => {
    const live = deps.live.alarms.find(id) ?? found.get(id);
    return { id, action, ...outcomeOf(deps, action, live, live !== undefined && withheld(live)) };
  });
}

/** A row for each hundred alarms, since rows are small. */
function recordAll(deps: ApiDeps, call: string, actions: readonly Action[], asker: Asking): void {
  for (let at = 0; at < actions.length; at += ALARMS_PER_ROW) {
    const on = actions.slice(at, at + ALARMS_PER_ROW).map(({ alarm, version }) => ({ alarm, version }));
    deps.audit.record({ ...eventOf(deps, asker, 'acknowledge', on), actionId: call });
  }
}

type Outcome = Pick<AcknowledgedAlarm, 'outcome' | 'reason'>;

function outcomeOf({ live: { actions } }: ApiDeps, action: string, live: LiveAlarm | undefined, withheld: boolean): Outcome {
  const known = actions.find(action);
  if (known?.state === 'done') return { outcome: 'acknowledged' };
  if (known?.state === 'pending') return { outcome: 'pending' };
  if (!live) return { outcome: 'unknown' };
  if (isOver(live.alarm)) return { outcome: 'over' };
  if (!isUnacknowledged(live.alarm)) return { outcome: 'already', reason: `acknowledged by ${live.alarm.acknowledgedBy ?? 'somebody'}` };
  if (known) return { outcome: 'changed', reason: known.reason ?? '' };
  return withheld
    ? { outcome: 'left-out', reason: 'lives depend on alarms of its type: only with lifeSafety true' }
    : { outcome: 'pending' };
}

/** The alarms from memory or, if they aren't there, from the archive. */
async function findAll(deps: ApiDeps, asked: readonly Asked[]): Promise<ReadonlyMap<string, LiveAlarm>> {
  const found = new Map<string, LiveAlarm>();
  const elsewhere: string[] = [];
  for (const { id } of asked) {
    const live = deps.live.alarms.find(id);
    if (live) found.set(id, live);
    else elsewhere.push(id);
  }
  for (let at = 0; at < elsewhere.length; at += LOOKUPS_AT_ONCE)
    for (const live of await Promise.all(elsewhere.slice(at, at + LOOKUPS_AT_ONCE).map((id) => findAlarmIfAny(deps, id))))
      if (live) found.set(live.alarm.id, live);
  return found;
}

/** A type that the settings no longer have counts as life safety, since lives may have depended on it. */
function isLifeSafety(types: TypeSet, name: string): boolean {
  return types.types.find((type) => type.name === name)?.lifeSafety ?? true;
}

const actionOf = (call: string, alarm: string): string => createHash('sha256').update(`${call}\n${alarm}`).digest('base64url').slice(0, 32);
