import { beyondWords } from '../live/alarm-bound.ts';
import { damagedWords } from '../live/damaged-alarms.ts';
import { listedJson } from './alarm-json.ts';
import { isOver } from '../../alarm/lifecycle.ts';
import { sightOf } from '../security/rights.ts';
import { NOT_RECORDED, sees } from './audited.ts';
import { areOpen, listAlarms, statesOf } from './alarm-list.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, ok, type Route, route } from './route.ts';
import { alarmId, alarmPage, alarmsQuery, noQuery, problem, wholeAlarm } from './schemas.ts';
import { describeAlarm, findAlarm } from './whole-alarm.ts';

const epoch = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

export function alarmRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/alarms',
      summary: 'Alarms, newest raised first. An alarm is listed as soon as it is in the log.',
      needs: 'read',
      params: undefined,
      query: alarmsQuery(deps.types),
      body: undefined,
      answers: {
        200: { description: 'A page of alarms; `cursor` is null on the last one.', schema: alarmPage },
        400: { description: 'The query makes no sense.', schema: problem },
      },
      handle: async (call) => {
        const sight = sightOf(callerOf(call).rights);
        const { state, type, region, quarantined, from, to, limit, cursor } = call.query;
        const states = statesOf(state);
        if (quarantined !== undefined && !areOpen(states)) throw new ApiError(400, 'quarantined: only with state=active or open');
        const filter = {
          ...{ states, type, region, sensor: undefined, from: epoch(from), to: epoch(to) },
          quarantined: quarantined === undefined ? undefined : quarantined === 'true',
        };
        const list = await listAlarms(deps.live.alarms, deps.archive, filter, limit, cursor);
        const recorded = sees(deps, call, 'alarms-listed');
        const damaged = damagedWords(list.damaged ?? deps.live.damaged.list());
        const problems = [beyondWords(deps.live.alarms), damaged, recorded ? undefined : NOT_RECORDED].filter(
          (words) => words !== undefined,
        );
        return ok({
          alarms: list.alarms.map((live) => listedJson(live, recorded || !isOver(live.alarm) ? sight : 'limited')),
          cursor: list.cursor,
          ...(problems.length > 0 && { problems }),
        });
      },
    }),
    route({
      method: 'get',
      path: '/api/alarms/{id}',
      summary: 'An alarm with its evidence, its custody and, for operators, its client.',
      needs: 'read',
      params: alarmId,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'The alarm.', schema: wholeAlarm }, 404: { description: 'There is none.', schema: problem } },
      handle: async (call) => {
        const found = await findAlarm(deps, call.params.id);
        const { id, version } = found.alarm;
        const recorded = sees(deps, call, 'alarm-viewed', [{ alarm: id, version }]);
        // Whoever goes to a fire needs its address, recorded or not.
        const shown = recorded || !isOver(found.alarm);
        return ok(await describeAlarm(deps, found, shown ? sightOf(callerOf(call).rights) : 'limited', shown ? [] : [NOT_RECORDED]));
      },
    }),
  ];
}
