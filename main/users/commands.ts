import { z } from 'zod';
import { hashOf } from '../../console/security/password.ts';
import { lookOf } from '../../console/security/person-name.ts';
import { ROLES } from '../../console/security/rights.ts';
import { readUsers, type User, userName, writeUsers } from '../../console/security/users-file.ts';
import { type CommandGroup, command, option, UsageError } from '../../runtime/command-line.ts';
import { PermanentError } from '../../runtime/errors.ts';

const NAME = { name: 'NAME', help: 'as the person signs in, and as it stands beside what they do', min: 1, max: 1 };
const PASSWORD =
  'Asks for the password on a terminal; otherwise it is the first line of the standard input. It is never an argument, which other users of this machine could see.';
const SOON = 'A running console notices within five seconds.';

export interface UsersProgramDeps {
  /** Where the users file is. */
  path(): string;
  /** Asks for a password. Rejects with UsageError if it cannot be one. */
  readPassword(): Promise<string>;
}

export function usersProgram({ path, readPassword }: UsersProgramDeps): CommandGroup {
  const change = async (name: string, changed: (user: User) => User | Promise<User>, done: string): Promise<number> => {
    const users = await readUsers(path());
    const found = users.find((user) => lookOf(user.name) === lookOf(name));
    if (!found) throw new UsageError([`there is no user ${name}: npm run users -- list shows them`]);
    const other = await changed(found);
    await writeUsers(
      path(),
      users.map((user) => (user === found ? other : user)),
    );
    process.stdout.write(`${found.name} ${done}. ${SOON}\n`);
    return 0;
  };
  const add = command({
    name: 'npm run users -- add',
    summary: 'Adds a person who may sign in.',
    about: [PASSWORD],
    words: NAME,
    options: {
      role: option(
        'ROLE',
        z.enum(ROLES),
        'viewer: only looks, and sees no data of clients; operator: acts on alarms; supervisor: also reads the audit trail',
        'operator',
      ),
    },
    example: "npm run users -- add 'night desk 2' --role viewer",
    run: async ({ words: [word = ''], options: { role } }) => {
      const name = nameIn(word);
      const users = await usersOrNone(path());
      const alike = users.find((user) => lookOf(user.name) === lookOf(name));
      if (alike) throw new UsageError([`${name} looks the same as ${alike.name}, who exists already`]);
      const password = await hashOf(await readPassword());
      await writeUsers(path(), [...users, { name, role, password, disabled: false }]);
      process.stdout.write(`${name} may sign in as ${role}. ${SOON}\n`);
      return 0;
    },
  });
  const password = command({
    name: 'npm run users -- password',
    summary: 'Gives a person another password, and signs them out everywhere.',
    about: [PASSWORD],
    words: NAME,
    options: {},
    run: ({ words: [name = ''] }) =>
      change(name, async (user) => ({ ...user, password: await hashOf(await readPassword()) }), 'has another password'),
  });
  const disable = command({
    name: 'npm run users -- disable',
    summary: 'Keeps a person from signing in, and signs them out everywhere. The name stays taken, since it stands beside what they did.',
    words: NAME,
    options: {},
    run: ({ words: [name = ''] }) => change(name, (user) => ({ ...user, disabled: true }), 'may no longer sign in'),
  });
  const enable = command({
    name: 'npm run users -- enable',
    summary: 'Lets a person sign in again who was disabled.',
    words: NAME,
    options: {},
    run: ({ words: [name = ''] }) => change(name, (user) => ({ ...user, disabled: false }), 'may sign in again'),
  });
  const list = command({
    name: 'npm run users -- list',
    summary: 'Prints who may sign in, and who no longer may.',
    options: {},
    run: async () => {
      for (const { name, role, disabled } of await readUsers(path()))
        process.stdout.write(`${role.padEnd(10)}  ${disabled ? 'disabled' : 'enabled '}  ${name}\n`);
      return 0;
    },
  });
  return {
    name: 'npm run users',
    summary: 'The persons who may sign in to the console, in the file that TOCSIN_USERS names. Passwords are kept as scrypt hashes.',
    commands: { add, password, disable, enable, list },
  };
}

function nameIn(word: string): string {
  const read = userName.safeParse(word);
  if (!read.success) throw new UsageError(read.error.issues.map(({ message }) => `NAME ${message}`));
  return read.data;
}

/** The users; none if there is no file yet. */
async function usersOrNone(path: string): Promise<readonly User[]> {
  return readUsers(path).catch((error: unknown) => {
    if (error instanceof PermanentError && error.code === 'users-file-missing') return [];
    throw error;
  });
}
