import { z } from 'zod';
import { hashOf } from '../../console/security/password.ts';
import { lookOf } from '../../console/security/person-name.ts';
import { ROLES } from '../../console/security/rights.ts';
import { readAccounts, type User, writeAccounts } from '../../console/security/users-file.ts';
import { type CommandGroup, command, option, UsageError } from '../../runtime/command-line.ts';
import { accountsOrNone, nameIn, refuseAlike } from './names.ts';
import { tokenCommand } from './token-command.ts';

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
    const accounts = await readAccounts(path());
    const { users } = accounts;
    const found = users.find((user) => lookOf(user.name) === lookOf(name));
    if (!found) throw new UsageError([`there is no user ${name}: npm run users -- list shows them`]);
    const other = await changed(found);
    await writeAccounts(path(), { ...accounts, users: users.map((user) => (user === found ? other : user)) });
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
      const accounts = await accountsOrNone(path());
      refuseAlike(name, accounts);
      const password = await hashOf(await readPassword());
      await writeAccounts(path(), { ...accounts, users: [...accounts.users, { name, role, password, disabled: false }] });
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
      for (const { name, role, disabled } of (await readAccounts(path())).users)
        process.stdout.write(`${role.padEnd(10)}  ${disabled ? 'disabled' : 'enabled '}  ${name}\n`);
      return 0;
    },
  });
  return {
    name: 'npm run users',
    summary:
      'The persons who may sign in to the console, and the tokens of programs, in the file that TOCSIN_USERS names. It keeps hashes of passwords and tokens only.',
    commands: { add, password, disable, enable, list, token: tokenCommand(path) },
  };
}
