import type { ApiDeps } from './deps.ts';
import { listedFaults } from './fault-json.ts';
import { ApiError, ok, type Route, route } from './route.ts';
import { faultsAnswer, faultsQuery } from './schemas.ts';

export function faultRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/faults',
      summary: 'Detectors that cannot be relied upon: life safety first, then the gravest, of each detector the newest first.',
      needs: 'read',
      params: undefined,
      query: faultsQuery,
      body: undefined,
      answers: { 200: { description: 'The first of them; `total` is how many there are.', schema: faultsAnswer } },
      handle: ({ query }) => {
        const { faults } = deps.live;
        if (!faults) throw new ApiError(503, 'the faults of sensors are not known yet');
        return ok({ faults: listedFaults(faults, query.limit), total: faults.list().length });
      },
    }),
  ];
}
