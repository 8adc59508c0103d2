import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Registry } from 'prom-client';
import { reasonOf } from './errors.ts';
import type { Health } from './health.ts';
import type { Running } from './lifecycle.ts';
import { type Address, listen } from './listen.ts';
import type { OperationsAccess } from './operations-access.ts';

const NO_METRICS = JSON.stringify({
  error:
    'metrics are for those who send TOCSIN_METRICS_TOKEN, or a token with the scope metrics, as a bearer token, or come from this machine while nobody else reaches us',
});

/** Requests of a connection without an answer. No monitor asks again before it has one, and each page of metrics that nobody reads stays in memory. */
const UNANSWERED_MAX = 8;
/** A connection that reads nothing of its answer for so long is closed. */
const UNREAD_MS = 20_000;

/** A server for just these three paths, for a process whose roles have no server. Rejects with PermanentError `cannot-listen`. */
export async function startOperations(
  address: Address,
  health: Health,
  registry: Registry,
  access: OperationsAccess,
): Promise<Running & { readonly port: number }> {
  const operations = operationsHandler(health, registry, access);
  const asksOn = askingOn();
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 8_192 }, (request, response) => {
    if (asksOn(request, response)) return;
    if (!operations(request, response)) send(response, 404, 'text/plain', 'There are /healthz, /readyz and /metrics.\n');
  });
  server.maxConnections = 100;
  server.timeout = UNREAD_MS;
  const port = await listen(server, address, 'TOCSIN_OPERATIONS_PORT');
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Closes a connection that asks on and on without an answer. True: so it was, and this request gets none, as others that came in one piece with that one. */
function askingOn(): (request: IncomingMessage, response: ServerResponse) => boolean {
  const unanswered = new WeakMap<Socket, number>();
  return ({ socket }, response) => {
    if (socket.destroyed) return true;
    const asked = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, asked);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    if (asked > UNANSWERED_MAX) socket.destroy();
    return socket.destroyed;
  };
}

/** The three paths every HTTP role serves. Answers and returns true if the request is for one of them. */
export function operationsHandler(health: Health, registry: Registry, access: OperationsAccess) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    switch (request.url?.split('?', 1)[0]) {
      case '/healthz':
        send(response, 200, 'application/json', '{"status":"alive"}');
        return true;
      case '/readyz':
        if (access.seesReasons(request)) send(response, health.ready ? 200 : 503, 'application/json', reasons(health));
        else if (!isThrottled(request, response, access)) send(response, health.ready ? 200 : 503, 'application/json', word(health));
        return true;
      case '/metrics':
        if (!access.seesMetrics(request)) {
          if (isThrottled(request, response, access)) return true;
          response.setHeader('www-authenticate', 'Bearer realm="tocsin"');
          send(response, 401, 'application/json', NO_METRICS);
          return true;
        }
        registry.metrics().then(
          (text) => send(response, 200, registry.contentType, text),
          (error: unknown) => send(response, 500, 'text/plain', reasonOf(error)),
        );
        return true;
      default:
        return false;
    }
  };
}

/** Counts a wrong token, and answers 429 once there were too many of them; a right one, or none, is always answered. */
function isThrottled(request: IncomingMessage, response: ServerResponse, access: OperationsAccess): boolean {
  const seconds = access.wrongBearer(request) ?? 0;
  if (seconds === 0) return false;
  response.setHeader('retry-after', String(seconds));
  send(
    response,
    429,
    'application/json',
    JSON.stringify({ error: `too many wrong tokens came from your address, try again in ${seconds} s` }),
  );
  return true;
}

/** The answer for callers that may not see the reasons. */
const word = ({ ready }: Health): string => JSON.stringify({ status: wordOf(ready) });
const wordOf = (ready: boolean): string => (ready ? 'ready' : 'not ready');

/** `problems` are those of the role that serves the request, `elsewhere` those of the other roles in its process, `notices` those of all; empty lists are omitted. */
function reasons(health: Health): string {
  const problems = health.ready ? undefined : health.problems();
  const elsewhere = health.elsewhere();
  const others = Object.keys(elsewhere).length > 0 ? elsewhere : undefined;
  const notices = Object.keys(health.notices()).length > 0 ? health.notices() : undefined;
  return JSON.stringify({ status: wordOf(health.ready), problems, elsewhere: others, notices });
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
