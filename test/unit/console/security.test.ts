import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConsoleConfig, consoleSettings } from '../../../console/config.ts';
import { Attempts } from '../../../runtime/attempts.ts';
import { Sessions } from '../../../console/security/sessions.ts';
import { Tokens } from '../../../console/security/tokens.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { alarmOf } from '../../support/alarms.ts';
import { call, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let on: TestConsole;
/** How far the machine's clock is off, ms. */
let offMs = 0;
beforeAll(async () => {
  on = await startTestConsole({
    processor: false,
    clock: () => Date.now() + offMs,
    archived: [{ ...alarmOf({ id: 'one' }), region: '', geohash: '' }],
    environment: { TOCSIN_CONSOLE_ANSWER: '10ms' },
  });
});
afterAll(() => on.stop());

const origin = (): string => on.console.url;
const token = (url = on.console.signInUrl): string => url.split('#token=')[1] ?? '';

/** Signs in as the page does and returns the cookie. */
async function signIn(given: string, name?: string): Promise<string> {
  const { status, headers } = await call(on, '/api/session', {
    token: null,
    body: { token: given, ...(name && { name }) },
    headers: { origin: origin() },
  });
  expect(status).toBe(200);
  return headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** fetch doesn't let a test set Host. */
const withHost = (host: string, path: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({ port: on.console.port, host: '127.0.0.1', path, headers: { host, ...headers } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once('error', reject);
    request.end();
  });

describe('signing in', () => {
  it('takes the link once, and the cookie is out of reach of scripts and other sites', async () => {
    const link = token();
    const { headers } = await call(on, '/api/session', { token: null, body: { token: link, name: 'Ann' }, headers: { origin: origin() } });
    expect(headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Strict/);
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await call(on, '/api/session', { token: null, headers: { cookie } })).json).toMatchObject({ name: 'Ann', role: 'operator' });
    const again = await call(on, '/api/session', { token: null, body: { token: link }, headers: { origin: origin() } });
    expect(again.status).toBe(401);
  });

  it('ends with signing out', async () => {
    const cookie = await signIn(OPERATOR_TOKEN);
    expect((await call(on, '/api/session', { method: 'DELETE', token: null, headers: { cookie, origin: origin() } })).status).toBe(200);
    expect((await call(on, '/api/session', { token: null, headers: { cookie } })).status).toBe(401);
  });

  it.each([31, -31])('lasts when the clock is set by %i days', async (days) => {
    const cookie = await signIn(OPERATOR_TOKEN);
    offMs = days * 86_400_000;
    try {
      expect((await call(on, '/api/session', { token: null, headers: { cookie } })).status).toBe(200);
    } finally {
      offMs = 0;
    }
  });

  it('shows nothing to those who are not signed in', async () => {
    for (const path of [
      '/api/alarms',
      '/api/alarms/one',
      '/api/sensors/1',
      '/api/counts',
      '/api/live',
      '/api/session',
      '/api/places/0123456789012345678901',
    ])
      expect((await call(on, path, { token: null })).status).toBe(401);
    expect((await call(on, '/api/alarms', { token: 'wrong-token-0123456789' })).status).toBe(401);
    expect((await call(on, '/api/alarms/one/acknowledge', { token: null, body: { version: 1 } })).status).toBe(401);
  });

  it('with wrong tokens is told to wait after ten in a minute, and so is the log, once a minute; no other client is', () => {
    let now = 1_000_000;
    const told: string[] = [];
    const attempts = new Attempts(
      () => now,
      (address) => told.push(address),
    );
    const waits = (address: string, times: number): number[] => Array.from({ length: times }, () => attempts.wrong(address));
    expect(new Set(waits('10.0.0.1', 10))).toEqual(new Set([0]));
    now += 30_000;
    expect([waits('10.0.0.1', 3), waits('::ffff:10.0.0.1', 1), waits('10.0.0.2', 1)]).toEqual([[30, 30, 30], [30], [0]]);
    expect([told, attempts.total]).toEqual([['10.0.0.1'], 15]);
    now += 30_000;
    expect(waits('10.0.0.1', 11).at(-1)).toBe(60);
    expect(told).toEqual(['10.0.0.1', '10.0.0.1']);
  });

  it('from one IPv6 network is one client, whatever address of it is used', () => {
    const attempts = new Attempts(
      () => 0,
      () => undefined,
    );
    for (let i = 0; i < 10; i += 1) attempts.wrong(`2001:db8:1:2::${i.toString(16)}`);
    expect([attempts.wrong('2001:0DB8:1:2:ffff::1'), attempts.wrong('2001:db8:1:3::1')]).toEqual([60, 0]);
  });
});

describe('roles', () => {
  it('lets viewers look and nothing else', async () => {
    expect((await call(on, '/api/alarms', { token: VIEWER_TOKEN })).status).toBe(200);
    const { status, json } = await call(on, '/api/alarms/one/acknowledge', { token: VIEWER_TOKEN, body: { version: 1 } });
    expect(status).toBe(403);
    expect(json.error).toMatch(/operator/);
  });

  it('records actions under the name of the session', async () => {
    const cookie = await signIn(OPERATOR_TOKEN, 'Ann');
    await call(on, '/api/alarms/one/note', { token: null, body: { version: 1, note: 'hello' }, headers: { cookie, origin: origin() } });
    expect(JSON.parse(on.log.all('ACTION').at(-1)?.value ?? '{}')).toMatchObject({ by: 'Ann', note: 'hello' });
  });
});

describe('the name of a person', () => {
  const named = (name: string) =>
    call(on, '/api/session', { token: null, body: { token: OPERATOR_TOKEN, name }, headers: { origin: origin() } });

  it.each([
    'tocsin',
    'Tocsin',
    ' tocsin ',
    't o c s i n',
    'tocsin.',
    'tосsіn',
    'τοcsιn',
    't0cs1n',
    'ｔｏｃｓｉｎ',
    'tócsïn',
    'api',
    'API',
    'арі',
    'ap1',
    'apl',
  ])('is not %s, by which the system or a program stands in the log', async (name) => {
    const { status, json } = await named(name);
    expect([status, json.error]).toEqual([400, 'name: is a name that the system uses']);
  });

  it.each([
    ['Ann', 'Ann'],
    ['  Ann   Lee ', 'Ann Lee'],
    ['Ａｎｎ', 'Ann'],
    ['Zoe\u0308', 'Zoë'],
    ['Toni', 'Toni'],
    ['Анна', 'Анна'],
  ])('%s is kept as %s', async (name, kept) => {
    expect((await named(name)).json.name).toBe(kept);
  });
});

describe('other sites', () => {
  const attempts: [string, Record<string, string>][] = [
    ['without an origin', {}],
    ['from another origin', { origin: 'http://evil.example' }],
    ['from another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['from an opaque origin', { origin: 'null' }],
    ['by a cross-site request', { 'sec-fetch-site': 'cross-site' }],
    ['by a same-site request', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
  ];
  it.each(attempts)('cannot act with the cookie of a session %s', async (_, headers) => {
    const cookie = await signIn(OPERATOR_TOKEN);
    const { status, json } = await call(on, '/api/alarms/one/acknowledge', {
      token: null,
      body: { version: 1 },
      headers: { cookie, ...headers },
    });
    expect(status).toBe(403);
    expect(json.error).toMatch(/page of the console/);
  });

  it.each(attempts)('cannot sign a browser in %s', async (_, headers) => {
    expect((await call(on, '/api/session', { token: null, body: { token: OPERATOR_TOKEN }, headers })).status).toBe(403);
  });

  it('cannot reach the console under a name of their own (DNS rebinding)', async () => {
    const cookie = await signIn(OPERATOR_TOKEN);
    for (const path of ['/', '/api/alarms', '/api/openapi.json', '/metrics'])
      expect(await withHost('evil.example', path, { cookie })).not.toBe(200);
    expect(await withHost('evil.example', '/healthz')).toBe(200);
    expect(await withHost('evil.example', '/api/alarms', { authorization: `Bearer ${OPERATOR_TOKEN}` })).toBe(200);
    expect(await withHost(`localhost:${on.console.port}`, '/metrics')).toBe(200);
    expect(await withHost(`localhost:1`, '/')).toBe(421);
  });
});

describe('the answers', () => {
  it('carry a policy that lets nothing in from elsewhere, and are not kept', async () => {
    const page = await call(on, '/', { token: null });
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*require-trusted-types-for 'script'/);
    expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await call(on, '/api/alarms')).headers.get('cache-control')).toBe('no-store');
  });

  it('never repeat what was sent as HTML', async () => {
    const { headers, text } = await call(on, '/api/%3Cimg%20src=x%20onerror=alert(1)%3E');
    expect(headers.get('content-type')).toMatch(/application\/json/);
    expect(text).not.toContain('<img');
  });
});

