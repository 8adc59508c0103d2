import { z } from 'zod';
import { ROLES } from '../security/rights.ts';
import { iso } from './alarm-json.ts';
import { eventOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, ok, type Route, route } from './route.ts';
import { noQuery, problem, time } from './schemas.ts';

/** Enough of a key to tell sessions apart. */
const ID_LENGTH = 16;
export const idOf = (key: string): string => key.slice(0, ID_LENGTH);

const sessionsAnswer = z.object({
  sessions: z.array(
    z.object({
      id: z.string().describe('for DELETE /api/sessions/{id}; it opens nothing'),
      name: z.string(),
      role: z.enum(ROLES),
      since: time,
      usedAt: time.describe('when its browser last asked for something'),
      until: time,
      own: z.boolean().describe('whether it is your own'),
    }),
  ),
});

export function sessionsRoutes(deps: ApiDeps): Route[] {
  const { sessions, sessionClock, live, logger, audit } = deps;
  return [
    route({
      method: 'get',
      path: '/api/sessions',
      summary: 'The browsers that are signed in, the one that was used last first.',
      needs: 'sessions',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'The sessions.', schema: sessionsAnswer } },
      handle: (call) => {
        const own = callerOf(call).key;
        const all = sessions.all(sessionClock()).toReversed();
        const shown = all.map(({ key, name, role, since, usedAt, until }) => {
          return { id: idOf(key), name, role, since: iso(since), usedAt: iso(usedAt), until: iso(until), own: key === own };
        });
        return ok({ sessions: shown });
      },
    }),
    route({
      method: 'delete',
      path: '/api/sessions/{id}',
      summary: 'Sign a browser out and end its live streams, for example one that was left open or lost.',
      needs: 'sessions',
      params: z.object({ id: z.string().max(64) }),
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'Signed out.' }, 404: { description: 'There is no such session.', schema: problem } },
      handle: (call) => {
        const { params } = call;
        const session = sessions.all(sessionClock()).find(({ key }) => idOf(key) === params.id);
        if (!session) throw new ApiError(404, 'there is no such session, or it is over');
        audit.record(eventOf(deps, call, 'session-revoked', [{ session: params.id, of: session.name }]));
        sessions.end(session.key);
        live.stream.endStreamsOf(session.key);
        logger.info({ of: session.role, sessions: sessions.size }, 'signed out by an operator');
        return ok({});
      },
    }),
  ];
}
