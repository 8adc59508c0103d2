import type { Request, Response } from 'express';
import type { ZodType, z } from 'zod';
import type { Caller } from '../security/access.ts';
import type { Attempts } from '../security/attempts.ts';
import type { Role } from '../security/tokens.ts';

/** A request that is answered with an error: `{"error": message, …more}`. */
export class ApiError extends Error {
  readonly status: number;
  readonly more: object;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, more: object = {}, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.more = more;
    this.headers = headers;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Undefined only on routes that anyone may call. */
  readonly caller: Caller | undefined;
  readonly request: Request;
  readonly response: Response;
}

export const BODY_MAX_KIB = 16;

interface Documented {
  readonly description: string;
  readonly schema?: ZodType;
  /** Where it isn't JSON. */
  readonly mediaType?: string;
}

/** One path of the API: what it takes, who may call it, what it answers. Routing and documentation both come from it. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/api/alarms/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** `viewer` lets operators in too. */
  readonly who: 'anyone' | Role;
  readonly params: ZodType | undefined;
  readonly query: ZodType;
  readonly body: ZodType | undefined;
  /** Where a body may be larger than BODY_MAX_KIB. */
  readonly bodyMaxKiB?: number;
  readonly answers: Readonly<Record<number, Documented>>;
  /** Resolves with the answer, or undefined where it has written or begun one itself. */
  handle(call: Call<unknown, unknown, unknown>): Promise<Answer | undefined> | Answer | undefined;
}

type Output<S> = S extends ZodType ? z.output<S> : undefined;

/** Types `handle` by the schemas. */
export function route<P extends ZodType | undefined, Q extends ZodType, B extends ZodType | undefined>(
  definition: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    readonly params: P;
    readonly query: Q;
    readonly body: B;
    handle(call: Call<Output<P>, Output<Q>, Output<B>>): Promise<Answer | undefined> | Answer | undefined;
  },
): Route {
  return definition as unknown as Route;
}

/** 401; 429 for a client that has sent many. Counts it. */
export function wrongToken(attempts: Attempts, { ip = '' }: Request, message: string): ApiError {
  const wait = attempts.wrong(ip);
  return wait === 0
    ? new ApiError(401, message, {}, { 'www-authenticate': 'Bearer realm="tocsin"' })
    : new ApiError(
        429,
        `${message}; too many wrong tokens came from your address, try again in ${wait} s`,
        {},
        { 'retry-after': String(wait) },
      );
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** The caller of a route that isn't for anyone. */
export function callerOf({ caller }: Pick<Call<unknown, unknown, unknown>, 'caller'>): Caller {
  if (!caller) throw new ApiError(401, 'sign in first');
  return caller;
}
