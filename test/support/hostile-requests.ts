/** Requests from a seed, from right to hostile, as bytes on a connection: framing, methods, paths, types, encodings, credentials, parameters and bodies. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dirtyMessage, message, mutate, usualMessage } from '../unit/alarm/random-messages.ts';

/** What one connection sends, and how it ends. */
export interface Visit {
  readonly to: 'ingest' | 'console';
  readonly pieces: readonly Buffer[];
  /** How many requests there are in it, whole or not. */
  readonly requests: number;
  /** half: it says that it has sent all, and reads. close: it goes without reading. slow: it sends its pieces one by one, and waits. */
  readonly end: 'half' | 'close' | 'slow';
}

const METHODS = ['POST', 'POST', 'POST', 'POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'CONNECT', 'TRACE', 'M-SEARCH', 'post', '', 'X'.repeat(300)]; // biome-ignore format: a table
/** After these a connection stays open. */
const RECORD_PATHS = [
  '/entry',
  '/entry',
  '/entry',
  '/ok',
  '/topics/ENTRY/messages',
  '/topics/OK/messages?sync',
  '/clusters/x/topics/ENTRY/messages',
];
const INGEST_PATHS = [...RECORD_PATHS, '/topics/x/messages', '/', '/readyz', '/healthz', '/metrics', '/_ping', '/openapi.json', '/entry?x=1', '//entry', '/%65ntry', '/../entry', 'http://x/entry', '*']; // biome-ignore format: a table
const CONSOLE_PATHS = ['/', '/api/alarms', '/api/alarms?state=all&limit=5', '/api/alarms/acknowledge', '/api/sensors', '/api/sensors/7', '/api/counts', '/api/live', '/api/places/u4pr', '/api/session', '/api/session/link', '/api/sessions', '/api/sessions/x', '/api/audit', '/api/types', '/api/faults', '/api/openapi.json', '/api/actions/x', '/api/alarms/x', '/api/alarms/x/note', '/api/alarms/x/acknowledge', '/api/alerts', '/api', '/api/../api/alarms', '/%00', '/healthz', '/readyz', '/metrics', '/assets/../main.ts', '/login']; // biome-ignore format: a table
const PARAMETERS = ['state=active', 'state=', 'type=smoke', 'region=%ff', 'from=2026-01-01T00:00:00Z', 'from=x', 'to=9e99', 'limit=0', 'limit=-1', 'limit=1e9', 'limit=NaN', 'cursor=x', 'cursor=%00', 'cursor=eyJ9', `cursor=${'A'.repeat(2_000)}`, '__proto__=1', 'type[]=a&type[]=b', 'id=1&id=2', '%', '&&&', 'q=%u0000']; // biome-ignore format: a table
const TYPES = ['application/json', 'application/json', 'application/json', 'application/x-ndjson', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x', 'x/y; charset="', '', '\u00ff']; // biome-ignore format: a table
const HEADERS = ['Expect: 100-continue', 'Connection: close', 'Connection: upgrade', 'Upgrade: websocket', 'Content-Encoding: gzip', 'Transfer-Encoding: gzip, chunked', 'Origin: http://evil.example', 'Sec-Fetch-Site: cross-site', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-For: x, , ::1', 'Forwarded: for="[::1"', 'Authorization: Bearer 1.x', 'Authorization: Basic eDp5', 'Authorization: bearer', 'X-Tocsin-Key: 7.AAAA', 'X-Tocsin-Signature: x', 'X-Kafka-A: %', 'Cookie: tocsin=x; tocsin=y', 'Cookie: =', `Cookie: ${'a=b; '.repeat(300)}`, 'Last-Event-ID: x', 'Last-Event-ID: 999999999999999999', 'Accept: text/event-stream', 'If-None-Match: *', 'Range: bytes=0-', `X-Long: ${'y'.repeat(7_000)}`, 'Bad Header: 1', 'No-Colon', ' Folded: 1', 'Content-Length: 5', 'Content-Length: 99999999999', 'Content-Length: -1', 'Content-Length: 0x10', 'Transfer-Encoding: chunked', 'Host: evil.example', 'Host:']; // biome-ignore format: a table
const CONSOLE_BODIES = ['{}', '{"version":1}', '{"version":"x","note":"y"}', '{"token":"x"}', '{"name":"a","password":"b"}', '{"alarms":[]}', '{"alarms":[{"id":"x","version":1}]}', '[]', 'null', '{"__proto__":{"role":"operator"}}', '"', '']; // biome-ignore format: a table
/** Ids that the good sender doesn't have; few, since every open alarm is remembered. */
const IDS = 50;
const SAMPLE_BYTES_MAX = 4_000;

/** Bytes of files to be mutated into bodies. */
export function samplesIn(folder: string): Buffer[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return samplesIn(path);
    const bytes = readFileSync(path);
    return Array.from({ length: Math.ceil(bytes.length / SAMPLE_BYTES_MAX) }, (_, i) =>
      bytes.subarray(i * SAMPLE_BYTES_MAX, (i + 1) * SAMPLE_BYTES_MAX),
    );
  });
}

export class HostileRequests {
  readonly #next: () => number;
  readonly #token: string;
  readonly #samples: readonly Buffer[];
  readonly #hosts: Readonly<Record<Visit['to'], string>>;

  /** `token`: one that the console accepts; half of the requests to it have it. */
  constructor(next: () => number, hosts: Readonly<Record<Visit['to'], string>>, token: string, samples: readonly Buffer[]) {
    this.#hosts = hosts;
    this.#next = next;
    this.#token = token;
    this.#samples = samples;
  }

  visit(): Visit {
    const to = this.#often(0.7) ? 'ingest' : 'console';
    const requests = this.#often(0.3) ? 1 : 1 + this.#below(20);
    const all = Array.from({ length: requests }, (_, i) => this.#request(to, i === requests - 1));
    const way = this.#next();
    const end = way < 0.9 ? 'half' : way < 0.995 ? 'close' : 'slow';
    return { to, requests, end, pieces: end === 'slow' ? cut(Buffer.concat(all), 4) : [Buffer.concat(all)] };
  }

  /** What comes before the last one is nearly always framed rightly, or the connection would end there. */
  #request(to: Visit['to'], isLast: boolean): Buffer {
    if (isLast && this.#often(0.05)) return this.#noise();
    const isWild = this.#often(isLast ? 0.5 : 0.02);
    const body = this.#body(to);
    const method = isWild ? this.#pick(METHODS) : to === 'ingest' || this.#often(0.3) ? 'POST' : 'GET';
    const path = `${this.#pick(to === 'console' ? CONSOLE_PATHS : isWild ? INGEST_PATHS : RECORD_PATHS)}${this.#often(0.2) ? `?${this.#pick(PARAMETERS)}` : ''}`;
    const headers = [`Host: ${this.#hosts[to]}`, `Content-Type: ${this.#pick(TYPES)}`];
    if (to === 'console' && this.#often(0.5)) headers.push(`Authorization: Bearer ${this.#token}`);
    for (let more = isWild ? this.#below(6) : 0; more > 0; more -= 1) headers.push(this.#pick(HEADERS));
    if (isWild && this.#often(0.03)) headers.push(...Array.from({ length: 100 }, (_, i) => `X-${i}: ${'z'.repeat(this.#below(200))}`));
    const isChunked = this.#often(0.2);
    headers.push(
      isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length + (isWild && this.#often(0.3) ? this.#below(40) - 20 : 0)}`,
    );
    const head = Buffer.from(
      `${method} ${path} ${isWild && this.#often(0.1) ? 'HTTP/1.0' : 'HTTP/1.1'}\r\n${headers.join('\r\n')}\r\n\r\n`,
      'latin1',
    );
    const request = Buffer.concat([head, isChunked ? this.#chunked(body, isWild) : body]);
    return isLast && this.#often(0.1) ? mutate(request, this.#next) : request;
  }

  #body(to: Visit['to']): Buffer {
    if (to === 'console') return this.#changed(Buffer.from(this.#pick(CONSOLE_BODIES)));
    if (this.#samples.length > 0 && this.#often(0.1)) return this.#changed(this.#pick(this.#samples));
    const many = this.#often(0.3) ? 1 + this.#below(30) : 1;
    const members = Array.from({ length: many }, () => {
      const one = this.#pick([message, usualMessage, dirtyMessage, dirtyMessage])(this.#next);
      return Buffer.from(one.toString('latin1').replace(/"id":"?\d+/, `"id":${1_000 + this.#below(IDS)}`), 'latin1');
    });
    if (many === 1 && this.#often(0.7)) return members[0] as Buffer;
    const isLines = this.#often(0.3);
    const between = Buffer.from(isLines ? '\n' : ',');
    const joined = Buffer.concat(members.flatMap((member, i) => (i === 0 ? [member] : [between, member])));
    return isLines ? joined : Buffer.concat([Buffer.from('['), joined, Buffer.from(']')]);
  }

  #changed(bytes: Buffer): Buffer {
    return bytes.length > 0 && this.#often(0.7) ? mutate(bytes, this.#next) : bytes;
  }

  #chunked(body: Buffer, isWild: boolean): Buffer {
    const pieces = cut(body, 1 + this.#below(3)).filter((piece) => piece.length > 0);
    const size = (length: number): string =>
      isWild && this.#often(0.1) ? this.#pick(['ffffffff', '-1', 'g', '1;x=y', '']) : length.toString(16);
    const chunks = pieces.flatMap((piece) => [Buffer.from(`${size(piece.length)}\r\n`), piece, Buffer.from('\r\n')]);
    return Buffer.concat([...chunks, Buffer.from(isWild && this.#often(0.2) ? '0\r\nX: y\r\n\r\n' : '0\r\n\r\n')]);
  }

  #noise(): Buffer {
    if (this.#samples.length > 0 && this.#often(0.3)) return this.#pick(this.#samples);
    return Buffer.from(Array.from({ length: 1 + this.#below(200) }, () => this.#below(256)));
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  #often(share: number): boolean {
    return this.#next() < share;
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#below(of.length)] as T;
  }
}

function cut(bytes: Buffer, pieces: number): Buffer[] {
  const length = Math.max(1, Math.ceil(bytes.length / pieces));
  return Array.from({ length: pieces }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
}
