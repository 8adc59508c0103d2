import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isPassword } from '../../../../console/security/password.ts';
import { readAccounts } from '../../../../console/security/users-file.ts';
import { usersProgram } from '../../../../main/users/commands.ts';
import { runCommand } from '../../../support/command.ts';

const PASSWORD = 'correct horse battery';
let folder: string;
let file: string;
let output: string;
let typed: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-users-'));
  file = join(folder, 'users.json');
  output = '';
  typed = PASSWORD;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const users = (name: string, ...args: string[]) =>
  runCommand(usersProgram({ path: () => file, readPassword: async () => typed }), name, args);

it('adds the first person and others, and lists them without their passwords', async () => {
  await users('add', 'Night Desk');
  await users('add', 'Hall', '--role', 'viewer');
  expect(output).toContain('Night Desk may sign in as operator');
  output = '';
  await users('list');
  expect(output).toBe('operator    enabled   Night Desk\nviewer      enabled   Hall\n');
  const text = await readFile(file, 'utf8');
  expect(text).not.toContain('horse');
  expect(await isPassword(PASSWORD, (await readAccounts(file)).users[0]?.password ?? '')).toBe(true);
});

it('disables and enables a person, and gives another password; all else stays', async () => {
  await users('add', 'Night Desk');
  await users('add', 'Hall');
  await users('disable', 'night desk');
  expect((await readAccounts(file)).users.map(({ name, disabled }) => [name, disabled])).toEqual([
    ['Night Desk', true],
    ['Hall', false],
  ]);
  await users('enable', 'Night Desk');
  typed = 'another long password';
  await users('password', 'Hall');
  const [desk, hall] = (await readAccounts(file)).users;
  expect([desk?.disabled, await isPassword(PASSWORD, desk?.password ?? ''), await isPassword(typed, hall?.password ?? '')]).toEqual([
    false,
    true,
    true,
  ]);
});

it('makes a token for a program, shows it once, and keeps only its hash; users stay as they are', async () => {
  await users('add', 'Night Desk');
  output = '';
  await users('token', 'add', 'wall display', '--scopes', 'read, metrics');
  const token = output.trim();
  expect(token).toMatch(/^tocsin_[\w-]{32}$/);
  const { users: persons, tokens } = await readAccounts(file);
  expect([persons.length, tokens]).toEqual([
    1,
    [{ name: 'wall display', scopes: ['read', 'metrics'], hash: expect.any(String), disabled: false }],
  ]);
  expect(await readFile(file, 'utf8')).not.toContain(token);
  output = '';
  await users('token', 'disable', 'Wall Display');
  await users('token', 'list');
  expect(output).toMatch(/no longer accepted[\s\S]*disabled {2}read,metrics +wall display\n$/);
  await users('token', 'enable', 'wall display');
  expect((await readAccounts(file)).tokens[0]?.disabled).toBe(false);
});

it.each([
  ['a scope that is none', ['add', 'x', '--scopes', 'read,root'], /scopes/],
  ['no scopes', ['add', 'x'], /scopes/],
  ['no name', ['add', '--scopes', 'read'], /NAME/],
  ['a name of the system', ['add', 'аpi', '--scopes', 'read'], /a name that the system uses/],
  ['a name that looks like that of a user', ['add', 'Night Dеsk', '--scopes', 'read'], /looks the same/],
  ['a token that is none', ['disable', 'x'], /there is no token x/],
  ['something else', ['remove', 'x'], /not add, disable, enable or list/],
])('makes or changes no token with %s', async (_, args, problem) => {
  await users('add', 'Night Desk');
  const before = await readFile(file, 'utf8');
  await expect(users('token', ...args)).rejects.toThrow(problem);
  expect(await readFile(file, 'utf8')).toBe(before);
});

it('lets no person look like a token', async () => {
  await users('token', 'add', 'wall display', '--scopes', 'read');
  await expect(users('add', 'Wall  Display')).rejects.toThrow(/looks the same/);
});

it.each([
  ['a name that looks like one that is there', ['add', 'Nіght Desk'], /looks the same as Night Desk/],
  ['a name of the system', ['add', 'Tocsin'], /a name that the system uses/],
  ['a name without end', ['add', 'x'.repeat(41)], /1 to 40/],
  ['a role that is none', ['add', 'Hall', '--role', 'root'], /role/],
  ['somebody unknown', ['disable', 'Hall'], /there is no user Hall/],
])('refuses %s, and changes nothing', async (_, [name = '', ...args], problem) => {
  await users('add', 'Night Desk');
  const before = await readFile(file, 'utf8');
  await expect(users(name, ...args)).rejects.toThrow(problem);
  expect(await readFile(file, 'utf8')).toBe(before);
});

it('leaves a file alone that another program is writing, and says what to do if that was ended', async () => {
  await users('add', 'Night Desk');
  await writeFile(`${file}.new`, '');
  await expect(users('disable', 'Night Desk')).rejects.toThrow(/another program is writing it, or was interrupted/);
  expect((await readAccounts(file)).users[0]?.disabled).toBe(false);
});

it('says what to do where there is no file', async () => {
  await expect(users('list')).rejects.toThrow(/npm run users -- add NAME creates it/);
});
