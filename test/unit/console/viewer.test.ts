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

let on: TestConsole;
let alarm: string;
/** Every readable path, with its content. */
let paths: Record<string, string>;
beforeAll(async () => {
  on = await startTestConsole({
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
afterAll(() => on.stop());

/** The first events of the stream, and those within a beat. */
async function live(token = OPERATOR_TOKEN): Promise<string> {
  const abort = new AbortController();
  const { body } = await fetch(`${on.console.url}/api/live`, { headers: { authorization: `Bearer ${token}` }, signal: abort.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('event: snapshot') && text.endsWith('\n\n')) break;
  }
  abort.abort();
  return text;
}

const readable = apiRoutes({ types: REFERENCE } as ApiDeps)
  .filter(({ method, needs }) => method === 'get' && (needs === 'read' || needs === 'nothing'))
  .map(({ path }) => path);

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

  it.each(readable)('sees nothing on %s of the people behind alarms', async (path) => {
    const text = await read(path, VIEWER_TOKEN);
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([]);
  });

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
