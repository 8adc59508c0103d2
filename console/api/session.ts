import type { Response } from 'express';
import type { Caller } from '../security/access.ts';
import { rightsOfRole } from '../security/rights.ts';
import type { Session } from '../security/sessions.ts';
import { iso } from './alarm-json.ts';
import { eventOf, whereOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, ok, type Route, route } from './route.ts';
import { noQuery, problem, sessionAnswer, signedOut, signInBody } from './schemas.ts';
import { idOf } from './sessions.ts';
import { personOf, WITH_PASSWORD } from './sign-in.ts';

const LINK_EVERY_MS = 10_000;

export function sessionRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/session',
      summary: 'Who you are.',
      needs: 'nothing',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: {
        200: { description: 'Your name and role, and when the session ends.', schema: sessionAnswer },
        401: { description: 'You are not signed in, and how browsers sign in here.', schema: signedOut },
      },
      handle: ({ caller }) => {
        const signIn = deps.users ? 'password' : 'token';
        if (!caller) throw new ApiError(401, 'sign in first', { signIn }, { 'www-authenticate': 'Bearer realm="tocsin"' });
        const { session } = caller;
        return ok({ ...whoIs(caller), until: session ? iso(session.until) : null });
      },
    }),
    route({
      method: 'post',
      path: '/api/session',
      summary: 'Sign in with a token; where a users file is set (TOCSIN_USERS), with a name and a password instead.',
      needs: 'nothing',
      params: undefined,
      query: noQuery,
      body: signInBody,
      answers: {
        200: { description: 'Signed in; the session is a cookie.', schema: sessionAnswer },
        401: {
          description:
            'The token is unknown, or belongs to a link that was used or has expired; or the name or the password is wrong, or the user is disabled.',
          schema: problem,
        },
        403: { description: 'A token was sent although browsers sign in with name and password, or the reverse.', schema: problem },
        429: { description: 'Too many wrong tokens or passwords from your address, or too many browsers.', schema: problem },
      },
      handle: async ({ body, request, response }) => {
        const person = await personOf(deps, body, request);
        const started = deps.sessions.start(person, deps.sessionClock());
        if (!started) throw new ApiError(429, 'too many operators are signed in for a viewer to sign in: TOCSIN_CONSOLE_SESSIONS_MAX');
        const { session, cookie, ended } = started;
        if (ended !== undefined) deps.live.stream.endStreamsOf(ended);
        setCookie(deps, cookie, session, response);
        const as = deps.users ? 'user' : 'claimed';
        deps.audit.recordOften({
          action: 'signed-in',
          by: session.name,
          as,
          ...whereOf(request),
          on: [{ session: idOf(session.key), of: session.name }],
        });
        deps.logger.info({ as: person.role, sessions: deps.sessions.size }, 'signed in');
        return ok({ ...whoIs({ ...session, rights: rightsOfRole(session.role) }), until: iso(session.until) });
      },
    }),
    route({
      method: 'delete',
      path: '/api/session',
      summary: 'Sign out.',
      needs: 'read',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'Signed out.' } },
      handle: (call) => {
        const { session, key } = callerOf(call);
        if (!session) throw new ApiError(400, 'a bearer token has no session');
        deps.audit.recordOften(eventOf(deps, call, 'signed-out', [{ session: idOf(session.key), of: session.name }]));
        deps.sessions.end(session.key);
        deps.live.stream.endStreamsOf(key);
        const { name, secure } = deps.access.cookie;
        call.response.clearCookie(name, { httpOnly: true, sameSite: 'strict', secure, path: '/' });
        return ok({});
      },
    }),
    linkRoute(deps),
  ];
}

function linkRoute(deps: ApiDeps): Route {
  let lastLinkAt = Number.NEGATIVE_INFINITY;
  return route({
    method: 'post',
    path: '/api/session/link',
    summary:
      'Show a new sign-in link to whoever runs the console: on its terminal, or in the file that its log names. Only while nobody but this machine reaches the console.',
    needs: 'nothing',
    params: undefined,
    query: noQuery,
    body: undefined,
    answers: { 200: { description: 'The link is shown.' }, 403: { description: 'Other machines reach the console.', schema: problem } },
    handle: ({ request }) => {
      if (deps.users) throw new ApiError(403, WITH_PASSWORD);
      if (!deps.access.trust.holdsFor(request)) throw new ApiError(403, 'sign in with the token that the operator of this system gave you');
      const now = deps.sessionClock();
      if (now - lastLinkAt < LINK_EVERY_MS) throw new ApiError(429, 'a link was printed a moment ago');
      lastLinkAt = now;
      deps.audit.recordOften({ action: 'link-shown', by: '', as: 'nobody', ...whereOf(request) });
      deps.announceLink();
      return ok({});
    },
  });
}

const whoIs = ({ name, role, rights }: Pick<Caller, 'name' | 'role' | 'rights'>) => ({ name, role, rights: [...rights] });

function setCookie({ access, sessionClock }: ApiDeps, cookie: string, session: Session, response: Response): void {
  const { name, secure } = access.cookie;
  response.cookie(name, cookie, { httpOnly: true, sameSite: 'strict', secure, path: '/', maxAge: session.until - sessionClock() });
}
