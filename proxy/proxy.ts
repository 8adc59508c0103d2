/** The ingest role: sensors' statuses and recoveries over HTTP into the log. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { TypeSet } from '../alarm/type-set.ts';
import type { MessageLog } from '../message-log/port.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import { isLoopback, listen } from '../runtime/listen.ts';
import type { Logger } from '../runtime/logging.ts';
import { operationsHandler } from '../runtime/operations.ts';
import type { OperationsAccess } from '../runtime/operations-access.ts';
import { Authentication } from './intake/authentication.ts';
import { CommitQueue } from './intake/commit-queue.ts';
import { clientsBehind } from './http/client.ts';
import { authenticates, type ProxyConfig } from './config.ts';
import { openFilesMax } from './http/file-limit.ts';
import { Gate } from './http/gate.ts';
import { gatherInto } from './intake/gathering.ts';
import { Ingest } from './http/ingest.ts';
import { KafkaPixy, topicOf } from './http/kafka-pixy.ts';
import { LogWatch } from './intake/log-watch.ts';
import { PATH, ProxyMetrics, registerGauges } from './metrics.ts';
import { pageOf, pagesFor, pathnameOf, type Pages, sendPage } from './http/pages.ts';
import { answerProtocolError, expectAnswer, refuseTunnel, SensorResponse } from './http/protocol-errors.ts';
import { Quota } from './intake/quota.ts';
import { UnreadAnswers } from './http/unread-answers.ts';
import { Intake, type Receiver, SensorRequest } from './http/sensor-request.ts';
import { FOREIGN_HOST, WebPages } from './http/web-pages.ts';

export interface ProxyDeps {
  readonly log: MessageLog;
  /** The types whose fields are read; the sender is warned of fields that can't be. */
  readonly types: TypeSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly operationsAccess: OperationsAccess;
  /** Whether it is sure that no client has a sensor: what it sends is then refused. Undefined: nothing is refused for that. Must not throw, wait or allocate. */
  readonly isUnknown?: ((sensor: number) => boolean) | undefined;
  /** How long requests in flight may take at a stop before their connections are cut, ms. */
  readonly drainMs?: number;
}

const DRAIN_MS = 10_000;
const WARN_EVERY_MS = 60_000;
const HEADER_BYTES_MAX = 8 * 1024;
const HEADERS_MAX = 64;
const TIMEOUT_CHECK_MS = 2_000;
/** Charge for every page, checked before it is made, so that none is made for clients that don't read. */
const PAGE_BYTES_MAX = 64 * 1024;
const ACCEPT_BACKLOG = 4_096;
/** Files kept free for the log and others, however many connections there are. */
const FILES_RESERVED = 256;

