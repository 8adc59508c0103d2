/** A fake console server: it serves the real page, and answers and sends events as the test says. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import type { ListedAlarm } from '../../console/api/schemas.ts';
import { typesJson } from '../../console/api/type-json.ts';
import { startPage } from '../../console/page-files.ts';
import { Health } from '../../runtime/health.ts';
import { REFERENCE } from './alarm-types.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

export type Answer = { readonly status: number; readonly body: unknown } | 'never';

export interface FakeConsole {
  readonly url: string;
  /** All requests of the page, except for its files. */
  readonly asked: Asked[];
  /** The snapshot that the stream begins with when the page connects. */
  snapshot: Record<string, unknown> & { alarms: ListedAlarm[] };
  /** The answer to a request; undefined: as if all went well. */
  answer: (asked: Asked) => Answer | Promise<Answer | undefined> | undefined;
  /** Sends the page an alarm as it is from now on. */
  tell(alarm: ListedAlarm, event?: string): void;
  send(event: string, data: unknown): void;
  /** Ends the stream; the page connects again and gets a new snapshot. */
  cut(): void;
  close(): Promise<void>;
}

/** The counts of these alarms, as in the server's beat. */
export function counted(alarms: readonly ListedAlarm[]) {
  const open = alarms.filter(({ state }) => state !== 'CLEARED_ACK');
  const names = [...new Set([...REFERENCE.types.map(({ name }) => name), ...open.map(({ type }) => type)])];
  const byType = (of: readonly ListedAlarm[]): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, of.filter(({ type }) => type === name).length]));
  return { byType: byType(open), unacknowledged: byType(open.filter(({ state }) => state.endsWith('UNACK'))) };
}

/** A server that is well. */
export const beatOf = (alarms: readonly ListedAlarm[]) => ({
  now: new Date().toISOString(),
  log: { perSecond: 2_512, lastStatusAt: Date.now() - 200, problem: null },
  places: null,
  open: counted(alarms),
  detection: { behindMs: 400 },
  faults: 0,
});

export const listedAlarm = (sensor: number, changes: Partial<ListedAlarm> = {}): ListedAlarm => ({
  id: `${sensor}-smoke-0-1`,
  sensor,
  type: 'smoke',
  state: 'ACTIVE_UNACK',
  severity: 'CRITICAL',
  version: 1,
  raisedAt: new Date(Date.now() - 60_000 + sensor).toISOString(),
  lastSeenAt: new Date().toISOString(),
  clearedAt: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  disposition: null,
  region: 'Europe',
  geohash: 'gcwfhf0kz',
  client: { name: `Client${sensor}`, city: 'Leeds', country: 'GB' },
  ...changes,
});

export async function startFakeConsole(): Promise<FakeConsole> {
  const stopping = new AbortController();
  const page = startPage(new Health(), pino({ level: 'silent' }), stopping.signal);
  const streams = new Set<ServerResponse>();
  const alarms = new Map<string, ListedAlarm>();
  const open = (): ListedAlarm[] => [...alarms.values()].filter(({ state }) => state !== 'CLEARED_ACK');
  const send = (event: string, data: unknown): void => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const fake: Omit<FakeConsole, 'url' | 'close'> = {
    asked: [],
    snapshot: { alarms: [] },
    answer: () => undefined,
    tell: (alarm, event = 'seen') => {
      alarms.set(alarm.id, alarm);
      send('alarm', { event, at: new Date().toISOString(), alarm });
      send('beat', beatOf(open()));
    },
    send,
    cut: () => {
      for (const stream of streams) stream.end();
    },
  };
  const usual = ({ path }: Asked): Answer => {
    const [, , what, id = ''] = path.split('?')[0]?.split('/') ?? [];
    const alarm = alarms.get(decodeURIComponent(id));
    if (what === 'session')
      return { status: 200, body: { name: 'op1', role: 'operator', rights: ['read', 'clients', 'acknowledge'], until: null } };
    if (what === 'alarms' && alarm) return { status: 200, body: { ...alarm, evidence: [], custody: [], client: null } };
    if (what === 'types') return { status: 200, body: { types: typesJson(REFERENCE) } };
    if (what === 'counts') return { status: 200, body: { counts: [] } };
    if (what === 'sensors' && id === '') return { status: 200, body: { sensors: [], cursor: null } };
    return { status: 404, body: { error: 'there is none' } };
  };

  const app = express();
  app.use(express.json());
  app.get('/api/live', async (request, response) => {
    const asked = { method: 'GET', path: request.url, body: {} };
    fake.asked.push(asked);
    const other = await fake.answer(asked);
    if (other === 'never') return;
    if (other) return void response.status(other.status).json(other.body);
    alarms.clear();
    for (const alarm of fake.snapshot.alarms) alarms.set(alarm.id, alarm);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const { alarms: listed, ...rest } = fake.snapshot;
    response.write(
      `event: snapshot\ndata: ${JSON.stringify({ ...beatOf(listed), types: typesJson(REFERENCE), states: [], faults: [], ...rest, alarms: listed })}\n\n`,
    );
    streams.add(response);
    response.on('close', () => streams.delete(response));
  });
  app.use('/api', async (request, response) => {
    const asked = { method: request.method, path: request.originalUrl, body: request.body ?? {} };
    fake.asked.push(asked);
    const answer = (await fake.answer(asked)) ?? usual(asked);
    if (answer !== 'never') response.status(answer.status).json(answer.body);
  });
  app.use(page.serve);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      stopping.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
