/** Who may call what, and what of the answers they see: every kind of caller at every route of the API, as people and programs are promised. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiDeps } from '../../../console/api/deps.ts';
import { apiRoutes } from '../../../console/api/routes.ts';
import { hashOfToken, newApiToken } from '../../../console/security/api-token.ts';
import { hashOf } from '../../../console/security/password.ts';
import { type Accounts, type ApiToken, writeAccounts } from '../../../console/security/users-file.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { clientOf } from '../../support/alarms.ts';
import { TestIncidentTopics } from '../../support/incident-topics.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

const PASSWORD = 'correct horse battery';
const TOKENS = {
  'token read': ['read'],
  'token clients': ['clients'],
  'token acknowledge': ['acknowledge'],
  'token audit': ['audit'],
  'token metrics': ['metrics'],
  'token acknowledge, clients, audit': ['acknowledge', 'clients', 'audit'],
} as const satisfies Record<string, ApiToken['scopes']>;
type Who =
  | 'anyone'
  | 'viewer'
  | 'operator'
  | 'supervisor'
  | 'the API token'
  | 'the viewer token'
  | 'a disabled token'
  | keyof typeof TOKENS;
const READERS: readonly Who[] = [
  ...(['viewer', 'operator', 'supervisor', 'the API token', 'the viewer token'] as const),
  ...(['token read', 'token clients', 'token acknowledge', 'token acknowledge, clients, audit'] as const),
];
const ACTORS: readonly Who[] = ['operator', 'supervisor', 'the API token', 'token acknowledge', 'token acknowledge, clients, audit'];
const SEE_CLIENTS: readonly Who[] = ['operator', 'supervisor', 'the API token', 'token clients', 'token acknowledge, clients, audit'];
const SEE_SESSIONS: readonly Who[] = ['operator', 'supervisor', 'the API token'];
const SEE_AUDIT: readonly Who[] = ['supervisor', 'token audit', 'token acknowledge, clients, audit'];
const SEE_METRICS: readonly Who[] = ['viewer', 'operator', 'supervisor', 'the API token', 'the viewer token', 'token metrics'];
const SEE_REASONS: readonly Who[] = ['operator', 'supervisor', 'the API token', 'token metrics'];

/** By method and path, who may call it. */
const MAY: Readonly<Record<string, readonly Who[] | 'everybody'>> = {
  'get /api/types': READERS,
  'get /api/alarms': READERS,
  'get /api/alarms/{id}': READERS,
  'post /api/alarms/{id}/acknowledge': ACTORS,
  'post /api/alarms/{id}/note': ACTORS,
  'post /api/alarms/{id}/disposition': ACTORS,
  'post /api/alarms/acknowledge': ACTORS,
  'get /api/actions/{id}': ACTORS,
  'get /api/sensors': READERS,
  'get /api/sensors/{id}': READERS,
  'get /api/faults': READERS,
  'get /api/incidents': READERS,
  'get /api/incidents/{id}': READERS,
  'post /api/incidents/{id}/take': ACTORS,
  'post /api/incidents/{id}/look': ACTORS,
  'post /api/incidents/{id}/step': ACTORS,
  'post /api/incidents/{id}/note': ACTORS,
  'post /api/incidents/{id}/hold': ACTORS,
  'post /api/incidents/{id}/release': ACTORS,
  'post /api/incidents/{id}/close': ACTORS,
  'post /api/incidents/{id}/disposition': ACTORS,
  'post /api/incidents/next': ACTORS,
  'post /api/handovers': ACTORS,
  'post /api/handovers/{id}/accept': ACTORS,
  'get /api/response': READERS,
  'get /api/counts': READERS,
  'get /api/live': READERS,
  'get /api/places/{hash}': READERS,
  'get /api/session': 'everybody',
  'post /api/session': 'everybody',
  'delete /api/session': READERS,
  'post /api/session/link': 'everybody',
  'get /api/sessions': SEE_SESSIONS,
  'delete /api/sessions/{id}': SEE_SESSIONS,
  'get /api/audit': SEE_AUDIT,
  'get /api/openapi.json': 'everybody',
};

const REFUSED = [401, 403, 429];