/** Listens once it resolves. Rejects with PermanentError `cannot-listen` if the port isn't available. */
export async function startProxy(config: ProxyConfig, deps: ProxyDeps): Promise<Running & { readonly port: number }> {
  const logger = deps.logger.child({ role: 'proxy' });
  const metrics = new ProxyMetrics(deps.registry);
  const watch = new LogWatch({ ...deps, logger });
  const queue = new CommitQueue(config, { log: deps.log, clock: deps.clock, metrics, watch });
  const clientOf = clientsBehind(config.proxies ?? []);
  const intake = new Intake(
    { bodyBytesMax: config.bodyBytesMax, unfinishedBytesMax: config.queueBytesMax },
    metrics,
    clientOf,
    overShareLogged(logger),
  );
  const { gatewayTokens: gateways, masterSecrets, revokedSensors: revoked, signedWithinMs, signedNonce } = config;
  const keys = { gateways, masterSecrets, revoked, signedWithinMs, nonceRequired: signedNonce === 'required' };
  const authentication = new Authentication({ required: authenticates(config), ...keys, clock: deps.clock });
  const server = createProxyServer(config);
  const unread = new UnreadAnswers(config);
  const webPages = new WebPages(config.host, config.urls, logger);
  const operations = operationsHandler(deps.health, deps.registry, withSenders(deps.operationsAccess, authentication));
  const { seesMetrics } = deps.operationsAccess;
  const gate = new Gate(intake, queue, authentication, webPages, new Quota(config.clientRateMax), clientOf);
  const receivers = receiversOf(config, deps, queue, gate);
  route(server, receivers, intake, webPages, unread, operations, seesMetrics, pagesFor(deps.types));
  server.on('connection', (socket) => socket.on('close', () => unread.forget(socket)));
  server.on('clientError', (error, socket) => {
    metrics.protocolErrors += 1;
    answerProtocolError(error, socket);
  });
  server.on('drop', () => {
    metrics.connectionsRefused += 1;
  });
  registerGauges(deps.registry, {
    queueBytes: () => queue.bytes,
    unfinishedBytes: () => intake.unfinishedBytes,
    waitingBytes: () => intake.turns.bytes,
    overShare: () => intake.turns.refused,
    unreadBytes: () => unread.bytes,
    closedUnread: () => unread.closed,
    connections: () => connectionsOf(server),
    keysOfVersions: () => authentication.keysOfVersions,
    revokedSensors: () => revoked.size,
    revokedRequests: () => authentication.revokedRequests,
    forgottenNonces: () => authentication.nonces.forgotten,
  });
  warnOf(config, logger);
  server.maxConnections = connectionsMax(config, logger);
  const port = await listen(server, { ...config, backlog: ACCEPT_BACKLOG }, 'TOCSIN_INGEST_PORT');
  logger.info({ host: config.host, port }, 'sensors can send');
  return { port, stop: () => stop(server, intake, queue, watch, config, deps) };
}

/** Says who is refused for taking more than its share, at most once a minute. */
function overShareLogged(logger: Logger): (client: string) => void {
  let next = 0;
  return (client) => {
    if (performance.now() < next) return;
    next = performance.now() + WARN_EVERY_MS;
    logger.warn({ client }, 'a client has more waiting than its share while others send too: it is answered 429');
  };
}

/** The credential of a sensor or gateway opens neither reasons nor metrics, but it is not a wrong one. */
function withSenders(access: OperationsAccess, authentication: Authentication): OperationsAccess {
  const isSender = (request: IncomingMessage): boolean => authentication.required && authentication.senderOf(request) !== undefined;
  return { ...access, wrongBearer: (request) => (isSender(request) ? undefined : access.wrongBearer(request)) };
}