describe('tokens and sessions', () => {
  it('voids a link when the next one is made', () => {
    const tokens = new Tokens(undefined, undefined);
    const [first, second] = [tokens.newLink(0), tokens.newLink(0)];
    const late = new Tokens(undefined, undefined);
    expect(late.spend(late.newLink(0), 15 * 60_000)).toBeUndefined();
    expect(tokens.spend(first, 1)).toBeUndefined();
    expect(tokens.spend(second, 1)).toMatchObject({ role: 'operator' });
    expect(tokens.role(second)).toBeUndefined();
  });

  it('keeps no more sessions than it may, the longest unused goes', () => {
    const sessions = new Sessions({ max: 2, lifeMs: 1_000, idleMs: 0 });
    const [one, two] = [started(sessions, 'operator', 0), started(sessions, 'operator', 0)];
    sessions.find(one.cookie, 1);
    expect(started(sessions, 'operator', 2).ended).toBe(two.session.key);
    expect(sessions.find(two.cookie, 3)).toBeUndefined();
    expect(sessions.find(one.cookie, 3)?.key).toBe(one.session.key);
    expect(sessions.find(one.cookie, 1_000)).toBeUndefined();
  });

  it('lets no viewer sign an operator out, however often he signs in', () => {
    const sessions = new Sessions({ max: 10, lifeMs: 1_000, idleMs: 0 });
    const operators = Array.from({ length: 4 }, () => started(sessions, 'operator', 0).cookie);
    const ended = Array.from({ length: 200 }, () => started(sessions, 'viewer', 0)).flatMap((of) => of.ended ?? []);
    expect([sessions.size, ended.length]).toEqual([9, 195]);
    const more = Array.from({ length: 6 }, () => started(sessions, 'operator', 0).cookie);
    expect([...operators, ...more].filter((id) => sessions.find(id, 1) === undefined)).toEqual([]);
    expect(sessions.start({ role: 'viewer', name: 'v', mark: '' }, 1)).toBeUndefined();
    expect(sessions.start({ role: 'viewer', name: 'v', mark: '' }, 1_000)).toBeDefined();
  });
});

