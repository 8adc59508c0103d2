/** Who is signed in stays so over a restart, is shown to operators, and is signed out when idle, or by an operator. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sessions } from '../../../console/security/sessions.ts';
import { call, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';

let folder: string;
let on: TestConsole;
const file = (): string => join(folder, 'sessions.json');
const start = async (environment: Record<string, string> = {}, clock = Date.now): Promise<void> => {
  on = await startTestConsole({ processor: false, sessionsFile: file(), environment, clock });
};
const signIn = async (token: string, name: string): Promise<string> => {
  const { headers } = await call(on, '/api/session', { token: null, body: { token, name }, headers: { origin: on.console.url } });
  // The port is another one after each start here, and with it the cookie's name.
  return headers.get('set-cookie')?.split(';')[0]?.split('=')[1] ?? '';
};
const cookieOf = (value: string): string => `tocsin-${on.console.port}=${value}`;
const who = async (value: string) => (await call(on, '/api/session', { token: null, headers: { cookie: cookieOf(value) } })).json;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-sessions-'));
  await start();
});
afterEach(async () => {
  await on.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a restart', () => {
  it('signs nobody out', async () => {
    const [ann, eye] = [await signIn(OPERATOR_TOKEN, 'Ann'), await signIn(VIEWER_TOKEN, 'Eye')];
    await on.stop();
    await start();
    expect(await who(ann)).toMatchObject({ name: 'Ann', role: 'operator' });
    expect(await who(eye)).toMatchObject({ name: 'Eye', role: 'viewer' });
  });

  it('signs out whose token is no longer valid, and who had signed out', async () => {
    const [ann, bob, eye] = [await signIn(OPERATOR_TOKEN, 'Ann'), await signIn(OPERATOR_TOKEN, 'Bob'), await signIn(VIEWER_TOKEN, 'Eye')];
    await call(on, '/api/session', { token: null, method: 'DELETE', headers: { cookie: cookieOf(bob), origin: on.console.url } });
    await on.stop();
    await start({ TOCSIN_VIEWER_TOKEN: 'another-viewer-token' });
    expect(await who(ann)).toMatchObject({ name: 'Ann' });
    expect(await who(bob)).toMatchObject({ signIn: 'token' });
    expect(await who(eye)).toMatchObject({ signIn: 'token' });
  });

  it('with a clock that was a year ahead makes no session last for a year', async () => {
    await on.stop();
    await start({}, () => Date.now() + 365 * 86_400_000);
    const ann = await signIn(OPERATOR_TOKEN, 'Ann');
    await on.stop();
    await start();
    expect(new Date((await who(ann)).until).getTime()).toBeLessThanOrEqual(Date.now() + 12 * 3_600_000);
  });

  it.each(['', '{"format":1,"sess', '{"format":9}', '[]', '\u0000'])('with %j in the file lets everyone sign in again', async (text) => {
    await on.stop();
    await writeFile(file(), text);
    await start();
    expect(await who(await signIn(OPERATOR_TOKEN, 'Ann'))).toMatchObject({ name: 'Ann' });
  });

  it('keeps nothing that opens a session, for the owner of the file alone', async () => {
    const ann = await signIn(OPERATOR_TOKEN, 'Ann');
    await on.stop();
    const text = await readFile(file(), 'utf8');
    expect(text).toContain('Ann');
    expect(text).not.toContain(ann);
    expect(text).not.toContain(OPERATOR_TOKEN);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    await start();
    const [{ key }] = JSON.parse(text).sessions;
    expect(await who(key)).toMatchObject({ signIn: 'token' });
  });
});

describe('operators', () => {
  it('see who is signed in, and sign out what was left open, with its streams', async () => {
    const [ann, eye] = [await signIn(OPERATOR_TOKEN, 'Ann'), await signIn(VIEWER_TOKEN, 'Eye')];
    const { body } = await fetch(`${on.console.url}/api/live`, { headers: { cookie: cookieOf(eye) } });
    const asAnn = (path: string, method = 'GET') =>
      call(on, path, { token: null, method, headers: { cookie: cookieOf(ann), origin: on.console.url } });
    const { sessions } = (await asAnn('/api/sessions')).json;
    expect(sessions).toMatchObject([
      { name: 'Ann', role: 'operator', own: true },
      { name: 'Eye', role: 'viewer', own: false },
    ]);
    expect(await who(sessions[1].id)).toMatchObject({ signIn: 'token' });
    expect((await asAnn(`/api/sessions/${sessions[1].id}`, 'DELETE')).status).toBe(200);
    expect(await who(eye)).toMatchObject({ signIn: 'token' });
    // Ends only with the stream.
    for await (const _ of body ?? []);
    expect((await asAnn(`/api/sessions/${sessions[1].id}`, 'DELETE')).status).toBe(404);
    expect(await who(ann)).toMatchObject({ name: 'Ann' });
  });

  it('alone may do so', async () => {
    const eye = await signIn(VIEWER_TOKEN, 'Eye');
    expect((await call(on, '/api/sessions', { token: null, headers: { cookie: cookieOf(eye) } })).status).toBe(403);
    expect((await call(on, '/api/sessions', { token: null })).status).toBe(401);
  });
});

describe('a session that nobody uses', () => {
  const limits = { max: 10, lifeMs: 10_000, idleMs: 1_000 };
  const person = { role: 'operator', name: 'Ann', mark: '' } as const;

  it('ends after a while, and one that is used does not', () => {
    const sessions = new Sessions(limits);
    const [used, left] = [sessions.start(person, 0)?.cookie ?? '', sessions.start(person, 0)?.cookie ?? ''];
    for (let now = 500; now <= 5_000; now += 500) expect(sessions.find(used, now)).toBeDefined();
    expect(sessions.find(left, 5_000)).toBeUndefined();
    expect(sessions.size).toBe(1);
  });

  it('lasts as long as any other where there is no such limit', () => {
    const sessions = new Sessions({ ...limits, idleMs: 0 });
    const cookie = sessions.start(person, 0)?.cookie ?? '';
    expect(sessions.find(cookie, 9_999)).toBeDefined();
  });
});