function createProxyServer(config: ProxyConfig): Server<typeof SensorRequest, typeof SensorResponse> {
  const server = createServer({
    IncomingMessage: SensorRequest,
    ServerResponse: SensorResponse,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: config.headersTimeoutMs,
    requestTimeout: config.headersTimeoutMs + config.bodyTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    keepAliveTimeout: config.keepAliveMs,
    insecureHTTPParser: false,
    noDelay: true,
  });
  server.maxHeadersCount = HEADERS_MAX;
  // Nothing moves on a connection while its request waits for the log, which has its own time-out.
  server.timeout = config.appendTimeoutMs + config.answerTimeoutMs;
  // A client may close its half of the connection once it has sent, and then read. Node has this option but no type for it.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

interface Receivers {
  readonly entry: Receiver;
  readonly ok: Receiver;
  readonly pixyEntry: Receiver;
  readonly pixyOk: Receiver;
}

function receiversOf(
  config: ProxyConfig,
  { types, isUnknown }: Pick<ProxyDeps, 'types' | 'isUnknown'>,
  queue: CommitQueue,
  gate: Gate,
): Receivers {
  const { entry, ok } = gatherInto(queue);
  return {
    entry: new Ingest('ENTRY', types, entry, gate, config.batchRecordsMax, isUnknown),
    ok: new Ingest('OK', types, ok, gate, config.batchRecordsMax, isUnknown),
    pixyEntry: new KafkaPixy('ENTRY', types, entry, gate, isUnknown),
    pixyOk: new KafkaPixy('OK', types, ok, gate, isUnknown),
  };
}

function route(
  server: Server<typeof SensorRequest, typeof SensorResponse>,
  receivers: Receivers,
  intake: Intake,
  webPages: WebPages,
  unread: UnreadAnswers,
  operations: ReturnType<typeof operationsHandler>,
  seesMetrics: OperationsAccess['seesMetrics'],
  pages: Pages,
): void {
  const receiverOf = (request: SensorRequest): Receiver | undefined => {
    if (request.method !== 'POST') return undefined;
    if (request.url === '/entry') return receivers.entry;
    const pathname = pathnameOf(request.url);
    if (pathname === '/entry') return receivers.entry;
    if (pathname === '/ok') return receivers.ok;
    const topic = topicOf(pathname);
    if (topic === 'ENTRY') return receivers.pixyEntry;
    return topic === 'OK' ? receivers.pixyOk : undefined;
  };
  const handle = (request: SensorRequest, response: SensorResponse, expectsContinue: boolean): void => {
    if (unread.hasClosed(request.socket)) return;
    response.unread = unread;
    expectAnswer(request, response);
    const receiver = receiverOf(request);
    if (receiver !== undefined) {
      intake.receive(request, response, receiver, expectsContinue);
      return;
    }
    if (intake.draining) response.shouldKeepAlive = false;
    const pathname = pathnameOf(request.url);
    response.begin(PAGE_BYTES_MAX);
    const isOurs = pathname !== '/metrics' || seesMetrics(request) || webPages.mayCall(request.headers.host);
    if (isOurs && operations(request, response)) return;
    const page = isOurs ? pageOf(pages, request.method, pathname) : FOREIGN_HOST;
    intake.metrics.answered(PATH.other, page.status);
    sendPage(request, response, page);
  };
  server.on('request', (request, response) => handle(request, response, false));
  server.on('checkContinue', (request, response) => handle(request, response, true));
  server.on('connect', (_request, socket) => refuseTunnel(socket));
}

function warnOf(config: ProxyConfig, logger: Logger): void {
  if (config.revokedSensors.size > 0 && authenticates(config))
    logger.info({ sensors: config.revokedSensors.size }, 'these many sensors are revoked: their keys are not taken');
  if (config.revokedSensors.size > 0 && !authenticates(config))
    logger.warn('TOCSIN_SENSORS_REVOKED has no effect while sensors need no key');

  if (!isLoopback(config.host) && !authenticates(config))
    logger.warn({ host: config.host }, 'TOCSIN_SENSOR_AUTH is off: whoever reaches this port can raise and clear alarms');
}

function connectionsMax({ connectionsMax: wanted }: ProxyConfig, logger: Logger): number {
  const files = openFilesMax();
  if (files === undefined || files >= wanted + FILES_RESERVED) return wanted;
  const possible = Math.max(1, files - FILES_RESERVED);
  logger.info(
    { openFiles: files, connectionsMax: possible },
    `this process may open ${files} files, too few for ${wanted} connections: raise the limit (ulimit -n) or lower TOCSIN_INGEST_CONNECTIONS_MAX`,
  );
  return possible;
}

function connectionsOf(server: Server<typeof SensorRequest, typeof SensorResponse>): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
}

/** First reports that it is stopping, then refuses new requests, answers those in flight, and cuts the rest at the deadline. */
async function stop(
  server: Server<typeof SensorRequest, typeof SensorResponse>,
  intake: Intake,
  queue: CommitQueue,
  watch: LogWatch,
  config: ProxyConfig,
  deps: ProxyDeps,
): Promise<void> {
  deps.health.report('ingest-stop', 'the proxy is stopping');
  if (config.drainDelayMs > 0) await sleep(config.drainDelayMs);
  const deadline = performance.now() + (deps.drainMs ?? DRAIN_MS);
  intake.draining = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  while ((intake.receiving > 0 || !queue.idle) && performance.now() < deadline) await sleep(10);
  // Connections answered last close by themselves; idle ones aren't waited for.
  await Promise.race([closed, sleep(100)]);
  server.closeAllConnections();
  await closed;
  queue.close();
  watch.stop();
}
