/** Who did and saw what is written down, by name, address, thing and version, and never holds anybody up. */
import { afterEach, describe, expect, it } from 'vitest';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cheapHashOf } from '../../support/passwords.ts';
import { writeAccounts } from '../../../console/security/users-file.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { alarmOf, clientOf } from '../../support/alarms.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

const PASSWORD = 'correct horse battery';
const AWAY = new TransientError('log-unavailable', 'no broker answers');
const NOTE = 'the dog in the yard bites';

let running: TestConsole[] = [];
let folders: string[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const started = await startTestConsole(options);
  running.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  [running, folders] = [[], []];
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-audit-'));
  folders.push(folder);
  return folder;
}

/** A console whose users are persons. */
async function withUsers(options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> {
  const file = join(await newFolder(), 'users.json');
  const password = cheapHashOf(PASSWORD);
  const users = [
    { name: 'Ann', role: 'operator', password, disabled: false },
    { name: 'Sue', role: 'supervisor', password, disabled: false },
    { name: 'Eye', role: 'viewer', password, disabled: false },
  ] as const;
  await writeAccounts(file, { users, tokens: [] });
  return start({ ...options, environment: { TOCSIN_USERS: file, ...options.environment } });
}

interface Row {
  readonly action: string;
  readonly by: string;
  readonly [field: string]: unknown;
}
const rowsIn = (on: TestConsole): Row[] => on.log.all('AUDIT').map(({ value }) => JSON.parse(value));
const written = (on: TestConsole, action: string, count = 1): Promise<Row[]> =>
  eventually(
    async () => rowsIn(on).filter((row) => row.action === action),
    (rows) => rows.length >= count,
  );
const signIn = async (on: TestConsole, name: string, password = PASSWORD): Promise<string> => {
  const { headers } = await call(on, '/api/session', { token: null, body: { name, password }, headers: { origin: on.console.url } });
  return headers.get('set-cookie')?.split(';')[0] ?? '';
};
const as = (on: TestConsole, cookie: string) => ({ token: null, headers: { cookie, origin: on.console.url } });
const listed = (on: TestConsole) =>
  eventually(
    async () => (await call(on, '/api/alarms')).json.alarms as { id: string; version: number }[],
    (alarms) => alarms.length > 0,
  );

describe('the audit trail', () => {
  it('names who did what to which version of an alarm, from where, by person and by program', async () => {
    const on = await withUsers();
    await on.report(1);
    const [alarm] = await listed(on);
    const ann = as(on, await signIn(on, 'Ann'));
    const { json } = await call(on, `/api/alarms/${alarm?.id}/acknowledge`, { ...ann, body: { version: alarm?.version, note: NOTE } });
    await call(on, `/api/alarms/${alarm?.id}/disposition`, { body: { version: json.version, disposition: 'test', note: NOTE } });
    const [acknowledged] = await written(on, 'acknowledge');
    expect(acknowledged).toMatchObject({
      ...{ by: 'Ann', as: 'user', from: expect.stringContaining('127.0.0.1'), actionId: json.action },
      on: [{ alarm: alarm?.id, version: alarm?.version }],
    });
    expect(await written(on, 'disposition')).toMatchObject([{ by: 'api', as: 'token', on: [{ alarm: alarm?.id, version: json.version }] }]);
  });

  it('has one entry for each alarm of a call that acknowledges many', async () => {
    const on = await start();
    for (let sensor = 1; sensor <= 150; sensor += 1) await on.report(sensor);
    const alarms = await eventually(
      async () => (await call(on, '/api/alarms?limit=1000')).json.alarms as { id: string; version: number }[],
      ({ length }) => length === 150,
    );
    const seen = alarms.map(({ id, version }) => ({ id, version }));
    await call(on, '/api/alarms/acknowledge', { body: { alarms: seen } });
    const rows = await written(on, 'acknowledge', 2);
    expect(rows.flatMap((row) => row.on)).toEqual(seen.map(({ id: of, version }) => ({ alarm: of, version })));
  });

  it('names who saw the data of which client, and not who saw none', async () => {
    const on = await start();
    await on.report(1);
    const [alarm] = await listed(on);
    for (const path of [`/api/alarms/${alarm?.id}`, '/api/sensors/1', '/api/alarms']) {
      await call(on, path);
      await call(on, path, { token: VIEWER_TOKEN });
    }
    expect(await written(on, 'alarm-viewed')).toMatchObject([{ by: 'api', on: [{ alarm: alarm?.id, version: alarm?.version }] }]);
    expect(await written(on, 'sensor-viewed')).toMatchObject([{ by: 'api', on: [{ sensor: 1 }] }]);
    expect(rowsIn(on).filter(({ by }) => by === 'viewer')).toEqual([]);
  });

  it('names who signed in and out, who could not, and who signed out whom', async () => {
    const on = await withUsers();
    const [ann, eye] = [as(on, await signIn(on, 'Ann')), as(on, await signIn(on, 'Eye'))];
    await signIn(on, 'Ann', 'wrong password 1');
    await signIn(on, 'my secret password', 'wrong password 2');
    const { sessions } = (await call(on, '/api/sessions', ann)).json;
    const { id } = sessions.find(({ name }: { name: string }) => name === 'Eye');
    await call(on, `/api/sessions/${id}`, { ...ann, method: 'DELETE' });
    await call(on, '/api/session', { ...eye, method: 'DELETE' });
    await call(on, '/api/session', { ...ann, method: 'DELETE' });
    expect(await written(on, 'signed-in', 2)).toMatchObject([{ by: 'Ann', as: 'user' }, { by: 'Eye' }]);
    expect(await written(on, 'sign-in-failed', 2)).toMatchObject([{ by: 'Ann', as: 'nobody' }, { by: '' }]);
    expect(await written(on, 'session-revoked')).toMatchObject([{ by: 'Ann', on: [{ session: id, of: 'Eye' }] }]);
    expect(await written(on, 'signed-out')).toMatchObject([{ by: 'Ann' }]);
    expect(JSON.stringify(rowsIn(on))).not.toContain('secret');
  });

  it('says of a name that it was only typed, where browsers sign in with a token', async () => {
    const on = await start();
    await call(on, '/api/session', { token: null, body: { token: OPERATOR_TOKEN, name: 'Ann' }, headers: { origin: on.console.url } });
    expect(await written(on, 'signed-in')).toMatchObject([{ by: 'Ann', as: 'claimed' }]);
  });

  it('names who was denied what, and counts a flood of it by caller and call', async () => {
    const on = await withUsers();
    const eye = as(on, await signIn(on, 'Eye'));
    const denied = async (path: string, init: object) => expect((await call(on, path, init)).status).toBe(403);
    for (let i = 0; i < 200; i += 1) await denied(`/api/alarms/${i}/acknowledge`, { ...eye, body: { version: 1 } });
    await denied('/api/audit', eye);
    await denied('/api/audit', {});
    await denied('/api/session', { token: null, body: { token: OPERATOR_TOKEN, name: 'Ann' }, headers: { origin: on.console.url } });
    await denied('/api/alarms/1/note', { ...eye, headers: { ...eye.headers, origin: 'https://evil.example' }, body: {} });
    await on.stop();
    running = running.filter((one) => one !== on);
    const rows = on.log.all('AUDIT').map(({ value }) => JSON.parse(value));
    const about = rows.filter(({ action }) => action === 'access-denied');
    const of = (by: string, what: string) => about.filter((row) => row.by === by && row.on[0].call === what);
    const count = (some: { count?: number }[]) => some.reduce((sum, { count: times = 1 }) => sum + times, 0);
    const acknowledgements = of('Eye', 'POST /api/alarms/{id}/acknowledge');
    expect(count(acknowledgements)).toBe(200);
    // A minute may end meanwhile.
    expect(acknowledgements.length).toBeLessThan(5);
    expect(acknowledgements[0]).toMatchObject({ as: 'user', from: expect.stringContaining('127.0.0.1') });
    expect(of('Eye', 'GET /api/audit')).toHaveLength(1);
    expect(of('api', 'GET /api/audit')).toMatchObject([{ as: 'token' }]);
    expect(of('', 'POST /api/session')).toMatchObject([{ as: 'nobody' }]);
    expect(of('Eye', 'POST /api/alarms/{id}/note')).toHaveLength(1);
  });

  it('has the address that a named proxy gives, and believes no other', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const behind = await start({ environment: { TOCSIN_CONSOLE_PROXIES: '127.0.0.1' } });
    await call(behind, '/api/sensors/1', { headers });
    expect(await written(behind, 'sensor-viewed')).toMatchObject([{ from: '203.0.113.9' }]);
    const direct = await start();
    await call(direct, '/api/sensors/1', { headers });
    expect(await written(direct, 'sensor-viewed')).toMatchObject([{ from: expect.stringContaining('127.0.0.1') }]);
  });

  it('contains nothing of clients, notes, readings, passwords or tokens', async () => {
    const on = await withUsers({ clients: [clientOf({ id: 1 })] });
    await on.report(1);
    const [alarm] = await listed(on);
    await call(on, `/api/alarms/${alarm?.id}/note`, { body: { version: alarm?.version, note: NOTE } });
    await call(on, '/api/sensors/1');
    await call(on, '/api/sensors/1', { token: 'a-token-that-nobody-has' });
    await signIn(on, 'Ann');
    await written(on, 'signed-in');
    const text = JSON.stringify(rowsIn(on));
    for (const secret of [NOTE, 'Ahmed', 'Leeds', 'gcwfh', PASSWORD, OPERATOR_TOKEN, 'a-token-that']) expect(text).not.toContain(secret);
  });
});

