import type { IncomingMessage } from 'node:http';
import type { LocalTrust } from './local-trust.ts';
import { sameToken } from './same-token.ts';

/** Decides who gets the reasons in /readyz, and /metrics. */
export interface OperationsAccess {
  /** Whether the caller may see why the process is not ready: reasons name servers, files and sensors. */
  readonly seesReasons: (request: IncomingMessage) => boolean;
  readonly seesMetrics: (request: IncomingMessage) => boolean;
}

export interface OperationsRules {
  readonly trust: LocalTrust;
  /** Each of these tokens opens both. */
  readonly tokens: readonly string[];
  /** Anyone who can reach the port may read the metrics. */
  readonly metricsOpen: boolean;
}

export function operationsAccess({ trust, tokens, metricsOpen }: OperationsRules): OperationsAccess {
  const seesReasons = (request: IncomingMessage): boolean => trust.holdsFor(request) || hasOneOf(tokens, request);
  return { seesReasons, seesMetrics: (request) => metricsOpen || seesReasons(request) };
}

/** The token of a request, if it has one. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '')?.[1];
}

function hasOneOf(tokens: readonly string[], request: IncomingMessage): boolean {
  const bearer = bearerOf(request);
  return bearer !== undefined && tokens.some((token) => sameToken(bearer, token));
}
