import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { History } from '../history/port.ts';
import { afterStart } from '../runtime/after-start.ts';
import { atItsOwnPace } from '../runtime/clock.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import { listen } from '../runtime/listen.ts';
import type { Logger } from '../runtime/logging.ts';
import { operationsHandler } from '../runtime/operations.ts';
import { bearerOf, clientOf, type OperationsAccess } from '../runtime/operations-access.ts';
import { AuditTrail, BY_SYSTEM } from './audit/trail.ts';
import { auditKey } from './audit/signing-key.ts';
import { apiRoutes } from './api/routes.ts';
import type { ConsoleConfig } from './config.ts';
import { ActionLog } from './live/action-log.ts';
import { type LiveDeps, startLiveView } from './live/live-view.ts';
import { answerBeforeClosing } from './pending-answer.ts';
import { registerMetrics } from './metrics.ts';
import { startPage } from './page-files.ts';
import { Access, keyOfToken } from './security/access.ts';
import { Attempts } from '../runtime/attempts.ts';
import { Connections } from './security/connections.ts';
import { among, networkOf } from '../runtime/network.ts';
import { type Person, Sessions } from './security/sessions.ts';
import type { Right } from './security/rights.ts';
import { readSessions, SessionsFile } from './security/sessions-file.ts';
import { Tokens } from './security/tokens.ts';
import { Users } from './security/users.ts';

export interface ConsoleDeps extends LiveDeps {
  /** Where sessions are kept over a restart; undefined: they are not. */
  readonly sessionsFile?: string | undefined;
  /** Where the end of the audit trail is kept for the next run, and for `npm run doctor`; undefined: nowhere. */
  readonly auditEndFile?: string | undefined;
  /** Where the key that signs the audit trail is kept if no secret is set; undefined: nowhere, and its rows are not signed. */
  readonly auditKeyFile?: string | undefined;
  readonly history: History;
  readonly registry: Registry;
  /** Who is told more than yes or no, besides operators. */
  readonly operationsAccess: OperationsAccess;
  /** Shows whoever runs the process, and nobody else, a link that signs an operator in. */
  readonly showLink: (url: string) => void;
}

export interface Console extends Running {
  readonly port: number;
  /** Where browsers reach it. */
  readonly url: string;
  /** If only this machine reaches the console and no users file is set: `url` with a token that signs one operator in, once. Otherwise the sign-in page. */
  readonly signInUrl: string;
  /** Resolves once the open alarms have been read, or cannot be read for now; rejects if trying again can't help. Until then the API answers 503. */
  readonly begun: Promise<void>;
}

