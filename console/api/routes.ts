import { acknowledgeManyRoute } from './acknowledge-many.ts';
import { actionRoutes } from './actions.ts';
import { alarmRoutes } from './alarms.ts';
import { auditRoutes } from './audit.ts';
import { countRoutes } from './counts.ts';
import type { ApiDeps } from './deps.ts';
import { faultRoutes } from './faults.ts';
import { incidentActionRoutes } from './incident-actions.ts';
import { incidentRoutes } from './incidents.ts';
import { liveRoutes } from './live.ts';
import { openApi } from './openapi.ts';
import { ok, type Route, route } from './route.ts';
import { noQuery } from './schemas.ts';
import { sensorRoutes } from './sensors.ts';
import { sessionRoutes } from './session.ts';
import { sessionsRoutes } from './sessions.ts';
import { typeRoutes } from './types.ts';

/** All routes of the API. */
export function apiRoutes(deps: ApiDeps): Route[] {
  const routes = [
    ...typeRoutes(deps),
    ...alarmRoutes(deps),
    ...actionRoutes(deps),
    acknowledgeManyRoute(deps),
    ...sensorRoutes(deps),
    ...faultRoutes(deps),
    ...incidentActionRoutes(deps),
    ...incidentRoutes(deps),
    ...countRoutes(deps),
    ...liveRoutes(deps),
    ...sessionRoutes(deps),
    ...sessionsRoutes(deps),
    ...auditRoutes(deps),
  ];
  let document: object | undefined;
  routes.push(
    route({
      method: 'get',
      path: '/api/openapi.json',
      summary: 'This document.',
      needs: 'nothing',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'OpenAPI 3.1.' } },
      handle: () => {
        document ??= openApi(routes, deps.types);
        return ok(document);
      },
    }),
  );
  return routes;
}