function started(sessions: Sessions, role: 'operator' | 'viewer', now: number) {
  const session = sessions.start({ role, name: role, mark: '' }, now);
  if (!session) throw new Error('there is no room');
  return session;
}

describe('the configuration', () => {
  const config = (environment: Record<string, string> = {}) => readSettings(consoleSettings, environment);
  it('refuses to listen where others can reach it without a token', () => {
    expect(checkConsoleConfig(config(), '0.0.0.0')).toEqual([expect.stringContaining('TOCSIN_API_TOKEN')]);
    expect(checkConsoleConfig(config(), '127.0.0.1')).toEqual([]);
    expect(checkConsoleConfig(config({ TOCSIN_API_TOKEN: OPERATOR_TOKEN }), '0.0.0.0')).toEqual([]);
    const others = [{ TOCSIN_CONSOLE_URL: 'https://alarms.example.org' }, { TOCSIN_CONSOLE_PROXIES: '10.0.0.7' }];
    for (const set of others) expect(checkConsoleConfig(config(set), '127.0.0.1')).toEqual([expect.stringContaining('TOCSIN_API_TOKEN')]);
    expect(checkConsoleConfig(config({ TOCSIN_CONSOLE_URL: 'http://[::1]:9000' }), '127.0.0.1')).toEqual([]);
    expect(checkConsoleConfig(config({ TOCSIN_API_TOKEN: OPERATOR_TOKEN, TOCSIN_VIEWER_TOKEN: OPERATOR_TOKEN }), '::1')).toHaveLength(1);
  });
  it.each([
    ['TOCSIN_API_TOKEN', 'short'],
    ['TOCSIN_API_TOKEN', 'with a blank in it 0123'],
    ['TOCSIN_CONSOLE_URL', 'https://alarms.example.org/console'],
    ['TOCSIN_CONSOLE_URL', 'javascript:alert(1)'],
    ['TOCSIN_CONSOLE_PROXIES', 'proxy.example.org'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => config({ [name]: value })).toThrow(name);
  });
});
