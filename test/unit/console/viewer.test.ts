import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOfToken, newApiToken, SCOPES, type Scope } from '../../../console/security/api-token.ts';
import { writeAccounts } from '../../../console/security/users-file.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRoutes } from '../../../console/api/routes.ts';
import type { ApiDeps } from '../../../console/api/deps.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, clientOf } from '../../support/alarms.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

/** What only operators may see, in clients, readings, notes and replies of mail servers. */
const SECRETS = [
  'Ann',
  'Ahmed',
  'Leeds',
  'LS1',
  '3411',
  'example.org',
  'Purser',
  'gcwfhf',
  'back-door',
  'serial-77',
  'dog in the yard',
  'queued as',
];
const CLIENT = clientOf({ id: 1 });

/** Everybody who sees no clients, with a token. */
const LIMITED: readonly (readonly [string, string, readonly Scope[]])[] = [
  ['the viewer token', VIEWER_TOKEN, []],
  ...SCOPES.filter((scope) => scope !== 'clients').map((scope) => [`a token with the scope ${scope}`, newApiToken(), [scope]] as const),
  ['a token with all scopes but clients', newApiToken(), SCOPES.filter((scope) => scope !== 'clients')],
];

let folder: string;
let on: TestConsole;
let alarm: string;
/** Every readable path, with its content. */
let paths: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-viewer-'));
  const users = join(folder, 'users.json');
  const tokens = LIMITED.filter(([, , scopes]) => scopes.length > 0).map(([name, token, scopes]) => ({
    ...{ name, hash: hashOfToken(token), disabled: false },
    scopes: [...scopes],
  }));
  await writeAccounts(users, { users: [], tokens });
  on = await startTestConsole({
    environment: { TOCSIN_USERS: users },
    clients: [CLIENT],
    archived: [{ ...alarmOf({ id: 'old', sensor: 1 }), region: 'UK', geohash: 'gcwfhf0kz' }],
  });
  await on.report(1, { motion: true, serial: 'serial-77' } as object as { motion: boolean });
  const page = await eventually(
    () => call(on, '/api/alarms'),
    ({ json }) => json.alarms.some(({ id, region }: { id: string; region: string }) => id !== 'old' && region !== ''),
  );
  alarm = page.json.alarms.find(({ id }: { id: string }) => id !== 'old').id;
  const { version } = (await call(on, `/api/alarms/${alarm}`)).json;
  const noted = await call(on, `/api/alarms/${alarm}/note`, { body: { version, note: 'the back-door; a dog in the yard' } });
  expect(noted.status).toBe(200);
  const mailed = { key: 'm', at: Date.now(), kind: 'mailed', messageId: '<a@b>', reply: '250 queued as 77 for desk@example.org' } as const;
  await on.archive.put([], [{ alarm, entry: mailed }]);
  const hash = (await eventually(live, (text) => /"hash":"([\w-]{22})"/.test(text))).match(/"hash":"([\w-]{22})"/)?.[1] ?? '';
  paths = { alarm, sensor: '1', action: noted.json.action, hash };
});
afterAll(async () => {
  await on.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The first events of the stream, and those within a beat. */
async function live(token = OPERATOR_TOKEN): Promise<string> {
  const abort = new AbortController();
  const { body, headers } = await fetch(`${on.console.url}/api/live`, {
    headers: { authorization: `Bearer ${token}` },
    signal: abort.signal,
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    // Refused: there is no stream.
    if (!headers.get('content-type')?.includes('event-stream')) return text + decoder.decode(chunk as Uint8Array);
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('event: snapshot') && text.endsWith('\n\n')) break;
  }
  abort.abort();
  return text;
}

const routes = apiRoutes({ types: REFERENCE } as ApiDeps);
const readable = routes.filter(({ method }) => method === 'get').map(({ path }) => path);

function filled(path: string): string {
  const value = (name: string): string => {
    if (name === 'hash') return paths.hash ?? '';
    if (path.startsWith('/api/sensors')) return '1';
    return path.startsWith('/api/actions') ? (paths.action ?? '') : alarm;
  };
  return path.replace(/\{(\w+)\}/g, (_, name: string) => value(name));
}

const read = async (path: string, token: string): Promise<string> =>
  path === '/api/live' ? await live(token) : (await call(on, filled(path), { token })).text;

describe('a viewer', () => {
  it('has paths to read', () => {
    expect(readable).toEqual(
      expect.arrayContaining(['/api/alarms', '/api/alarms/{id}', '/api/sensors/{id}', '/api/live', '/api/places/{hash}']),
    );
  });

  it.each(readable)('sees nothing on %s of the people behind alarms, nor does any program without that scope', async (path) => {
    for (const [who, token] of LIMITED) {
      const text = await read(path, token);
      expect([who, SECRETS.filter((secret) => text.includes(secret))]).toEqual([who, []]);
    }
  });

  it.each(routes.filter(({ method }) => method !== 'get').map(({ method, path }) => ({ method, path })))(
    'sees nothing in the answer to $method $path, done, stale or refused, nor does any program without that scope',
    async ({ method, path }) => {
      for (const [who, token] of LIMITED) {
        const { version = 1 } = (await call(on, `/api/alarms/${alarm}`)).json;
        for (const seen of [version, version + 1]) {
          const more = path.endsWith('note') ? { note: 'x' } : path.endsWith('disposition') ? { disposition: 'test' } : {};
          const body = path === '/api/alarms/acknowledge' ? { alarms: [{ id: alarm, version: seen }] } : { version: seen, ...more };
          const { text } = await call(on, filled(path), { method: method.toUpperCase(), token, ...(method === 'post' && { body }) });
          expect([who, SECRETS.filter((secret) => text.includes(secret))]).toEqual([who, []]);
        }
      }
    },
  );

  it('sees no more where a call is refused', async () => {
    const { version } = (await call(on, `/api/alarms/${alarm}`)).json;
    const body = { version: version - 1, note: 'x' };
    for (const path of [`/api/alarms/${alarm}/note`, `/api/alarms/${alarm}/acknowledge`, '/api/alarms/none', '/api/sensors/77']) {
      const { text } = await call(on, path, {
        token: VIEWER_TOKEN,
        ...(path.includes('/note') && { body }),
        ...(path.includes('ackn') && { body: { version } }),
      });
      expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
    }
  });

  it('is kept from what operators do see', async () => {
    const texts = await Promise.all(readable.map((path) => read(path, OPERATOR_TOKEN)));
    expect(SECRETS.filter((secret) => !texts.some((text) => text.includes(secret)))).toEqual([]);
  });

  it('sees a sensor on the map within some kilometres, where operators see the house', async () => {
    const at = async (token: string): Promise<[number, number]> => {
      const answer = await fetch(`${on.console.url}/api/places/${paths.hash}`, { headers: { authorization: `Bearer ${token}` } });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const bytes = Buffer.from(await answer.arrayBuffer());
      return [(bytes.readUIntLE(7, 3) / (2 ** 24 - 1)) * 180 - 90, (bytes.readUIntLE(4, 3) / (2 ** 24 - 1)) * 360 - 180];
    };
    const [house, seen] = [await at(OPERATOR_TOKEN), await at(VIEWER_TOKEN)];
    expect([house[0], house[1]]).toEqual([expect.closeTo(CLIENT.latitude ?? 0, 4), expect.closeTo(CLIENT.longitude ?? 0, 4)]);
    // The cell gcwfh according to another implementation of geohash: 53.7891 to 53.8330, -1.5820 to -1.5381.
    expect([seen[0], seen[1]]).toEqual([expect.closeTo(53.811, 2), expect.closeTo(-1.56, 2)]);
  });
});
