import { createHash } from 'node:crypto';
import type { Role } from './rights.ts';
import { newToken } from './tokens.ts';

/** A person or program that signs in. */
export interface Person {
  readonly role: Role;
  /** The name recorded with each action. */
  readonly name: string;
  /** Identifies the credential used to sign in without revealing it: once the token or password changes, the session is over. */
  readonly mark: string;
}

export interface Session extends Person {
  /** A digest of the browser's cookie, so that reading it does not allow using the session. */
  readonly key: string;
  /** Times are in ms of the sessions' clock. */
  readonly since: number;
  readonly until: number;
  readonly usedAt: number;
}

export interface Started {
  readonly session: Session;
  /** For the browser's cookie; stored nowhere else. */
  readonly cookie: string;
  /** The key of the session that was ended to make room. */
  readonly ended: string | undefined;
}

export interface SessionLimits {
  /** Maximum number of sessions, of which at most half may be viewers'. */
  readonly max: number;
  readonly lifeMs: number;
  /** A session unused for this long ends; 0: it ends only after `lifeMs`. */
  readonly idleMs: number;
}

/** The browsers that are signed in. */
export class Sessions {
  /** In order of last use, the longest unused first. */
  readonly #sessions = new Map<string, Session>();
  readonly #limits: SessionLimits;
  /** Grows whenever a session starts or ends. */
  version = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The current sessions, the longest unused first. */
  all(now: number): readonly Session[] {
    this.#endOver(now);
    return [...this.#sessions.values()];
  }

  /** Restores sessions of an earlier run. None lasts longer than one that starts now, whatever the clock or the settings were then. */
  restore(sessions: readonly Session[], now: number): void {
    const { max, lifeMs } = this.#limits;
    for (const { until, usedAt, ...rest } of sessions.toSorted((a, b) => a.usedAt - b.usedAt).slice(-max))
      this.#sessions.set(rest.key, { ...rest, until: Math.min(until, now + lifeMs), usedAt: Math.min(usedAt, now) });
    this.#endOver(now);
  }

  /**
   * Starts a session. If there is no room, ends the longest unused one: a viewer's if there is one, otherwise an operator's. Undefined: all are
   * operators', which a viewer cannot end.
   */
  start({ role, name, mark }: Person, now: number): Started | undefined {
    const { max, lifeMs } = this.#limits;
    const all = this.all(now);
    const viewers = all.filter((session) => session.role === 'viewer');
    const isFull = all.length >= max || (role === 'viewer' && viewers.length >= Math.max(1, Math.floor(max / 2)));
    const [longestUnused] = viewers.length > 0 || role === 'viewer' ? viewers : all;
    const ended = isFull ? longestUnused : undefined;
    if (isFull && !ended) return undefined;
    if (ended) this.end(ended.key);
    const cookie = newToken();
    const session: Session = { key: keyOf(cookie), role, name, mark, since: now, until: now + lifeMs, usedAt: now };
    this.#sessions.set(session.key, session);
    this.version += 1;
    return { session, cookie, ended: ended?.key };
  }

  /** The session of a cookie; counts as a use of it. Undefined if there is none. */
  find(cookie: string, now: number): Session | undefined {
    const key = keyOf(cookie);
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    this.#sessions.delete(key);
    if (this.#isOver(session, now)) {
      this.version += 1;
      return undefined;
    }
    const used = { ...session, usedAt: now };
    this.#sessions.set(key, used);
    return used;
  }

  /** Ends the sessions of persons who have lost rights since they signed in; returns their keys. */
  endWhereNot(isCurrent: (person: Person) => boolean): readonly string[] {
    const ended = [...this.#sessions.values()].filter((session) => !isCurrent(session)).map(({ key }) => key);
    for (const key of ended) this.end(key);
    return ended;
  }

  end(key: string): void {
    if (this.#sessions.delete(key)) this.version += 1;
  }

  #endOver(now: number): void {
    for (const session of this.#sessions.values()) if (this.#isOver(session, now)) this.end(session.key);
  }

  #isOver({ until, usedAt }: Session, now: number): boolean {
    const { idleMs } = this.#limits;
    return now >= until || (idleMs > 0 && now - usedAt >= idleMs);
  }
}

function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url');
}
