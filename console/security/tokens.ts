import { createHash, randomBytes } from 'node:crypto';
import { MINUTE_MS } from '../../runtime/durations.ts';
import { sameToken } from '../../runtime/same-token.ts';
import type { Role } from './rights.ts';
import type { Person } from './sessions.ts';

export const newToken = (): string => randomBytes(24).toString('base64url');

/** Long enough to open a browser, too short to be still valid in a backup. */
const LINK_LIFE_MS = 15 * MINUTE_MS;

/** The valid tokens: those of the settings, and one sign-in link at a time, which works once. */
export class Tokens {
  readonly #fixed: readonly { readonly token: string; readonly role: Role }[];
  #link: { readonly token: string; readonly until: number } | undefined;

  constructor(apiToken: string | undefined, viewerToken: string | undefined) {
    const fixed: { token: string; role: Role }[] = [];
    if (apiToken !== undefined) fixed.push({ token: apiToken, role: 'operator' });
    if (viewerToken !== undefined) fixed.push({ token: viewerToken, role: 'viewer' });
    this.#fixed = fixed;
  }

  /** The role of a bearer token; links are for browsers only. */
  role(token: string): Role | undefined {
    let role: Role | undefined;
    for (const known of this.#fixed) if (sameToken(token, known.token)) role ??= known.role;
    return role;
  }

  /** Creates a one-time token and invalidates the previous one. */
  newLink(now: number): string {
    this.#link = { token: newToken(), until: now + LINK_LIFE_MS };
    return this.#link.token;
  }

  /** As `role`, but accepts the one-time token too and invalidates it. */
  spend(token: string, now: number): Omit<Person, 'name'> | undefined {
    const link = this.#link;
    if (link && sameToken(token, link.token)) {
      this.#link = undefined;
      return now < link.until ? { role: 'operator', mark: LINK } : undefined;
    }
    const role = this.role(token);
    return role && { role, mark: markOf(token) };
  }

  /** Whether the credential that somebody signed in with is still valid. */
  isCurrent({ role, mark }: Person): boolean {
    return mark === LINK ? role === 'operator' : this.#fixed.some((known) => known.role === role && markOf(known.token) === mark);
  }
}

/** Sign-in links keep their sessions: only the person who runs the console is shown a link. */
const LINK = 'link';

/** Distinguishes secrets without revealing them: they are too long to be guessed. */
export function markOf(secret: string): string {
  return createHash('sha256').update(`session ${secret}`).digest('base64url').slice(0, 22);
}
