import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { Health } from './health.ts';

/** The three paths every HTTP role serves. Answers and returns true if the request is for one of them. */
export function operationsHandler(health: Health, registry: Registry) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    switch (request.url?.split('?', 1)[0]) {
      case '/healthz':
        send(response, 200, 'application/json', '{"status":"alive"}');
        return true;
      case '/readyz':
        send(response, health.ready ? 200 : 503, 'application/json', readiness(health));
        return true;
      case '/metrics':
        registry.metrics().then(
          (text) => send(response, 200, registry.contentType, text),
          (error: unknown) => send(response, 500, 'text/plain', String(error)),
        );
        return true;
      default:
        return false;
    }
  };
}

/** `problems` are those of the role that is asked, `elsewhere` those of others in its process; empty ones are left out. */
function readiness(health: Health): string {
  const problems = health.ready ? undefined : health.problems();
  const elsewhere = health.elsewhere();
  const others = Object.keys(elsewhere).length > 0 ? elsewhere : undefined;
  return JSON.stringify({ status: health.ready ? 'ready' : 'not ready', problems, elsewhere: others });
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
