import { newToken, type Role } from './tokens.ts';

export interface Session {
  readonly id: string;
  readonly role: Role;
  /** Recorded with everything that is done. */
  readonly name: string;
  /** The hash of the user's password, for users of the users file: with another password the session ends. */
  readonly password?: string;
  /** When it ends, ms, by the clock for sessions. */
  readonly until: number;
}

/** Who signs in. */
export type Person = Pick<Session, 'role' | 'name' | 'password'>;

export interface Started {
  readonly session: Session;
  /** The id of the session that was ended to make room. */
  readonly ended: string | undefined;
}

/** Signed-in browsers, in memory: after a restart everyone signs in again. */
export class Sessions {
  /** In order of use, the longest unused first. */
  readonly #sessions = new Map<string, Session>();
  readonly #max: number;
  readonly #viewersMax: number;
  readonly #lifeMs: number;

  /** At most half of them may be viewers'. */
  constructor(max: number, lifeMs: number) {
    this.#max = max;
    this.#viewersMax = Math.max(1, Math.floor(max / 2));
    this.#lifeMs = lifeMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * If there is no room, ends the longest unused session: a viewer's if there is one, otherwise an operator's. Undefined: all are operators', which a
   * viewer cannot end.
   */
  start({ role, name, password }: Person, now: number): Started | undefined {
    for (const { id, until } of this.#sessions.values()) if (now >= until) this.#sessions.delete(id);
    const viewers = [...this.#sessions.values()].filter((session) => session.role === 'viewer');
    const isFull = this.#sessions.size >= this.#max || (role === 'viewer' && viewers.length >= this.#viewersMax);
    const [longestUnused] = viewers.length > 0 || role === 'viewer' ? viewers : this.#sessions.values();
    const ended = isFull ? longestUnused : undefined;
    if (isFull && !ended) return undefined;
    if (ended) this.#sessions.delete(ended.id);
    const session: Session = { id: newToken(), role, name, ...(password !== undefined && { password }), until: now + this.#lifeMs };
    this.#sessions.set(session.id, session);
    return { session, ended: ended?.id };
  }

  find(id: string, now: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    this.#sessions.delete(id);
    if (now >= session.until) return undefined;
    this.#sessions.set(id, session);
    return session;
  }

  /** Ends the sessions of persons who may no longer do what they could when they signed in; returns their ids. */
  endWhereNot(isCurrent: (person: Person) => boolean): readonly string[] {
    const ended = [...this.#sessions.values()].filter((session) => !isCurrent(session)).map(({ id }) => id);
    for (const id of ended) this.#sessions.delete(id);
    return ended;
  }

  end(id: string): void {
    this.#sessions.delete(id);
  }
}
