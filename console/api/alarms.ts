import { beyondWords } from '../live/alarm-bound.ts';
import { listedJson } from './alarm-json.ts';
import { sightOf } from '../security/rights.ts';
import { listAlarms, statesOf } from './alarm-list.ts';
import type { ApiDeps } from './deps.ts';
import { callerOf, ok, type Route, route } from './route.ts';
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
      answers: { 200: { description: 'A page of alarms; `cursor` is null on the last one.', schema: alarmPage } },
      handle: async (call) => {
        const sight = sightOf(callerOf(call).rights);
        const { state, type, region, from, to, limit, cursor } = call.query;
        const filter = { states: statesOf(state), type, region, sensor: undefined, from: epoch(from), to: epoch(to) };
        const list = await listAlarms(deps.live.alarms, deps.archive, filter, limit, cursor);
        const beyond = beyondWords(deps.live.alarms);
        return ok({
          alarms: list.alarms.map((live) => listedJson(live, sight)),
          cursor: list.cursor,
          ...(beyond === undefined ? {} : { problems: [beyond] }),
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
      handle: async (call) => ok(await describeAlarm(deps, await findAlarm(deps, call.params.id), sightOf(callerOf(call).rights))),
    }),
  ];
}
