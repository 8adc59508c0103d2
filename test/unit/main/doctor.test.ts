import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { checksOf } from '../../../main/doctor/checks.ts';
import { startTestConsole } from '../../support/console.ts';
import { testProxy } from '../../support/proxy.ts';
import { lineOf, withoutSecrets } from '../../../main/doctor/report.ts';
import { rolesOf } from '../../../main/roles.ts';
import type { Finding } from '../../../runtime/diagnosis.ts';
import { startSmtp } from '../../support/smtp-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-doctor-'));
const QUIET = { TOCSIN_DATA_DIR: join(folder, 'data'), TOCSIN_INGEST_PORT: '0', TOCSIN_CONSOLE_PORT: '0' };
const NOWHERE = '127.0.0.1:1';

let open: Server[] = [];
afterEach(async () => {
  for (const server of open) await new Promise((resolve) => server.close(resolve));
  open = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the doctor', () => {
  it('finds nothing wrong with the defaults, and makes no folder', async () => {
    const findings = await examined({});
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(lineOf).join('\n')).toMatch(/✓ data folder .*will be created at the first start[\s\S]*✓ disk: .*GiB/);
    expect(() => rmSync(QUIET.TOCSIN_DATA_DIR)).toThrow(/ENOENT/);
  });

  it('tells of wrong settings, all of them, and of settings that nobody reads', async () => {
    const wrongs = await wrongsOf({ TOCSIN_INGEST_PORT: 'abc', TOCSIN_MAIL_TOO: 'x' });
    expect(wrongs.map(({ found }) => found)).toEqual([
      expect.stringContaining('TOCSIN_MAIL_TOO is not a setting'),
      expect.stringContaining('TOCSIN_INGEST_PORT: must be a whole number'),
    ]);
    expect(await wrongsOf({ TOCSIN_INFLUX_BUCKET: 'x' })).toMatchObject([
      { check: 'TOCSIN_INFLUX_BUCKET', found: expect.stringContaining('no effect') },
    ]);
  });

  it('tells of a mail route by a type that there is not, where there is a mailer', async () => {
    const routes = { TOCSIN_MAIL_ROUTES: 'type=water -> plumber@x.example' };
    expect(await wrongsOf(routes)).toMatchObject([
      { check: 'TOCSIN_MAIL_ROUTES', found: expect.stringMatching(/no type water, did you mean .*There are motion, smoke, temperature/) },
    ]);
    const elsewhere = await examined({ ...routes, TOCSIN_KAFKA_BROKERS: NOWHERE }, ['proxy']);
    expect(elsewhere.filter(({ check }) => /settings file|ROUTES/.test(check))).toMatchObject([{ check: 'settings file', ok: true }]);
    const file = join(folder, 'water.yaml');
    writeFileSync(file, 'types:\n  water: { when: water }\n');
    expect(await wrongsOf({ ...routes, TOCSIN_SETTINGS: file })).toEqual([]);
  });

  it('tells of settings of a mail server that is not named, and of the data folder in whose place a server is', async () => {
    expect(await wrongsOf({ TOCSIN_SMTP_TLS: 'required', TOCSIN_MAIL_RATE: '30/m' })).toEqual([
      expect.objectContaining({ check: 'TOCSIN_SMTP_TLS', found: 'has no effect, since TOCSIN_SMTP_URL is not set' }),
      expect.objectContaining({ check: 'TOCSIN_MAIL_RATE', found: 'has no effect, since TOCSIN_SMTP_URL is not set' }),
    ]);
    const servers = { TOCSIN_KAFKA_BROKERS: NOWHERE, TOCSIN_SMTP_URL: `smtp://${NOWHERE}` };
    expect(await wrongsOf({ ...servers, TOCSIN_LOG_SIZE: '1GiB', TOCSIN_OUTBOX_KEEP: '1d', TOCSIN_MAIL_CONCURRENCY: '2' })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'TOCSIN_LOG_SIZE', found: 'has no effect, since TOCSIN_KAFKA_BROKERS is set' }),
        expect.objectContaining({ check: 'TOCSIN_OUTBOX_KEEP', found: 'has no effect, since TOCSIN_SMTP_URL is set' }),
      ]),
    );
    expect((await wrongsOf({ TOCSIN_MAIL_CONCURRENCY: '2' })).map(({ check }) => check)).toEqual([]);
  });

  it('takes a setting of a role that runs elsewhere for used', async () => {
    const findings = await examined({ TOCSIN_KAFKA_BROKERS: NOWHERE, TOCSIN_SMTP_URL: `smtp://${NOWHERE}`, TOCSIN_SMTP_TLS: 'off' }, [
      'proxy',
    ]);
    expect(findings.filter(({ check }) => check.startsWith('TOCSIN_'))).toEqual([]);
  });

  it('tells of each server that is away and what to do, and goes on with the others', async () => {
    const servers = { TOCSIN_KAFKA_BROKERS: NOWHERE, TOCSIN_CASSANDRA_CONTACT_POINTS: NOWHERE, TOCSIN_INFLUX_URL: `http://${NOWHERE}` };
    const wrongs = await wrongsOf({ ...servers, TOCSIN_SMTP_URL: `smtp://${NOWHERE}` });
    expect(wrongs.map(({ check }) => check)).toEqual([
      `Kafka broker ${NOWHERE}`,
      `Cassandra ${NOWHERE}`,
      `InfluxDB http://${NOWHERE}`,
      `mail server ${NOWHERE}`,
    ]);
    for (const { advice } of wrongs) expect(advice).toMatch(/start it, or .*TOCSIN_/);
  });

  it('tells of the settings file what is in it, or all that is wrong', async () => {
    const file = join(folder, 'tocsin.yaml');
    expect(await examined({})).toContainEqual({
      ...{ check: 'settings file', ok: true },
      found: expect.stringMatching(/^none, so all is built in; 3 types of alarms: motion, smoke, temperature; digest [0-9a-f]{12}$/),
    });
    writeFileSync(file, 'types: { motion: off, water: { when: water } }');
    expect(await examined({ TOCSIN_SETTINGS: file })).toContainEqual({
      ...{ check: 'settings file', ok: true },
      found: expect.stringContaining(`${file}; 3 types of alarms: smoke, temperature, water; digest `),
    });
    writeFileSync(file, 'types: { smoke: { hits: x, severty: MAJOR } }');
    expect((await wrongsOf({ TOCSIN_SETTINGS: file })).map(({ found }) => found)).toEqual([
      expect.stringContaining('types.smoke.hits'),
      expect.stringContaining('did you mean severity?'),
    ]);
  });

  it('looks only at what the roles need', async () => {
    const findings = await examined({ TOCSIN_KAFKA_BROKERS: NOWHERE, TOCSIN_SMTP_URL: `smtp://${NOWHERE}` }, ['processor']);
    expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual([`Kafka broker ${NOWHERE}`]);
    expect(findings.map(({ check }) => check)).toEqual(['Node', 'settings', 'settings file', `Kafka broker ${NOWHERE}`, 'port 9464']);
  });

  it('tells a port of another program from one on which a Tocsin answers', async () => {
    const stranger = await listening(createServer((socket) => socket.destroy()));
    const tocsin = await listening(tocsinWith('/api/openapi.json'));
    const findings = await examined({ TOCSIN_INGEST_PORT: String(stranger), TOCSIN_CONSOLE_PORT: String(tocsin) });
    expect(findings).toContainEqual(
      expect.objectContaining({ check: `port ${stranger}`, ok: false, advice: expect.stringContaining('TOCSIN_INGEST_PORT') }),
    );
    expect(findings).toContainEqual({ check: `port ${tocsin}`, ok: true, found: 'a Tocsin answers there' });
  });

  it.each([
    ['TOCSIN_INGEST_PORT', 'a console', '/api/openapi.json', [], 'console'],
    ['TOCSIN_CONSOLE_PORT', 'a proxy', '/openapi.json', [], 'proxy'],
    ['TOCSIN_OPERATIONS_PORT', 'a proxy', '/openapi.json', ['processor'], 'proxy'],
    ['TOCSIN_INGEST_PORT', 'a mailer', undefined, [], 'no role with a port'],
  ])('tells that the port of %s is already that of %s', async (setting, _, path, roles, named) => {
    const port = await listening(tocsinWith(path));
    const kafka = roles.length > 0 ? { TOCSIN_KAFKA_BROKERS: NOWHERE } : {};
    const findings = await examined({ ...kafka, [setting]: String(port) }, roles);
    expect(findings.filter(({ check }) => check.startsWith('port'))).toMatchObject([
      { check: `port ${port}`, ok: false, found: expect.stringContaining(named), advice: expect.stringContaining(setting) },
    ]);
  });

  it('knows a proxy and a console by what they answer', async () => {
    const [proxy, on] = [await testProxy(), await startTestConsole()];
    const ports = (ingest: number, console: number) => ({ TOCSIN_INGEST_PORT: String(ingest), TOCSIN_CONSOLE_PORT: String(console) });
    expect(await wrongsOf(ports(proxy.port, on.console.port))).toEqual([]);
    expect(await wrongsOf(ports(on.console.port, proxy.port))).toHaveLength(2);
    await Promise.all([proxy.stop(), on.stop()]);
  });

  it('tells of a data folder that is none, or that others can read', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await wrongsOf({ TOCSIN_DATA_DIR: file })).toMatchObject([{ found: expect.stringContaining('is not a folder') }]);
    const shared = join(folder, 'shared');
    mkdirSync(join(shared, 'store'), { recursive: true });
    chmodSync(join(shared, 'store'), 0o755);
    expect(await wrongsOf({ TOCSIN_DATA_DIR: shared })).toMatchObject([{ advice: expect.stringContaining('chmod') }]);
  });

  it('signs in to the mail server without sending a mail', async () => {
    const server = await startSmtp({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ password }, _session, done) => (password === 'right-password' ? done(null, { user: 1 }) : done(new Error('wrong'))),
    });
    try {
      const url = (password: string): string => `smtp://tocsin:${password}@127.0.0.1:${server.port}`;
      const good = await examined({ TOCSIN_SMTP_URL: url('right-password') });
      expect(good).toContainEqual(expect.objectContaining({ ok: true, found: expect.stringContaining('signed in') }));
      const [bad] = await wrongsOf({ TOCSIN_SMTP_URL: url('wrong-password') });
      expect(bad?.advice).toContain('user and password');
      expect(server.attempts).toBe(0);
    } finally {
      await server.stop();
    }
  });
});