/** Serves API, live stream and page on one port. Resolves once it listens; the open alarms are read meanwhile. */
export async function startConsole(config: ConsoleConfig, deps: ConsoleDeps): Promise<Console> {
  const logger = deps.logger.child({ role: 'console' });
  const users = config.usersFile === undefined ? undefined : await Users.open(config.usersFile, { ...deps, logger });
  const stopping = new AbortController();
  const page = startPage(deps.health, logger, stopping.signal);
  // So that setting the machine's clock signs nobody out.
  const sessionClock = atItsOwnPace(deps.clock);
  const live = startLiveView({ ...deps, logger }, config, sessionClock);
  const server = createServer({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16_384,
  });
  const proxies = config.proxies ?? [];
  const isProxy = among(proxies);
  const connections = new Connections(server, {
    max: config.connectionsMax,
    perNetworkMax: config.connectionsPerClientMax,
    networkOf: ({ remoteAddress = '' }) => (isProxy(remoteAddress) ? undefined : networkOf(remoteAddress)),
  });
  answerBeforeClosing(server);
  const port = await listen(server, config, 'TOCSIN_CONSOLE_PORT').catch(async (error: unknown) => {
    stopping.abort();
    users?.close();
    await live.stop();
    throw error;
  });
  const url = config.publicUrl ?? `http://${browserName(config.host)}:${port}`;
  const tokens = new Tokens(config.apiToken, config.viewerToken);
  const sessions = new Sessions({ max: config.sessionsMax, lifeMs: config.sessionMs, idleMs: config.idleMs });
  const isCurrent = (person: Person): boolean => (users ?? tokens).isCurrent(person);
  const { sessionsFile } = deps;
  if (sessionsFile !== undefined) {
    sessions.restore(await readSessions(sessionsFile, logger), sessionClock());
    sessions.endWhereNot(isCurrent);
  }
  const kept = sessionsFile === undefined ? undefined : new SessionsFile(sessionsFile, sessions, sessionClock, logger);
  const key = await auditKey(config.auditSecrets, { ...deps, logger, file: deps.auditKeyFile });
  const audit = await AuditTrail.start({ ...deps, logger, key, endFile: deps.auditEndFile, waitingMax: config.auditWaitingMax });
  const access = new Access(
    { host: config.host, port, publicUrl: config.publicUrl, proxies },
    { tokens, named: users },
    sessions,
    sessionClock,
  );
  const newLink = (): string => `${url}/#token=${tokens.newLink(sessionClock())}`;
  const announceLink = (): void => deps.showLink(newLink());
  users?.onChange((changes) => {
    for (const { of, change, name } of changes) {
      audit.record({ action: `${of}-${change}`, ...BY_SYSTEM, on: [of === 'user' ? { user: name } : { token: name }] });
      if (of === 'token') live.stream.endStreamsOf(keyOfToken(name));
    }
    for (const key of sessions.endWhereNot(isCurrent)) live.stream.endStreamsOf(key);
  });
  const actionLog = new ActionLog({ ...deps, logger });
  const attempts = new Attempts(sessionClock, (address) =>
    logger.warn({ address }, 'more than ten wrong tokens or passwords within a minute'),
  );
  const security = { access, sessions, sessionClock, tokens, attempts, users, announceLink };
  const routes = apiRoutes({ ...deps, ...config, ...security, logger, live, actionLog, audit });
  const refused = (request: IncomingMessage): number => {
    const from = clientOf(request, isProxy);
    audit.recordOften({ action: 'token-refused', by: '', as: 'nobody', from });
    return attempts.wrong(from);
  };
  const operations = operationsHandler(deps.health, deps.registry, withSignedIn(deps.operationsAccess, access, refused));
  const app = loadedLater(
    async () => (await import('./app.ts')).createApp(routes, { access, attempts, audit, users, proxies }, page.serve, logger),
    logger,
    stopping.signal,
  );
  registerMetrics(deps.registry, { live, sessions, attempts, connections, audit });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.socket.destroyed) return; // It came in one piece with the request for which Connections closed it.
    if ((isForUs(request, access) || deps.operationsAccess.seesMetrics(request)) && operations(request, response)) return;
    if (live.problem && request.url?.startsWith('/api/')) unavailable(response, live.problem);
    else app(request, response);
  });
  const byLink = access.trust.holds && !users;
  const signInUrl = byLink ? newLink() : `${url}/`;
  if (byLink) deps.showLink(signInUrl);
  const stopAll = async (): Promise<void> => {
    stopping.abort();
    users?.close();
    actionLog.stop();
    await stop(server, live);
    await audit.stop();
    await kept?.close();
  };
  return { port, url, signInUrl, begun: live.begun, stop: stopAll };
}

/** Loads Express, which takes a tenth of a second, after the start or on the first request, which waits for it. */
function loadedLater(load: () => Promise<RequestListener>, logger: Logger, signal: AbortSignal): RequestListener {
  let loading: Promise<void> | undefined;
  let loaded: RequestListener | undefined;
  const ready = (): Promise<void> => {
    loading ??= load().then((listener) => {
      loaded = listener;
    });
    return loading;
  };
  const failed = (error: unknown): void => logger.error({ reason: reasonOf(error) }, 'the API cannot be loaded');
  void afterStart(signal).then((on) => (on ? ready().catch(failed) : undefined));
  return (request, response) => {
    if (loaded) loaded(request, response);
    else
      ready().then(
        () => loaded?.(request, response),
        (error: unknown) => {
          failed(error);
          response.writeHead(503).end();
        },
      );
  };
}

/** While it is unknown which alarms are open, an empty list would be wrong. */
function unavailable(response: ServerResponse, problem: string): void {
  response.writeHead(503, { 'content-type': 'application/json; charset=utf-8', 'retry-after': '1' });
  response.end(JSON.stringify({ error: problem }));
}

/** Health is for whoever probes it, by any name. */
function isForUs(request: IncomingMessage, access: Access): boolean {
  return request.url?.split('?', 1)[0] !== '/metrics' || access.isForUs(request);
}

/** Besides those whom the process lets in, those who may by their rights. Wrong tokens count with those of the API. */
function withSignedIn(operations: OperationsAccess, access: Access, refused: (request: IncomingMessage) => number): OperationsAccess {
  const has = (request: IncomingMessage, right: Right): boolean => access.caller(request)?.rights.has(right) ?? false;
  return {
    seesReasons: (request) => operations.seesReasons(request) || has(request, 'reasons'),
    seesMetrics: (request) => operations.seesMetrics(request) || has(request, 'metrics'),
    wrongBearer: (request) => (bearerOf(request) === undefined || access.caller(request) ? undefined : refused(request)),
  };
}

function browserName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

const LAST_ANSWERS_MS = 2_000;

async function stop(server: Server, live: Running): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await live.stop();
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await closed;
  clearTimeout(late);
}
