import type { IncomingMessage } from 'node:http';
import type { Attempts } from './attempts.ts';
import type { LocalTrust } from './local-trust.ts';
import { clientAddress } from './network.ts';
import { sameToken } from './same-token.ts';

/** Decides who gets the reasons in /readyz, and /metrics. */
export interface OperationsAccess {
  /** Whether the caller may see why the process is not ready: reasons name servers, files and sensors. */
  readonly seesReasons: (request: IncomingMessage) => boolean;
  readonly seesMetrics: (request: IncomingMessage) => boolean;
  /**
   * Counts a bearer token that nobody has, for a caller who would otherwise be told no more than anybody; returns how many seconds the client must wait, 0
   * if it need not. Undefined: the request has no such token.
   */
  readonly wrongBearer: (request: IncomingMessage) => number | undefined;
}

export interface OperationsRules {
  readonly trust: LocalTrust;
  /** Each of these tokens opens both. */
  readonly tokens: readonly string[];
  /** What a program's own token opens: `metrics`, `reasons`; undefined: nobody has that token. */
  readonly rightsOf?: ((bearer: string) => ReadonlySet<string> | undefined) | undefined;
  /** Anyone who can reach the port may read the metrics. */
  readonly metricsOpen: boolean;
  /** Of wrong tokens. */
  readonly attempts: Attempts;
  /** Whether an address is a reverse proxy's that names its clients in X-Forwarded-For. */
  readonly isProxy: (address: string) => boolean;
}

export function operationsAccess({ trust, tokens, rightsOf, metricsOpen, attempts, isProxy }: OperationsRules): OperationsAccess {
  const rightsOfBearer = (request: IncomingMessage): ReadonlySet<string> | undefined => {
    const bearer = bearerOf(request);
    return bearer === undefined ? undefined : rightsOf?.(bearer);
  };
  const may = (request: IncomingMessage, right: 'metrics' | 'reasons'): boolean =>
    trust.holdsFor(request) || hasOneOf(tokens, request) || rightsOfBearer(request)?.has(right) === true;
  const isKnown = (request: IncomingMessage): boolean => hasOneOf(tokens, request) || rightsOfBearer(request) !== undefined;
  return {
    seesReasons: (request) => may(request, 'reasons'),
    seesMetrics: (request) => metricsOpen || may(request, 'metrics'),
    wrongBearer: (request) =>
      bearerOf(request) === undefined || isKnown(request) ? undefined : attempts.wrong(clientOf(request, isProxy)),
  };
}

/** The token of a request, if it has one. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** The address of a request's client; behind a reverse proxy of ours, the one that it names. */
export function clientOf({ headers, socket }: IncomingMessage, isProxy: (address: string) => boolean): string {
  const forwarded = headers['x-forwarded-for'];
  return clientAddress(socket.remoteAddress, typeof forwarded === 'string' ? forwarded : undefined, isProxy);
}

function hasOneOf(tokens: readonly string[], request: IncomingMessage): boolean {
  const bearer = bearerOf(request);
  return bearer !== undefined && tokens.some((token) => sameToken(bearer, token));
}
