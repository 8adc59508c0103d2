/** All requests without records: there are few, so nothing here is tuned. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, answer, errorAnswer, jsonAnswer } from './answers.ts';
import { pixyError, topicOf } from './kafka-pixy.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { openapiOf } from './openapi.ts';

export type Pages = Readonly<Record<string, Answer>>;

/** The pages by path. */
export const pagesFor = (types: TypeSet): Pages => ({
  '/': jsonAnswer(200, {
    service: 'Tocsin ingest',
    what: 'Stores statuses (POST /entry) and recoveries (POST /ok) of alarm sensors, sent as JSON, a JSON array, or NDJSON.',
    api: '/openapi.json',
    health: ['/healthz', '/readyz', '/metrics'],
  }),
  '/openapi.json': jsonAnswer(200, openapiOf(types)),
  '/_ping': answer(200, 'pong', [], 'text/plain; charset=utf-8'),
});
const OPERATIONS = new Set(['/healthz', '/readyz', '/metrics']);

const NOT_FOUND = errorAnswer(404, 'no such path: statuses go to POST /entry, recoveries to POST /ok; see /openapi.json');
const UNKNOWN_TOPIC = pixyError(404, 'Unknown topic');
const ONLY_POST = errorAnswer(405, 'only POST', ['Allow', 'POST']);
const ONLY_GET = errorAnswer(405, 'only GET', ['Allow', 'GET, HEAD']);

/**
 * The path of a request target without the query. A client may send a whole URL, as to a forward proxy, and extra slashes, which
 * come from joining an address and a path.
 */
export function pathnameOf(target: string | undefined): string {
  const path = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(target ?? '')?.[1] ?? '';
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '') || '/';
}

/** The answer to a request that neither the receivers nor the operations handler handles. */
export function pageOf(pages: Pages, method: string | undefined, pathname: string): Answer {
  if (Object.hasOwn(pages, pathname)) return method === 'GET' || method === 'HEAD' ? (pages[pathname] ?? NOT_FOUND) : ONLY_GET;
  if (OPERATIONS.has(pathname)) return ONLY_GET;
  if (pathname === '/entry' || pathname === '/ok') return ONLY_POST;
  const topic = topicOf(pathname);
  if (topic === undefined) return NOT_FOUND;
  return topic === 'ENTRY' || topic === 'OK' ? ONLY_POST : UNKNOWN_TOPIC;
}

/** Sends a page. If the request has a body, it is dropped and the connection closed. */
export function sendPage(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0)
    response.shouldKeepAlive = false;
  response.writeHead(status, [...headers, 'X-Content-Type-Options', 'nosniff']);
  response.end(body);
}