let folder: string;
let file: string;
let on: TestConsole;
let accounts: Accounts;
const headersOf = new Map<Who, Record<string, string>>();
const everybody = (): Who[] => [...headersOf.keys()];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-rights-'));
  file = join(folder, 'users.json');
  const password = await hashOf(PASSWORD);
  const texts = new Map<string, string>([...Object.keys(TOKENS), 'a disabled token'].map((name) => [name, newApiToken()]));
  const hash = (name: string): string => hashOfToken(texts.get(name) ?? '');
  accounts = {
    users: (['viewer', 'operator', 'supervisor'] as const).map((role) => ({ name: `The ${role}`, role, password, disabled: false })),
    tokens: [
      ...Object.entries(TOKENS).map(([name, scopes]) => ({ name, scopes: [...scopes], hash: hash(name), disabled: false })),
      { name: 'a disabled token', scopes: ['read', 'acknowledge'], hash: hash('a disabled token'), disabled: true },
    ],
  };
  await writeAccounts(file, accounts);
  const incidentTopics = new TestIncidentTopics();
  const { centre } = incidentTopics;
  centre.raise(1, { site: 'High Street 12', region: 'North', cell: 'u33dbckk' });
  centre.act('ann', centre.only(), { kind: 'take' });
  centre.act('ann', centre.only(), { kind: 'hold', ms: 60_000, why: 'a dog in the yard' });
  centre.act('ann', centre.only(), { kind: 'note', note: 'the key is below the pot' });
  await incidentTopics.commit();
  on = await startTestConsole({
    incidentTopics,
    clients: [clientOf({ id: 1 })],
    host: '127.0.0.1',
    environment: { TOCSIN_USERS: file, TOCSIN_CONSOLE_PROXIES: '10.9.9.9' },
  });
  await on.report(1);
  for (const role of ['viewer', 'operator', 'supervisor'] as const) {
    const { headers } = await call(on, '/api/session', {
      token: null,
      body: { name: `The ${role}`, password: PASSWORD },
      headers: { origin: on.console.url },
    });
    headersOf.set(role, { cookie: headers.get('set-cookie')?.split(';')[0] ?? '', origin: on.console.url });
  }
  headersOf.set('anyone', { origin: on.console.url });
  headersOf.set('the API token', { authorization: `Bearer ${OPERATOR_TOKEN}` });
  headersOf.set('the viewer token', { authorization: `Bearer ${VIEWER_TOKEN}` });
  for (const [name, text] of texts) headersOf.set(name as Who, { authorization: `Bearer ${text}` });
}, 60_000);
afterAll(async () => {
  await on.stop();
  await rm(folder, { recursive: true, force: true });
});

const ask = (who: Who, path: string, init: object = {}) => call(on, path, { token: null, headers: headersOf.get(who) ?? {}, ...init });