describe('while the log accepts no rows of it', () => {
  const away = (on: TestConsole): void => {
    on.log.fault = AWAY;
    on.log.faulty = 'AUDIT';
  };

  it('a fire is acknowledged as usual, the gap is said, and everything is written afterwards', async () => {
    const on = await start();
    await on.report(1);
    const [alarm] = await listed(on);
    away(on);
    const { status } = await call(on, `/api/alarms/${alarm?.id}/acknowledge`, { body: { version: alarm?.version } });
    expect(status).toBe(200);
    await eventually(
      async () => on.health.notices()['console-audit'],
      (notice) => notice?.includes('no broker answers') ?? false,
    );
    expect(on.health.ready).toBe(true);
    on.log.fault = undefined;
    expect(await written(on, 'acknowledge')).toMatchObject([{ by: 'api' }]);
    await eventually(
      async () => on.health.notices()['console-audit'],
      (notice) => notice === undefined,
    );
  });

  it('for too long, what is over is shown without its client, an open alarm with it; actions go on, and what was lost is counted', async () => {
    const on = await start({
      clients: [clientOf({ id: 1 }), clientOf({ id: 2 })],
      archived: [{ ...alarmOf({ id: 'over', sensor: 2, state: 'CLEARED_ACK' }), region: 'UK', geohash: 'gcwfhf0kz' }],
      environment: { TOCSIN_AUDIT_WAITING: '32KiB' },
    });
    await on.report(1);
    const [alarm] = await listed(on);
    await written(on, 'began');
    away(on);
    for (let sensor = 10_000; sensor < 10_100; sensor += 1) await call(on, `/api/sensors/${sensor}`);
    expect((await call(on, '/api/alarms/over')).json).toMatchObject({
      geohash: 'gcwfh',
      problems: [expect.stringContaining('audit trail')],
    });
    expect((await call(on, '/api/alarms/over')).json.client).toBeUndefined();
    expect((await call(on, `/api/alarms/${alarm?.id}`)).json.client).toMatchObject({ city: 'Leeds' });
    expect((await call(on, `/api/alarms/${alarm?.id}/acknowledge`, { body: { version: alarm?.version } })).status).toBe(200);
    expect(on.health.notices()['console-audit']).toContain('lost');
    on.log.fault = undefined;
    const [lost] = await written(on, 'lost');
    expect(Number(lost?.count)).toBeGreaterThan(0);
    expect((await written(on, 'acknowledge')).length).toBe(1);
  });
});

