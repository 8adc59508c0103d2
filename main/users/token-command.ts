import { z } from 'zod';
import { hashOfToken, newApiToken, SCOPES } from '../../console/security/api-token.ts';
import { lookOf } from '../../console/security/person-name.ts';
import { readAccounts, writeAccounts } from '../../console/security/users-file.ts';
import { command, option, UsageError } from '../../runtime/command-line.ts';
import { accountsOrNone, nameIn, refuseAlike } from './names.ts';

const SOON = 'A running console notices within five seconds.';
const LIST = `must be of ${SCOPES.join(', ')}, separated by commas`;
const scopes = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((scope) => scope.trim()))])
  .pipe(z.array(z.enum(SCOPES, LIST)).min(1, LIST))
  .optional();

/** Tokens of programs: made, listed, disabled and enabled. */
export const tokenCommand = (path: () => string) =>
  command({
    name: 'npm run users -- token',
    summary: 'Makes a token for a program (add NAME), disables or enables one (disable NAME, enable NAME), or lists all (list).',
    about: [
      'A new token is printed once, and only its hash is kept. A program sends it as a bearer token; what it does is recorded under NAME.',
      'Scopes. read: alarms, sensors and counts, without the people behind them; clients: with them; acknowledge: act on alarms; audit: the audit trail; metrics: /metrics of the console, and the reasons in /readyz.',
    ],
    words: { name: 'ACTION [NAME]', help: 'add, disable, enable or list; NAME stands beside what the program does', min: 1, max: 2 },
    options: { scopes: option('SCOPES', scopes, `with add: what it may do, ${SCOPES.join(', ')}, separated by commas`) },
    example: "npm run users -- token add 'wall display' --scopes read,metrics",
    run: async ({ words: [action = '', name = ''], options }) => {
      if (action === 'list') await list(path());
      else if (action === 'add') await add(path(), nameIn(name), options.scopes);
      else if (action === 'disable' || action === 'enable') await setDisabled(path(), name, action === 'disable');
      else throw new UsageError([`${action} is not add, disable, enable or list`]);
      return 0;
    },
  });

async function add(path: string, name: string, given: z.output<typeof scopes>): Promise<void> {
  if (given === undefined) throw new UsageError([`--scopes ${LIST}`]);
  const accounts = await accountsOrNone(path);
  refuseAlike(name, accounts);
  const token = newApiToken();
  await writeAccounts(path, {
    ...accounts,
    tokens: [...accounts.tokens, { name, scopes: given, hash: hashOfToken(token), disabled: false }],
  });
  process.stdout.write(`${token}\n`);
  process.stderr.write(`This token of ${name} (${given.join(', ')}) is not shown again. ${SOON}\n`);
}

async function setDisabled(path: string, name: string, disabled: boolean): Promise<void> {
  const accounts = await readAccounts(path);
  const found = accounts.tokens.find((token) => lookOf(token.name) === lookOf(name));
  if (!found) throw new UsageError([`there is no token ${name}: npm run users -- token list shows them`]);
  await writeAccounts(path, { ...accounts, tokens: accounts.tokens.map((token) => (token === found ? { ...token, disabled } : token)) });
  process.stdout.write(`The token of ${found.name} ${disabled ? 'is no longer accepted' : 'is accepted again'}. ${SOON}\n`);
}

async function list(path: string): Promise<void> {
  for (const { name, scopes: may, disabled } of (await readAccounts(path)).tokens)
    process.stdout.write(`${disabled ? 'disabled' : 'enabled '}  ${may.join(',').padEnd(24)}  ${name}\n`);
}
