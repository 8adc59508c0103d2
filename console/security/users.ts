import { isDeepStrictEqual } from 'node:util';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { hashOfToken } from './api-token.ts';
import { lookOf } from './person-name.ts';
import { hashOf, isPassword } from './password.ts';
import type { Person } from './sessions.ts';
import { markOf } from './tokens.ts';
import { type Accounts, type ApiToken, readAccounts, type User } from './users-file.ts';

/** A disabled user is signed out within this time. */
const READ_AGAIN_MS = 5_000;
/** Checking a password takes 32 MiB, and a core for 0.1 s. */
const LIMITS: SignInLimits = { atOnce: 2, waiting: 50, ofClient: 4 };
const PART = 'console-users';

/** Too many passwords are waiting to be checked. */
export class TooManySignIns extends Error {}

/** What somebody changed in the file. `changed`: another role, password or scopes, disabled or enabled. */
export interface AccountChange {
  readonly of: 'user' | 'token';
  readonly change: 'added' | 'changed' | 'removed';
  readonly name: string;
}

export interface SignInLimits {
  /** Maximum number of passwords checked at a time. */
  readonly atOnce: number;
  /** Maximum number of passwords waiting to be checked. */
  readonly waiting: number;
  /** Maximum number of one client's passwords being checked or waiting, so that no client keeps others from signing in or guesses many at a time. */
  readonly ofClient: number;
}

export interface UsersDeps {
  readonly health: Health;
  readonly logger: Logger;
  readonly limits?: SignInLimits;
}

/** The persons who may sign in with a name and password. Reads the file every few seconds, so that a change needs no restart. */
export class Users {
  readonly #path: string;
  readonly #deps: UsersDeps;
  readonly #nobody: string;
  #users: ReadonlyMap<string, User>;
  #tokens: ReadonlyMap<string, ApiToken>;
  #tokensByHash: ReadonlyMap<string, ApiToken>;
  #checking = 0;
  readonly #waiting: (() => void)[] = [];
  /** Number of passwords being checked or waiting, by client. */
  readonly #ofClient = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #changed: (changes: readonly AccountChange[]) => void = () => undefined;

  private constructor(path: string, { users, tokens }: Accounts, nobody: string, deps: UsersDeps) {
    this.#path = path;
    this.#deps = deps;
    this.#nobody = nobody;
    this.#users = byLook(users);
    this.#tokens = byLook(tokens);
    this.#tokensByHash = byHash(tokens);
    this.#timer = setInterval(() => void this.readAgain(), READ_AGAIN_MS);
    this.#timer.unref();
  }

  /** Rejects with PermanentError `users-file` or `users-file-missing`. */
  static async open(path: string, deps: UsersDeps): Promise<Users> {
    return new Users(path, await readAccounts(path), await hashOf('nobody has this password'), deps);
  }

  /**
   * The user with that name and password; undefined if there is none or the user is disabled. Takes as long for unknown names. Rejects with TooManySignIns
   * if too many passwords are waiting to be checked, of this client or of all.
   */
  async check(name: string, password: string, client: string): Promise<Person | undefined> {
    const { ofClient } = this.#deps.limits ?? LIMITS;
    const own = this.#ofClient.get(client) ?? 0;
    if (own >= ofClient) throw new TooManySignIns('too many sign-ins of this client at a time');
    this.#ofClient.set(client, own + 1);
    try {
      return await this.#checkInTurn(name, password);
    } finally {
      const left = (this.#ofClient.get(client) ?? 1) - 1;
      if (left === 0) this.#ofClient.delete(client);
      else this.#ofClient.set(client, left);
    }
  }

  async #checkInTurn(name: string, password: string): Promise<Person | undefined> {
    const { atOnce, waiting } = this.#deps.limits ?? LIMITS;
    while (this.#checking >= atOnce) {
      if (this.#waiting.length >= waiting) throw new TooManySignIns('too many sign-ins at a time');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#checking += 1;
    try {
      const user = this.#users.get(lookOf(name));
      const isRight = await isPassword(password, user?.password ?? this.#nobody);
      return isRight && user && !user.disabled ? personOf(user) : undefined;
    } finally {
      this.#checking -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** The name of a user that looks like the given one; empty if there is none, so that nothing is written down that may be a password. */
  nameOf(name: string): string {
    return this.#users.get(lookOf(name))?.name ?? '';
  }

  /** The token of a program; undefined if there is none, or it is disabled. */
  token(bearer: string): ApiToken | undefined {
    const token = this.#tokensByHash.get(hashOfToken(bearer));
    return token?.disabled ? undefined : token;
  }

  /** Whether a signed-in person is still in the file, enabled, with the same name, role and password. */
  isCurrent({ name, role, mark }: Person): boolean {
    const user = this.#users.get(lookOf(name));
    return user !== undefined && !user.disabled && user.name === name && user.role === role && markOf(user.password) === mark;
  }

  /** Rereads the file regularly; calls `changed` after each time with what differs, which may be nothing. */
  onChange(changed: (changes: readonly AccountChange[]) => void): void {
    this.#changed = changed;
  }

  /** Never rejects: a file that cannot be read changes nothing, since otherwise a damaged file would sign everyone out in the middle of a fire. */
  async readAgain(): Promise<void> {
    const { health, logger } = this.#deps;
    try {
      const { users, tokens } = await readAccounts(this.#path);
      const before = { users: this.#users, tokens: this.#tokens };
      this.#users = byLook(users);
      this.#tokens = byLook(tokens);
      this.#tokensByHash = byHash(tokens);
      health.notice(PART, undefined);
      this.#changed([...changesBetween('user', before.users, this.#users), ...changesBetween('token', before.tokens, this.#tokens)]);
    } catch (error) {
      const reason = reasonOf(error);
      if (health.notices()[PART] === undefined)
        logger.error({ reason }, 'the users file cannot be read; the users known before may sign in');
      health.notice(PART, `${reason}; the users known before may sign in`);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function changesBetween<T extends { readonly name: string }>(
  of: AccountChange['of'],
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): AccountChange[] {
  const now = [...after].flatMap(([look, user]): AccountChange[] => {
    const was = before.get(look);
    if (!was) return [{ of, change: 'added', name: user.name }];
    return isDeepStrictEqual(was, user) ? [] : [{ of, change: 'changed', name: user.name }];
  });
  const gone = [...before].filter(([look]) => !after.has(look)).map(([, { name }]): AccountChange => ({ of, change: 'removed', name }));
  return [...now, ...gone];
}

function personOf({ name, role, password }: User): Person {
  return { name, role, mark: markOf(password) };
}

function byHash(tokens: readonly ApiToken[]): ReadonlyMap<string, ApiToken> {
  return new Map(tokens.map((token) => [token.hash, token]));
}

function byLook<T extends { readonly name: string }>(accounts: readonly T[]): ReadonlyMap<string, T> {
  return new Map(accounts.map((account) => [lookOf(account.name), account]));
}