describe('a supervisor', () => {
  it('reads the trail page by page, newest first, and by user, action and time; nobody else does', async () => {
    const on = await withUsers();
    const sue = as(on, await signIn(on, 'Sue'));
    const ann = as(on, await signIn(on, 'Ann'));
    for (const sensor of [1, 2, 3, 4, 5]) await call(on, `/api/sensors/${sensor}`, ann);
    await written(on, 'sensor-viewed', 5);
    const seen: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await call(on, `/api/audit?user=Ann&action=sensor-viewed&limit=2${cursor && `&cursor=${cursor}`}`, sue);
      expect(page.status).toBe(200);
      seen.push(...page.json.rows.map(({ on: things }: { on: unknown[] }) => things[0]));
      cursor = page.json.cursor;
    }
    expect(seen).toEqual([5, 4, 3, 2, 1].map((sensor) => ({ sensor })));
    const later = new Date(Date.now() + 3_600_000).toISOString();
    expect((await call(on, `/api/audit?from=${later}`, sue)).json).toEqual({ rows: [], cursor: null });
    expect((await call(on, `/api/audit?to=${later}&limit=1000`, sue)).json.rows.length).toBeGreaterThan(5);
    for (const init of [ann, as(on, await signIn(on, 'Eye')), {}, { token: VIEWER_TOKEN }])
      expect((await call(on, '/api/audit', init)).status).toBe(403);
    expect((await call(on, '/api/audit', { token: null })).status).toBe(401);
    expect(await written(on, 'audit-read')).toMatchObject([{ by: 'Sue' }]);
  });

  it('may do what an operator may', async () => {
    const on = await withUsers({ clients: [clientOf({ id: 1 })] });
    await on.report(1);
    const [alarm] = await listed(on);
    const sue = as(on, await signIn(on, 'Sue'));
    expect((await call(on, `/api/alarms/${alarm?.id}`, sue)).json.client).toMatchObject({ city: 'Leeds' });
    expect((await call(on, `/api/alarms/${alarm?.id}/acknowledge`, { ...sue, body: { version: alarm?.version } })).status).toBe(200);
    expect((await call(on, '/api/session', sue)).json).toMatchObject({
      role: 'supervisor',
      rights: expect.arrayContaining(['audit', 'acknowledge']),
    });
  });

  it.each(['x', 'WzFd', 'bnVsbA', 'WzEsMl0'])('with the cursor %s gets a clear error or a page, never a failure', async (cursor) => {
    const on = await withUsers();
    const { status } = await call(on, `/api/audit?cursor=${cursor}`, as(on, await signIn(on, 'Sue')));
    expect([200, 400]).toContain(status);
  });
});

it('a restart names how the run before ended', async () => {
  const auditEndFile = join(await newFolder(), 'console-audit-8080.json');
  const first = await start({ auditEndFile });
  await call(first, '/api/sensors/1');
  await first.stop();
  running = [];
  const rows = rowsIn(first);
  expect(rows.at(-1)?.action).toBe('ended');
  expect(JSON.parse(await readFile(auditEndFile, 'utf8'))).toMatchObject({ chain: rows[0]?.chain, n: rows.length - 1 });
  const second = await start({ auditEndFile });
  expect(await written(second, 'began')).toMatchObject([{ n: 0, after: { chain: rows[0]?.chain, n: rows.length - 1 } }]);
});