describe('the routes', () => {
  const routes = apiRoutes({ types: REFERENCE } as ApiDeps).map(({ method, path }) => ({ method, path }));

  it('are all in the table', () => {
    expect(routes.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(Object.keys(MAY).toSorted());
  });

  // Whoever is let in is told what is wrong with the request; nothing is done.
  it.each(routes)('$method $path lets in whom it should, and nobody else', async ({ method, path }) => {
    const may = MAY[`${method} ${path}`] ?? [];
    for (const who of everybody()) {
      const url = `${path.replace(/\{\w+\}/, 'x'.repeat(200))}?nonsense=1`;
      const { status } = await ask(who, url, { method: method.toUpperCase(), ...(method === 'post' && { body: {} }) });
      const isLetIn = may === 'everybody' ? who !== 'a disabled token' : may.includes(who);
      expect([who, REFUSED.includes(status) ? 'refused' : 'let in']).toEqual([who, isLetIn ? 'let in' : 'refused']);
    }
  });
});

describe('what is shown', () => {
  it('of an alarm: its client, readings, notes and house only to those who may see clients', async () => {
    const list = await eventually(
      () => ask('operator', '/api/alarms'),
      ({ json }) => json.alarms[0]?.region !== '',
    );
    const { id, version } = list.json.alarms[0];
    await ask('operator', `/api/alarms/${id}/note`, { body: { version, note: 'a dog' } });
    for (const who of READERS) {
      const { json } = await ask(who, `/api/alarms/${id}`);
      const sees = {
        client: json.client !== undefined,
        house: json.geohash.length > 5,
        reading: 'value' in json.evidence[0],
        note: JSON.stringify(json).includes('a dog'),
      };
      const all = SEE_CLIENTS.includes(who);
      expect([who, sees]).toEqual([who, { client: all, house: all, reading: all, note: all }]);
      expect([who, JSON.stringify((await ask(who, '/api/sensors/1')).json).includes('Leeds')]).toEqual([who, all]);
      expect([who, JSON.stringify((await ask(who, '/api/alarms')).json).includes('Leeds')]).toEqual([who, all]);
    }
  });

  it('of an incident: its premises, notes and house only to those who may see clients', async () => {
    const list = await eventually(
      () => ask('operator', '/api/incidents'),
      ({ status }) => status === 200,
    );
    const { id } = list.json.incidents[0];
    for (const who of READERS) {
      const all = SEE_CLIENTS.includes(who);
      const [listed, { json: whole }] = [(await ask(who, '/api/incidents')).json.incidents[0], await ask(who, `/api/incidents/${id}`)];
      for (const shown of [listed, whole])
        expect([who, shown.owner, shown.site, shown.heldWhy, shown.geohash]).toEqual([
          ...[who, 'ann', all ? 'High Street 12' : undefined, all ? 'a dog in the yard' : undefined],
          all ? 'u33dbckk' : 'u33db',
        ]);
      const text = JSON.stringify(whole);
      expect([who, text.includes('pot'), text.includes('dog'), text.includes('High Street'), text.includes('u33dbc')]).toEqual([
        ...[who, all, all, all, all],
      ]);
      expect([who, (await ask(who, '/api/incidents?site=High')).status]).toEqual([who, all ? 200 : 403]);
    }
  });

  it('of metrics and the reasons in /readyz: to those who may, besides whom the process lets in', async () => {
    on.health.notice('a-part', 'something to look at');
    for (const who of everybody()) {
      const metrics = (await ask(who, '/metrics')).status === 200;
      const reasons = (await ask(who, '/readyz')).text.includes('something to look at');
      expect([who, metrics, reasons]).toEqual([who, SEE_METRICS.includes(who), SEE_REASONS.includes(who)]);
    }
  });

  it('of a flood of wrong tokens for /readyz and /metrics: nothing, and soon 429, while those of the API count with them', async () => {
    const wrong = (path: string) => call(on, path, { token: 'a-token-that-nobody-has' });
    for (let i = 0; i < 6; i += 1) await Promise.all([wrong('/metrics'), wrong('/readyz')]);
    expect([(await wrong('/metrics')).status, (await wrong('/readyz')).status, (await wrong('/api/alarms')).status]).toEqual([
      429, 429, 429,
    ]);
    expect((await ask('token metrics', '/metrics')).status).toBe(200);
    expect((await call(on, '/readyz', { token: null })).status).toBe(200);
  });

  it('beside what a program did: the name of its token', async () => {
    const [alarm] = (await ask('operator', '/api/alarms')).json.alarms;
    await ask('token acknowledge', `/api/alarms/${alarm.id}/acknowledge`, { body: { version: alarm.version } });
    expect((await ask('operator', `/api/alarms/${alarm.id}`)).json.acknowledgedBy).toBe('token acknowledge');
    const rows = await eventually(
      () => ask('supervisor', '/api/audit?action=acknowledge'),
      ({ json }) => json.rows.length > 0,
    );
    expect(rows.json.rows[0]).toMatchObject({ by: 'token acknowledge', as: 'token', on: [{ alarm: alarm.id, version: alarm.version }] });
    expect((await ask('token read', '/api/session')).json).toMatchObject({ name: 'token read', role: 'token', rights: ['read'] });
  });
});

describe('a token that is disabled, or has other scopes, while the console runs', () => {
  it('is refused, or may do something else, within seconds; its streams end, and the trail says so', async () => {
    const abort = new AbortController();
    const stream = await fetch(`${on.console.url}/api/live`, { headers: headersOf.get('token read') ?? {}, signal: abort.signal });
    const ended = (async () => {
      for await (const _ of stream.body ?? []);
      return true;
    })().catch(() => false);
    const tokens = accounts.tokens.map((token) => (token.name === 'token read' ? { ...token, disabled: true } : token));
    await writeAccounts(file, { ...accounts, tokens });
    await eventually(
      () => ask('token read', '/api/alarms'),
      ({ status }) => status === 401 || status === 429,
    );
    expect(await ended).toBe(true);
    const rows = await eventually(
      () => ask('supervisor', '/api/audit?action=token-changed'),
      ({ json }) => json.rows.length > 0,
    );
    expect(rows.json.rows[0]).toMatchObject({ by: 'tocsin', on: [{ token: 'token read' }] });
  });
});
