import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import { LocalTrust } from '../../runtime/local-trust.ts';
import { bearerOf } from '../../runtime/operations-access.ts';
import { rightsOfScopes } from './api-token.ts';
import { API_NAME } from './person-name.ts';
import { type Rights, type Role, rightsOfRole } from './rights.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';
import type { Users } from './users.ts';

/** Who sent a request: a program with a bearer token, or a browser with a session. */
export interface Caller {
  readonly rights: Rights;
  /** `token`: a program with a token of its own. */
  readonly role: Role | 'token';
  readonly name: string;
  /** Identifies the caller when streams are counted. */
  readonly key: string;
  readonly session: Session | undefined;
}

export interface Place {
  /** Where the console listens. */
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  /** Reverse proxies in front of the console, which name their clients in X-Forwarded-For. */
  readonly proxies: readonly string[];
}

/** The key of a program's streams. */
export const keyOfToken = (name: string): string => `token of ${name}`;

/** Finds the tokens that have names. */
type NamedTokens = Pick<Users, 'token'>;

export interface Credentials {
  readonly tokens: Tokens;
  /** Undefined: there is no users file. */
  readonly named: NamedTokens | undefined;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Decides who may call and which requests come from the console's own page. */
export class Access {
  readonly #tokens: Tokens;
  readonly #namedTokens: NamedTokens | undefined;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly cookie: { readonly name: string; readonly secure: boolean };
  /** Whether everyone who reaches the console is trusted as someone who runs it. */
  readonly trust: LocalTrust;

  constructor(place: Place, { tokens, named }: Credentials, sessions: Sessions, clock: Clock) {
    this.#tokens = tokens;
    this.#namedTokens = named;
    this.#sessions = sessions;
    this.#clock = clock;
    this.trust = new LocalTrust({ ...place, urls: place.publicUrl === undefined ? [] : [place.publicUrl] });
    const hosts = ownHosts(place);
    const origins = new Set(hosts.map((host) => `http://${host}`));
    if (place.publicUrl !== undefined) {
      hosts.push(new URL(place.publicUrl).host);
      origins.add(place.publicUrl);
    }
    this.#hosts = new Set(hosts);
    this.#origins = origins;
    const secure = place.publicUrl?.startsWith('https:') ?? false;
    // With the port, which cookies don't distinguish: two consoles on one machine must not sign each other's users out.
    this.cookie = { secure, name: secure ? '__Host-tocsin' : `tocsin-${place.port}` };
  }

  caller(request: IncomingMessage): Caller | undefined {
    const bearer = bearerOf(request);
    if (bearer !== undefined) {
      const role = this.#tokens.role(bearer);
      if (!role) return this.#named(bearer);
      const name = role === 'operator' ? API_NAME : 'viewer';
      return { rights: rightsOfRole(role), role, name, key: `token ${role}`, session: undefined };
    }
    const cookie = cookieOf(request, this.cookie.name);
    const session = cookie === undefined ? undefined : this.#sessions.find(cookie, this.#clock());
    return session && { rights: rightsOfRole(session.role), role: session.role, name: session.name, key: session.key, session };
  }

  #named(bearer: string): Caller | undefined {
    const token = this.#namedTokens?.token(bearer);
    return (
      token && { rights: rightsOfScopes(token.scopes), role: 'token', name: token.name, key: keyOfToken(token.name), session: undefined }
    );
  }

  /**
   * Whether the Host is one of the console's own. A web page under another name that resolves to our address (DNS rebinding) sends that name. A
   * program that knows a token may use any name, since no web page could know the token.
   */
  isForUs(request: IncomingMessage): boolean {
    if (this.#hosts.has((request.headers.host ?? '').toLowerCase())) return true;
    return request.headers.authorization !== undefined && this.caller(request) !== undefined;
  }

  /** Whether the console's own page sent the request: required of requests that change something and are authorized by a cookie. */
  isOurPage(request: IncomingMessage): boolean {
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') return false;
    const { origin } = request.headers;
    if (origin !== undefined) return this.#origins.has(origin);
    return site === 'same-origin';
  }
}

function ownHosts({ host, port }: Place): string[] {
  const name = host.includes(':') ? `[${host}]` : host;
  const names = [...LOOPBACK_NAMES, name].map((own) => own.toLowerCase());
  return names.flatMap((own) => (port === 80 ? [own, `${own}:80`] : [`${own}:${port}`]));
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
