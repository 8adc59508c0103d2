import { isActive } from '../../alarm/lifecycle.ts';
import type { Client } from '../../directory/port.ts';
import { compareNewest } from '../live/by-age.ts';
import { damagedWords } from '../live/damaged-alarms.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import { sightOf, visibleWith } from '../security/rights.ts';
import { iso, listedJson } from './alarm-json.ts';
import { listAlarms } from './alarm-list.ts';
import { NOT_RECORDED, sees } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { faultsJson } from './fault-json.ts';
import { clientOf, Missing, stateOf } from './missing.ts';
import { ApiError, callerOf, ok, type Route, route } from './route.ts';
import { noQuery, problem, type SensorAnswer, sensorAnswer, sensorId, sensorsAnswer, sensorsQuery } from './schemas.ts';

const ALARMS_SHOWN = 20;

export function sensorRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/sensors',
      summary: 'Sensors whose client has no place, in order of their ids, with the types of which an alarm is active.',
      needs: 'read',
      params: undefined,
      query: sensorsQuery,
      body: undefined,
      answers: { 200: { description: 'A page of them; `cursor` is null on the last one.', schema: sensorsAnswer } },
      handle: ({ query }) => {
        const places = deps.live.places();
        if (!places) throw new ApiError(503, 'the places of the sensors are not known yet');
        const { cursor = -1, limit } = query;
        const rest = places.unplaced.filter((id) => id > cursor);
        const ids = rest.slice(0, limit);
        const last = ids.at(-1);
        return ok({
          sensors: ids.map((id) => ({ id, active: activeTypes(deps, id) })),
          total: places.unplaced.length,
          cursor: last === undefined || rest.length <= limit ? null : String(last),
        });
      },
    }),
    route({
      method: 'get',
      path: '/api/sensors/{id}',
      summary:
        'A sensor: where it is, what is active, which of its detectors cannot be read, its latest alarms and, for operators, its client.',
      needs: 'read',
      params: sensorId,
      query: noQuery,
      body: undefined,
      answers: {
        200: { description: 'The sensor.', schema: sensorAnswer },
        404: { description: 'Nothing is known about it.', schema: problem },
      },
      handle: async (call) => {
        const { id } = call.params;
        const recorded = sees(deps, call, 'sensor-viewed', [{ sensor: id }]);
        // Whoever goes to a fire needs its address, recorded or not.
        const shown = recorded || deps.live.alarms.ofSensor(id).length > 0;
        const sight = shown ? sightOf(callerOf(call).rights) : 'limited';
        const visible = visibleWith(sight);
        const { faults } = deps.live;
        const missing = new Missing(deps.logger, { sensor: id });
        const filter = { states: undefined, type: undefined, region: undefined, sensor: id, from: undefined, to: undefined };
        const open = {
          alarms: deps.live.alarms.ofSensor(id).toSorted((a, b) => compareNewest(a.alarm, b.alarm)),
          cursor: null,
          damaged: undefined,
        };
        const [client, state, list] = await Promise.all([
          missing.orElse('the client', clientOf(deps.directory, id), undefined),
          missing.orElse('since when all is well', stateOf(deps.history, id), undefined),
          missing.orElse('past alarms', listAlarms(deps.live.alarms, deps.archive, filter, ALARMS_SHOWN, undefined), open),
        ]);
        const damaged = damagedWords(list.damaged ?? deps.live.damaged.list().filter(({ sensor }) => sensor === id));
        const problems = [...(shown ? [] : [NOT_RECORDED]), ...missing.problems, ...(damaged === undefined ? [] : [damaged])];
        if (!client && !state && list.alarms.length === 0 && !faults?.of(id).length && problems.length === 0)
          throw new ApiError(404, `nothing is known about a sensor ${id}`);
        return ok({
          id,
          region: client?.region ?? state?.region ?? '',
          geohash: (client?.geohash ?? state?.geohash ?? '').slice(0, visible.geohashLength),
          ...activeOf(deps, id, state?.at),
          faults: faults ? faultsJson(faults.of(id)) : null,
          alarms: list.alarms.map((live) => listedJson(live, sight)),
          ...(visible.client ? { client: clientJson(client) } : {}),
          ...(problems.length === 0 ? {} : { problems }),
        } satisfies SensorAnswer);
      },
    }),
  ];
}

/** In the order of the settings; types that they no longer have come last. */
function activeTypes(deps: ApiDeps, sensor: number): SensorAnswer['active'] {
  const { types } = deps;
  const place = (type: string): number => types.placeOf(type) ?? types.types.length;
  const active = new Set(activeAlarms(deps, sensor).map(({ alarm }) => alarm.type));
  return [...active].sort((a, b) => place(a) - place(b));
}

const activeAlarms = ({ live }: ApiDeps, sensor: number): LiveAlarm[] =>
  live.alarms.ofSensor(sensor).filter(({ alarm }) => isActive(alarm));

/** The active types, from the log, and since when: by the alarms or, if none is active, by the history. */
function activeOf(deps: ApiDeps, sensor: number, historySince: number | undefined): Pick<SensorAnswer, 'active' | 'since'> {
  const alarms = activeAlarms(deps, sensor);
  const active = activeTypes(deps, sensor);
  const since = alarms.length > 0 ? Math.min(...alarms.map(({ alarm }) => alarm.raisedAt)) : historySince;
  return { active, since: since === undefined ? null : iso(since) };
}

/** Unknown coordinates become null. */
function clientJson(client: Client | undefined): SensorAnswer['client'] {
  if (!client) return null;
  return Object.fromEntries(Object.entries(client).map(([column, value]) => [column, Number.isNaN(value) ? null : value]));
}
