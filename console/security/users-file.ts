/** The persons who may sign in, and the tokens of programs, as `npm run users` writes them. The file holds hashes of passwords and tokens, not themselves. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { PermanentError } from '../../runtime/errors.ts';
import { SCOPES, TOKEN_HASH } from './api-token.ts';
import { isReserved, lookOf, plainName } from './person-name.ts';
import { PASSWORD_HASH } from './password.ts';
import { ROLES } from './rights.ts';

const FORMAT = 1;
const USERS_MAX = 10_000;

export const userName = z
  .string()
  .transform(plainName)
  .pipe(
    z
      .string()
      .regex(/^[^\p{C}]{1,40}$/u, 'must be 1 to 40 characters')
      .refine((name) => !isReserved(name), 'is a name that the system uses'),
  );

const user = z.strictObject({
  name: userName,
  role: z.enum(ROLES),
  password: z.string().regex(PASSWORD_HASH, 'must be a hash that npm run users has made'),
  disabled: z.boolean(),
});
export type User = Readonly<z.infer<typeof user>>;

const token = z.strictObject({
  name: userName,
  scopes: z.array(z.enum(SCOPES)).min(1),
  hash: z.string().regex(TOKEN_HASH, 'must be a hash that npm run users has made'),
  disabled: z.boolean(),
});
export type ApiToken = Readonly<z.infer<typeof token>>;

export interface Accounts {
  readonly users: readonly User[];
  readonly tokens: readonly ApiToken[];
}

const file = z.strictObject({
  format: z.literal(FORMAT),
  users: z.array(user).max(USERS_MAX),
  tokens: z.array(token).max(USERS_MAX).default([]),
});

/**
 * All users and tokens in the file. Rejects with PermanentError: `users-file-missing` if there is no file, `users-file` if it can't be read or isn't a users file.
 * Messages quote nothing from the file.
 */
export async function readAccounts(path: string): Promise<Accounts> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new PermanentError('users-file-missing', `there is no users file ${path} (TOCSIN_USERS): npm run users -- add NAME creates it`);
    throw new PermanentError('users-file', `the users file ${path} cannot be read (${error.code ?? 'unknown'})`);
  });
  const parsed = file.safeParse(parsedJson(text));
  if (!parsed.success) throw new PermanentError('users-file', `${path} is not a users file: ${problemIn(parsed.error)}`);
  const { users, tokens } = parsed.data;
  const names = [...users, ...tokens].map(({ name }) => lookOf(name));
  if (new Set(names).size < names.length)
    throw new PermanentError('users-file', `${path} has two users or tokens whose names look the same`);
  return { users, tokens };
}

/** Replaces the file, readable only by its owner. Rejects with PermanentError `users-file`; the file is then unchanged. */
export async function writeAccounts(path: string, { users, tokens }: Accounts): Promise<void> {
  const aside = `${path}.new`;
  try {
    await writeFile(aside, `${JSON.stringify({ format: FORMAT, users, ...(tokens.length > 0 && { tokens }) }, undefined, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const reason =
      code === 'EEXIST' ? `${aside} exists: another program is writing it, or was interrupted while it did (remove it then)` : code;
    throw new PermanentError('users-file', `the users file ${path} cannot be written: ${reason}`);
  }
  await rename(aside, path).catch(async (error: NodeJS.ErrnoException) => {
    await rm(aside, { force: true });
    throw new PermanentError('users-file', `the users file ${path} cannot be written (${error.code ?? 'unknown'})`);
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names the place of the problem, never its content. */
function problemIn({ issues: [issue] }: z.ZodError): string {
  return issue === undefined || issue.path.length === 0 ? 'it is not JSON in its form' : `${issue.path.join('.')} is wrong`;
}