describe('what the doctor prints', () => {
  it('is one line a check', () => {
    expect(lineOf({ check: 'Kafka', ok: false, found: 'a\n  b', advice: 'start it' })).toBe('✗ Kafka: a b. Start it');
    expect(lineOf({ check: 'disk', ok: true, found: '3 GiB' })).toBe('✓ disk: 3 GiB');
  });

  it('holds no secret of the settings', () => {
    const safe = withoutSecrets({
      ...{ TOCSIN_API_TOKEN: 'token-1234567890', TOCSIN_GATEWAY_TOKENS: 'north:gate-token,south:other-token' },
      ...{ TOCSIN_SMTP_URL: 'smtp://user:p%40ssword@mail:25', TOCSIN_KAFKA_PASSWORD: 'kafka-pass', HOME: '/root' },
    });
    expect(safe('token-1234567890 gate-token other-token p%40ssword p@ssword kafka-pass /root mail')).toBe(
      '[secret] [secret] [secret] [secret] [secret] [secret] /root mail',
    );
  });
});

async function examined(environment: Record<string, string>, roles: readonly string[] = []): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of checksOf(rolesOf(roles), { ...QUIET, ...environment }, { clock: Date.now, timeoutMs: 2_000 }, async () => []))
    findings.push(finding);
  return findings;
}

async function wrongsOf(environment: Record<string, string>): Promise<Finding[]> {
  return (await examined(environment)).filter(({ ok }) => !ok);
}

/** Alive, and with the description of an API at that path. */
function tocsinWith(path: string | undefined): Server {
  return createHttpServer((request, response) => {
    response.statusCode = request.url === '/healthz' || request.url === path ? 200 : 404;
    response.end('{"status":"alive"}');
  });
}

async function listening(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
