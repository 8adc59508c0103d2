import { lookOf } from '../../console/security/person-name.ts';
import { type Accounts, readAccounts, userName } from '../../console/security/users-file.ts';
import { UsageError } from '../../runtime/command-line.ts';
import { PermanentError } from '../../runtime/errors.ts';

/** The file's form of a name. Throws UsageError. */
export function nameIn(word: string): string {
  const read = userName.safeParse(word);
  if (!read.success) throw new UsageError(read.error.issues.map(({ message }) => `NAME ${message}`));
  return read.data;
}

/** Users and tokens stand beside what they did, so no two names may look the same. Throws UsageError. */
export function refuseAlike(name: string, { users, tokens }: Accounts): void {
  const alike = [...users, ...tokens].find((other) => lookOf(other.name) === lookOf(name));
  if (alike) throw new UsageError([`${name} looks the same as ${alike.name}, which exists already`]);
}

/** None if there is no file yet. */
export async function accountsOrNone(path: string): Promise<Accounts> {
  return readAccounts(path).catch((error: unknown) => {
    if (error instanceof PermanentError && error.code === 'users-file-missing') return { users: [], tokens: [] };
    throw error;
  });
}
