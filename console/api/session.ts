import type { Response } from 'express';
import type { Session } from '../security/sessions.ts';
import { iso } from './alarm-json.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, callerOf, ok, type Route, route, wrongToken } from './route.ts';
import { noQuery, problem, sessionAnswer, signInBody } from './schemas.ts';

const LINK_EVERY_MS = 10_000;

export function sessionRoutes(deps: ApiDeps): Route[] {
  let lastLinkAt = Number.NEGATIVE_INFINITY;
  return [
    route({
      method: 'get',
      path: '/api/session',
      summary: 'Who you are.',
      who: 'viewer',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'Your name and role, and when the session ends.', schema: sessionAnswer } },
      handle: (call) => {
        const { name, role, session } = callerOf(call);
        return ok({ name, role, until: session ? iso(session.until) : null });
      },
    }),
    route({
      method: 'post',
      path: '/api/session',
      summary: 'Sign in with a token: that of a sign-in link (once), of operators or of viewers.',
      who: 'anyone',
      params: undefined,
      query: noQuery,
      body: signInBody,
      answers: {
        200: { description: 'Signed in; the session is a cookie.', schema: sessionAnswer },
        401: { description: 'The token is not known, or is that of a link that was used or has expired.', schema: problem },
        429: {
          description: 'The token is not known, and too many wrong ones came from your address; or too many browsers are signed in.',
          schema: problem,
        },
      },
      handle: ({ body, request, response }) => {
        const now = deps.sessionClock();
        const role = deps.tokens.spend(body.token, now);
        if (!role) throw wrongToken(deps.attempts, request, 'this token is not known, or its link was used or has expired');
        const started = deps.sessions.start(role, body.name ?? role, now);
        if (!started) throw new ApiError(429, 'too many operators are signed in for a viewer to sign in: TOCSIN_CONSOLE_SESSIONS_MAX');
        const { session, ended } = started;
        if (ended !== undefined) deps.live.stream.endStreamsOf(ended);
        setCookie(deps, session, response);
        deps.logger.info({ as: role, sessions: deps.sessions.size }, 'signed in');
        return ok({ name: session.name, role, until: iso(session.until) });
      },
    }),
    route({
      method: 'delete',
      path: '/api/session',
      summary: 'Sign out.',
      who: 'viewer',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'Signed out.' } },
      handle: (call) => {
        const { session, key } = callerOf(call);
        if (!session) throw new ApiError(400, 'a bearer token has no session');
        deps.sessions.end(session.id);
        deps.live.stream.endStreamsOf(key);
        const { name, secure } = deps.access.cookie;
        call.response.clearCookie(name, { httpOnly: true, sameSite: 'strict', secure, path: '/' });
        return ok({});
      },
    }),
    route({
      method: 'post',
      path: '/api/session/link',
      summary:
        'Show a new sign-in link to whoever runs the console: on its terminal, or in the file that its log names. Only while nobody but this machine reaches the console.',
      who: 'anyone',
      params: undefined,
      query: noQuery,
      body: undefined,
      answers: { 200: { description: 'The link is shown.' }, 403: { description: 'Other machines reach the console.', schema: problem } },
      handle: ({ request }) => {
        if (!deps.access.trust.holdsFor(request))
          throw new ApiError(403, 'sign in with the token that the operator of this system gave you');
        const now = deps.sessionClock();
        if (now - lastLinkAt < LINK_EVERY_MS) throw new ApiError(429, 'a link was printed a moment ago');
        lastLinkAt = now;
        deps.announceLink();
        return ok({});
      },
    }),
  ];
}

function setCookie({ access, sessionClock }: ApiDeps, session: Session, response: Response): void {
  const { name, secure } = access.cookie;
  response.cookie(name, session.id, { httpOnly: true, sameSite: 'strict', secure, path: '/', maxAge: session.until - sessionClock() });
}
