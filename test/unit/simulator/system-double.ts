import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Status = Record<string, unknown> & { id: number | string };
interface Alarm {
  id: string;
  sensor: number;
  type: string;
  state: string;
  raisedAt: string;
  evidence: { value: string }[];
}

/** Handles a request instead of the double; true: it has been handled. */
export type Trouble = (request: IncomingMessage, response: ServerResponse, body: string) => boolean | Promise<boolean>;

const NEEDED = { motion: 1, smoke: 3, temperature: 3 } as const;

/** A whole system in miniature: ingest, rules and the list of alarms on one port, all in memory. Tests inject faults. */
export class SystemDouble {
  readonly alarms: Alarm[] = [];
  readonly received: { topic: string; status: Status; raw: string }[] = [];
  readonly contentTypes = new Map<string, number>();
  trouble: Trouble = () => false;
  /** Delay of the answer to a POST, ms. */
  delayMs = 0;
  token: string | undefined;
  pageSize = 7;
  #hits = new Map<string, { seq: unknown; value: string }[]>();
  #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  take(topic: string, raw: string): void {
    const status = JSON.parse(raw) as Status;
    this.received.push({ topic, status, raw });
    const sensor = Number(status.id);
    if (topic === 'OK') {
      for (const alarm of this.alarms) if (alarm.sensor === sensor) alarm.state = 'CLEARED_UNACK';
      for (const type of Object.keys(NEEDED)) this.#hits.delete(`${sensor} ${type}`);
      return;
    }
    const on = {
      motion: String(status.motion) === 'true',
      smoke: String(status.smoke) === 'true',
      temperature: Number(status.temperature) > Number(status.maxTemperature),
    };
    for (const [type, needed] of Object.entries(NEEDED)) {
      if (!on[type as keyof typeof on] || this.alarms.some((a) => a.sensor === sensor && a.type === type && a.state === 'ACTIVE_UNACK'))
        continue;
      const hits = this.#hits.get(`${sensor} ${type}`) ?? [];
      if (!hits.some(({ seq }) => seq === status.seq)) hits.push({ seq: status.seq, value: raw });
      this.#hits.set(`${sensor} ${type}`, hits);
      if (hits.length < needed) continue;
      this.raise(sensor, type, hits.slice(-needed));
      this.#hits.delete(`${sensor} ${type}`);
    }
  }

  raise(sensor: number, type: string, evidence: { value: string }[] = []): void {
    const id = `a${this.alarms.length + 1}`;
    this.alarms.push({ id, sensor, type, state: 'ACTIVE_UNACK', raisedAt: new Date().toISOString(), evidence });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (await this.trouble(request, response, body)) return;
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://double');
    if (request.method === 'POST') await this.#post(pathname === '/ok' ? 'OK' : 'ENTRY', request, response, body);
    else if (pathname.startsWith('/api/')) this.#api(pathname, searchParams, request, response);
    else json(response, 200, { status: 'alive' });
  }

  async #post(topic: string, request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const type = request.headers['content-type'] ?? '';
    this.contentTypes.set(type, (this.contentTypes.get(type) ?? 0) + 1);
    const members = body.startsWith('[')
      ? (JSON.parse(body) as unknown[]).map((member) => JSON.stringify(member))
      : body.trim().split('\n');
    for (const member of members) this.take(topic, member);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    json(response, 202, { accepted: members.length });
  }

  #api(pathname: string, query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    json(response, ...this.#answer(pathname, query, request));
  }

  #answer(pathname: string, query: URLSearchParams, request: IncomingMessage): [status: number, body: object] {
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) return [401, { error: 'sign in' }];
    const id = /^\/api\/alarms\/(.+)$/.exec(pathname)?.[1];
    if (id !== undefined) {
      const alarm = this.alarms.find((one) => one.id === id);
      return alarm ? [200, alarm] : [404, { error: 'unknown' }];
    }
    const start = Number(query.get('cursor') ?? 0);
    const from = query.get('from') ?? '';
    const listed = this.alarms.filter((a) => (query.get('state') === 'all' || a.state.startsWith('ACTIVE')) && a.raisedAt >= from);
    const end = start + this.pageSize;
    const page = listed.slice(start, end).map(({ evidence: _, ...alarm }) => alarm);
    return [200, { alarms: page, cursor: end < listed.length ? String(end) : null }];
  }
}

export function json(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
