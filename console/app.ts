import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { ZodError, ZodType } from 'zod';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import { whereOf, whoOf } from './api/audited.ts';
import { ApiError, BODY_MAX_KIB, type Route, wrongToken } from './api/route.ts';
import type { AuditTrail } from './audit/trail.ts';
import type { Access, Caller } from './security/access.ts';
import type { Attempts } from '../runtime/attempts.ts';
import type { Right } from './security/rights.ts';
import type { Users } from './security/users.ts';

export interface Guard {
  readonly access: Access;
  readonly attempts: Attempts;
  readonly audit: AuditTrail;
  /** Undefined: names are what somebody typed. */
  readonly users: Users | undefined;
  /** Addresses and networks whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[];
}

/** Serves the API and the page: one table of routes, with the same checks for each. */
export function createApp(routes: readonly Route[], guard: Guard, page: RequestHandler, logger: Logger): Express {
  const { access } = guard;
  const app = express();
  app.set('trust proxy', [...guard.proxies]);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(securityHeaders(access.cookie.secure));
  app.use(ownHostOnly(access));
  app.use('/api', (_request, response, next) => {
    response.set('cache-control', 'no-store');
    next();
  });
  for (const route of routes)
    app[route.method](
      route.path.replace(/\{(\w+)\}/g, ':$1'),
      letIn(route, guard),
      ...(route.body ? [jsonOnly, bodyOf(route)] : []),
      serve(route),
      recordDenial(route, guard),
    );
  app.use('/api', (request) => {
    const known = routes.filter(({ path }) => matchesPath(path, request.originalUrl));
    if (known.length === 0) throw new ApiError(404, `there is no ${request.originalUrl.split('?', 1)[0]}, see /api/openapi.json`);
    throw new ApiError(
      405,
      `${request.method} is not allowed here; allowed: ${known.map(({ method }) => method.toUpperCase()).join(', ')}`,
    );
  });
  app.use(page);
  app.use(answerErrors(logger));
  return app;
}

function securityHeaders(tls: boolean): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
        'require-trusted-types-for': ["'script'"],
        'trusted-types': ["'none'"],
      },
    },
    strictTransportSecurity: tls,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

function ownHostOnly(access: Access): RequestHandler {
  return (request, _response, next) => {
    if (!access.isForUs(request))
      throw new ApiError(421, 'the console does not answer to this host name (TOCSIN_CONSOLE_URL sets the one that browsers use)');
    next();
  };
}

/** Callers by request: Express has no typed place for them. */
const callers = new WeakMap<Request, Caller>();

function letIn(route: Route, { access, attempts, audit }: Guard): RequestHandler {
  return (request, response, next) => {
    const caller = access.caller(request);
    if (caller) callers.set(request, caller);
    else if (request.headers.authorization !== undefined) {
      audit.recordOften({ action: 'token-refused', by: '', as: 'nobody', ...whereOf(request) });
      throw wrongToken(attempts, request, 'this bearer token is not known');
    } else if (route.needs !== 'nothing') {
      response.set('www-authenticate', 'Bearer realm="tocsin"');
      throw new ApiError(401, 'sign in first, or send a bearer token (TOCSIN_API_TOKEN)');
    }
    if (route.method !== 'get' && (caller === undefined || caller.session) && !access.isOurPage(request))
      throw new ApiError(403, 'this must be sent by the page of the console itself');
    if (route.needs !== 'nothing' && !caller?.rights.has(route.needs)) throw new ApiError(403, notAllowed(route.needs, caller));
    next();
  };
}

/** Whatever is answered with 403 is in the audit trail: a flood of it by one caller is one row for each call and minute. */
function recordDenial({ method, path }: Route, { audit, users }: Guard): ErrorRequestHandler {
  const call = `${method.toUpperCase()} ${path}`;
  return (error: unknown, request, _response, next) => {
    if (error instanceof ApiError && error.status === 403) {
      const who = whoOf(callers.get(request), users);
      audit.recordOften({ action: 'access-denied', ...who, ...whereOf(request), on: [{ call }] }, JSON.stringify([who, call]));
    }
    next(error);
  };
}

function notAllowed(right: Right, caller: Caller | undefined): string {
  if (right === 'audit') return 'the audit trail is for supervisors, and for tokens with the scope audit';
  if (caller?.role === 'viewer') return 'viewers can only look: this needs an operator';
  return `this token does not have the scope ${right}`;
}

const jsonOnly: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) throw new ApiError(415, 'send application/json');
  next();
};

function serve(route: Route): RequestHandler {
  return async (request, response) => {
    const answer = await route.handle({
      params: read(route.params, request.params, 404),
      query: read(route.query, request.query, 400),
      body: read(route.body, request.body, route.badBody ?? 400),
      caller: callers.get(request),
      request,
      response,
    });
    if (answer) response.status(answer.status).json(answer.body);
  };
}

function bodyOf({ bodyMaxKiB = BODY_MAX_KIB }: Route): RequestHandler {
  return express.json({ limit: bodyMaxKiB * 1_024, type: 'application/json', inflate: false });
}

function read(schema: ZodType | undefined, value: unknown, status: number): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ApiError(status, problemsOf(result.error));
}

const problemsOf = (error: ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');

const matchesPath = (path: string, url: string): boolean =>
  new RegExp(`^${path.replace(/\./g, '\\.').replace(/\{\w+\}/g, '[^/]+')}/?(\\?.*)?$`).test(url);

/** The status that errors of Express and its body parser carry. */
const statusOf = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' ? error.status : 500;

function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { status, body } = problemOf(error);
    if (status === 500) logger.error({ reason: reasonOf(error) }, 'a request to the console failed');
    if (error instanceof ApiError) response.set(error.headers);
    if (status === 503) response.set('retry-after', '1');
    if (response.headersSent) response.destroy();
    else response.status(status).set('content-type', 'application/json; charset=utf-8').end(JSON.stringify(body));
  };
}

function problemOf(error: unknown): { status: number; body: object } {
  if (error instanceof ApiError) return { status: error.status, body: { error: error.message, ...error.more } };
  if (error instanceof TransientError) return { status: 503, body: { error: `not possible at the moment: ${error.message}` } };
  if (error instanceof PermanentError && error.code === 'bad-cursor') return { status: 400, body: { error: `cursor: ${error.message}` } };
  const status = statusOf(error);
  if (status >= 400 && status < 500) return { status, body: { error: reasonOf(error) } };
  return { status: 500, body: { error: 'an internal error; see the log of the console' } };
}
