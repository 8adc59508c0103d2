import { newToken, type Role } from './tokens.ts';

export interface Session {
  readonly id: string;
  readonly role: Role;
  /** Recorded with everything that is done. */
  readonly name: string;
  /** When it ends, ms, by the clock for sessions. */
  readonly until: number;
}

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
  start(role: Role, name: string, now: number): Started | undefined {
    for (const { id, until } of this.#sessions.values()) if (now >= until) this.#sessions.delete(id);
    const viewers = [...this.#sessions.values()].filter((session) => session.role === 'viewer');
    const isFull = this.#sessions.size >= this.#max || (role === 'viewer' && viewers.length >= this.#viewersMax);
    const [longestUnused] = viewers.length > 0 || role === 'viewer' ? viewers : this.#sessions.values();
    const ended = isFull ? longestUnused : undefined;
    if (isFull && !ended) return undefined;
    if (ended) this.#sessions.delete(ended.id);
    const session: Session = { id: newToken(), role, name, until: now + this.#lifeMs };
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

  end(id: string): void {
    this.#sessions.delete(id);
  }
}
