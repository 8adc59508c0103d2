/** A program's own token with the scope metrics opens /metrics on every port of every process; wrong ones are refused in the same way everywhere. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfToken, newApiToken } from '../../console/security/api-token.ts';
import { type ApiToken, writeAccounts } from '../../console/security/users-file.ts';
import { eventually } from '../support/console.ts';
import { SystemProcess } from '../support/system.ts';

const [METRICS, READ, DISABLED] = [newApiToken(), newApiToken(), newApiToken()] as const;
const token = (name: string, text: string, scopes: ApiToken['scopes'], disabled = false): ApiToken => ({
  ...{ name, scopes, disabled },
  hash: hashOfToken(text),
});
const TOKENS = [
  token('prometheus', METRICS, ['metrics']),
  token('reader', READ, ['read']),
  token('former', DISABLED, ['metrics'], true),
] as const;
const IN_FRONT = { TOCSIN_INGEST_PROXIES: '10.9.9.9', TOCSIN_CONSOLE_PROXIES: '10.9.9.9', TOCSIN_SENSOR_AUTH: 'off' };

let folder: string;
let all: SystemProcess;
let alone: SystemProcess;
let users: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-metrics-tokens-'));
  users = join(folder, 'users.json');
  await writeAccounts(users, { users: [], tokens: TOKENS });
  const environment = { ...IN_FRONT, TOCSIN_USERS: users };
  all = await SystemProcess.create({ dataDir: join(folder, 'all'), environment });
  await all.start();
  // Serves its port while it waits for a broker.
  alone = await SystemProcess.create({
    dataDir: join(folder, 'alone'),
    roles: ['mailer'],
    environment: {
      ...environment,
      TOCSIN_KAFKA_BROKERS: '127.0.0.1:1',
      TOCSIN_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1',
    },
  });
  void alone.start().catch(() => undefined);
  await eventually(
    () => get(urlOf('operations'), '/healthz').catch(() => undefined),
    (answer) => answer?.status === 200,
    60_000,
  );
});
afterAll(async () => {
  await Promise.all([all?.end('SIGKILL'), alone?.end('SIGKILL')]);
  await rm(folder, { recursive: true, force: true });
});

const PORTS = ['ingest', 'console', 'operations'] as const;
const urlOf = (port: (typeof PORTS)[number]): string =>
  ({ ingest: all.ingestUrl, console: all.consoleUrl, operations: alone.operationsUrl })[port];
const get = (url: string, path: string, bearer?: string): Promise<Response> =>
  // As through something in front, which makes it a stranger's on every port.
  fetch(url + path, {
    headers: { 'x-forwarded-for': '203.0.113.9', ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
  });

describe.each(PORTS)('the port for %s', (port) => {
  it('shows metrics and reasons to the token with that scope, and to no other', async () => {
    const statuses = async (path: string) =>
      Promise.all([METRICS, READ, DISABLED, undefined].map(async (bearer) => (await get(urlOf(port), path, bearer)).status));
    expect(await statuses('/metrics')).toEqual([200, 401, 401, 401]);
    expect(Object.keys((await (await get(urlOf(port), '/readyz')).json()) as object)).toEqual(['status']);
  });

  it('tells who sends many wrong ones to wait, but counts no token that lacks the scope', async () => {
    const wrong: number[] = [];
    for (let i = 0; i < 12; i += 1) wrong.push((await get(urlOf(port), '/metrics', `a-wrong-token-${i}`)).status);
    expect(wrong.at(-1)).toBe(429);
    expect((await get(urlOf(port), '/metrics', METRICS)).status).toBe(200);
    for (let i = 0; i < 12; i += 1) expect((await get(urlOf(port), '/metrics', READ)).status).toBe(401);
  });
});

it('a token that is disabled meanwhile opens nothing any more, within seconds', async () => {
  await writeAccounts(users, { users: [], tokens: TOKENS.map((one) => ({ ...one, disabled: true })) });
  for (const port of PORTS)
    await expect.poll(async () => (await get(urlOf(port), '/metrics', METRICS)).status, { timeout: 20_000 }).not.toBe(200);
});
