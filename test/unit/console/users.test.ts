/** Operators are persons: they sign in with a name and a password, from a file that `npm run users` writes. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashOf, isPassword } from '../../../console/security/password.ts';
import { Users } from '../../../console/security/users.ts';
import { readAccounts, type User, writeAccounts } from '../../../console/security/users-file.ts';
import { Health } from '../../../runtime/health.ts';
import { cheapHashOf } from '../../support/passwords.ts';
import { call, startTestConsole, type TestConsole } from '../../support/console.ts';

const PASSWORD = 'correct horse battery';
let folder: string;
let file: string;
let desk: User;
let hall: User;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-users-'));
  file = join(folder, 'users.json');
  desk = { name: 'Night Desk', role: 'operator', password: cheapHashOf(PASSWORD), disabled: false };
  hall = { name: 'Hall', role: 'viewer', password: cheapHashOf('another long password'), disabled: false };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a console with a users file', () => {
  let on: TestConsole;
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await writeAccounts(file, { users: [desk, hall], tokens: [] });
    on = await startTestConsole({ processor: false, environment: { TOCSIN_USERS: file } });
  });
  afterAll(async () => {
    await on.stop();
    vi.useRealTimers();
  });
  afterEach(() => writeAccounts(file, { users: [desk, hall], tokens: [] }));

  const signIn = (body: object) => call(on, '/api/session', { token: null, body, headers: { origin: on.console.url } });
  const cookieOf = (headers: Headers): string => headers.get('set-cookie')?.split(';')[0] ?? '';
  const who = (cookie: string) => call(on, '/api/session', { token: null, headers: { cookie } });

  it('knows a person by name and password, however the name is written, and shows it as the file does', async () => {
    const { status, headers, json } = await signIn({ name: ' night  desk', password: PASSWORD });
    expect([status, json]).toMatchObject([200, { name: 'Night Desk', role: 'operator' }]);
    expect((await who(cookieOf(headers))).json).toMatchObject({ name: 'Night Desk' });
    expect((await signIn({ name: 'Hall', password: 'another long password' })).json).toMatchObject({ name: 'Hall', role: 'viewer' });
  });

  it('says how one signs in to who is not signed in', async () => {
    expect(await call(on, '/api/session', { token: null })).toMatchObject({ status: 401, json: { signIn: 'password' } });
  });

  it('takes no token and no name from a browser, and shows no link', async () => {
    expect(on.console.signInUrl).toBe(`${on.console.url}/`);
    expect((await signIn({ token: 'operator-token-0123456789', name: 'Night Desk' })).status).toBe(403);
    expect((await call(on, '/api/session/link', { token: null, method: 'POST', headers: { origin: on.console.url } })).status).toBe(403);
    expect((await call(on, '/api/session')).json).toMatchObject({ name: 'api', role: 'operator' });
  });

  it.each([
    ['a wrong password', { name: 'Night Desk', password: 'correct horse batterx' }, 401],
    ['the password of another', { name: 'Night Desk', password: 'another long password' }, 401],
    ['a name that nobody has', { name: 'Day Desk', password: PASSWORD }, 401],
    ['no password', { name: 'Night Desk' }, 400],
    ['no name', { password: PASSWORD }, 400],
    ['both', { name: 'Night Desk', password: PASSWORD, token: 'x' }, 400],
    ['a name of the system', { name: 'tосsin', password: PASSWORD }, 400],
    ['a password that is a megabyte', { name: 'Night Desk', password: 'x'.repeat(10_000) }, 400],
  ])('refuses %s', async (_, body, status) => {
    const answer = await signIn(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('signs out who is disabled, gets another role or another password, and nobody else', async () => {
    const cookies = await Promise.all(
      [signIn({ name: 'Night Desk', password: PASSWORD }), signIn({ name: 'Hall', password: 'another long password' })].map(
        async (answer) => cookieOf((await answer).headers),
      ),
    );
    const statuses = async () => (await Promise.all(cookies.map(who))).map(({ status }) => status);
    expect(await statuses()).toEqual([200, 200]);
    for (const changed of [{ disabled: true }, { role: 'viewer' as const }, { password: hall.password }]) {
      const cookie = cookieOf((await signIn({ name: 'Night Desk', password: PASSWORD })).headers);
      await writeAccounts(file, { users: [{ ...desk, ...changed }, hall], tokens: [] });
      await vi.advanceTimersByTimeAsync(5_000);
      await expect.poll(async () => (await who(cookie)).status).toBe(401);
      expect((await who(cookies[1] ?? '')).status).toBe(200);
      await writeAccounts(file, { users: [desk, hall], tokens: [] });
      await vi.advanceTimersByTimeAsync(5_000);
      await expect.poll(async () => (await signIn({ name: 'Night Desk', password: PASSWORD })).status).toBe(200);
    }
  });

  it('lets nobody guess: after ten wrong passwords not even the right one is looked at, for that name and from there', async () => {
    for (let i = 0; i < 10; i += 1) expect((await signIn({ name: 'Hall', password: `wrong password ${i}` })).status).toBe(401);
    const { status, headers } = await signIn({ name: 'hall', password: 'another long password' });
    expect([status, Number(headers.get('retry-after'))]).toEqual([429, expect.toSatisfy((seconds) => seconds > 0 && seconds <= 60)]);
    expect((await signIn({ name: 'Night Desk', password: PASSWORD })).status).toBe(200);
  });
});

it('a console whose users file is not there does not start', async () => {
  const missing = join(folder, 'missing.json');
  await expect(startTestConsole({ processor: false, environment: { TOCSIN_USERS: missing } })).rejects.toThrow(/npm run users -- add/);
});

describe('the users file', () => {
  it('is for its owner alone, and holds no password', async () => {
    await writeAccounts(file, { users: [desk], tokens: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).not.toContain('horse');
    expect((await readAccounts(file)).users).toEqual([desk]);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"format":1,"users":[{"name":"Secret Person"'],
    ['another format', '{"format":2,"users":[]}'],
    [
      'a password in the clear',
      '{"format":1,"users":[{"name":"Secret Person","role":"operator","password":"hunter2 hunter2","disabled":false}]}',
    ],
    ['a role that is none', '{"format":1,"users":[{"name":"Secret Person","role":"root","password":"x","disabled":false}]}'],
  ])('is refused with %s in it, without a word of it', async (_, text) => {
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, text);
    const error = await readAccounts(wrong).then(
      () => undefined,
      (problem: Error) => problem,
    );
    expect(error?.message).toContain(wrong);
    expect(error?.message).not.toMatch(/Secret|hunter2|root/);
  });

  it('is refused with two names that a reader takes for one', async () => {
    const alike = join(folder, 'alike.json');
    await writeAccounts(alike, { users: [desk, { ...desk, name: 'Nіght Dеsk'.replace('е', 'e') }], tokens: [] });
    await expect(readAccounts(alike)).rejects.toThrow(/look the same/);
  });

  it('that is damaged while a console runs signs nobody out, is said, and counts again once it is whole', async () => {
    const damaged = join(folder, 'damaged.json');
    await writeAccounts(damaged, { users: [desk], tokens: [] });
    const health = new Health();
    const users = await Users.open(damaged, { health, logger: pino({ level: 'silent' }) });
    await writeFile(damaged, '{"format":1,"use');
    await users.readAgain();
    expect(await users.check('Night Desk', PASSWORD, 'a')).toMatchObject({ name: desk.name });
    expect(Object.values(health.notices())).toEqual([expect.stringContaining('the users known before may sign in')]);
    await rm(damaged);
    await writeAccounts(damaged, { users: [hall], tokens: [] });
    await users.readAgain();
    expect(await users.check('Night Desk', PASSWORD, 'a')).toBeUndefined();
    expect(health.notices()).toEqual({});
    users.close();
  });
});

describe('passwords', () => {
  it('have another hash each time, and are the same however they were composed', async () => {
    const [one, two] = [await hashOf('Zürich am Morgen'), await hashOf('Zürich am Morgen')];
    expect(one).not.toBe(two);
    expect(await isPassword('Zürich am Morgen', one)).toBe(true);
    expect(await isPassword('Zurich am Morgen', one)).toBe(false);
  });

  it.each(['', 'x', 'scrypt$1$1$1$x$y', `scrypt$9999999$99$99$${'a'.repeat(22)}$${'a'.repeat(43)}`])(
    'are nobody’s by a hash like %s',
    async (hash) => {
      expect(await isPassword('', hash)).toBe(false);
    },
  );

  it('are checked a few at a time, and one client with many keeps no other from signing in', async () => {
    await writeAccounts(join(folder, 'many.json'), { users: [desk], tokens: [] });
    const limits = { atOnce: 1, waiting: 4, ofClient: 2 };
    const users = await Users.open(join(folder, 'many.json'), { health: new Health(), logger: pino({ level: 'silent' }), limits });
    const taken = async (checks: readonly Promise<unknown>[]) =>
      (await Promise.allSettled(checks)).filter(({ status }) => status === 'fulfilled').length;
    const guesses = taken(Array.from({ length: 20 }, () => users.check('Nobody', 'x', 'a guesser')));
    const others = taken(['b', 'c', 'd', 'e'].map((client) => users.check('Night Desk', PASSWORD, client)));
    expect([await guesses, await others]).toEqual([2, 3]);
    expect(await users.check('Night Desk', PASSWORD, 'a guesser')).toMatchObject({ name: desk.name });
    users.close();
  });
});
