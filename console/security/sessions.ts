import { newToken, type Role } from './tokens.ts';

export interface Session {
  readonly id: string;
  readonly role: Role;
  /** Stands in the log beside all that is done. */
  readonly name: string;
  readonly until: number;
}

/** Signed-in browsers, in memory: after a restart everyone signs in again. */
export class Sessions {
  /** In order of use, the longest unused first. */
  readonly #sessions = new Map<string, Session>();
  readonly #max: number;
  readonly #lifeMs: number;

  constructor(max: number, lifeMs: number) {
    this.#max = max;
    this.#lifeMs = lifeMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  start(role: Role, name: string, now: number): Session {
    const session: Session = { id: newToken(), role, name, until: now + this.#lifeMs };
    this.#sessions.set(session.id, session);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size <= this.#max) break;
      this.#sessions.delete(oldest);
    }
    return session;
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
