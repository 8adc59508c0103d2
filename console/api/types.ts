import type { ApiDeps } from './deps.ts';
import { ok, type Route, route } from './route.ts';
import { noQuery, typesAnswer } from './schemas.ts';
import { typesJson } from './type-json.ts';

export function typeRoutes({ types }: ApiDeps): Route[] {
  const answer = { types: typesJson(types) };
  return [
    route({
      method: 'get',
      path: '/api/types',
      summary: 'The types of alarms, as in the settings: what raises an alarm, how grave it is, how it is shown.',
      needs: 'read',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'The types, in the order of the settings.', schema: typesAnswer } },
      handle: () => ok(answer),
    }),
  ];
}
