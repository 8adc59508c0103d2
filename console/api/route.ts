import type { Request, Response } from 'express';
import type { ZodType, z } from 'zod';
import type { Caller } from '../security/access.ts';
import type { Attempts } from '../../runtime/attempts.ts';
import type { Right } from '../security/rights.ts';
import { OwnError } from '../../runtime/errors.ts';

/** A request that is answered with an error: `{"error": message, …more}`. */
export class ApiError extends OwnError {
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
  /** If it isn't JSON. */
  readonly mediaType?: string;
}

/** One path of the API: its parameters, who may call it, its answers. Routing and documentation are both generated from it. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/api/alarms/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** What its caller must have the right to; `nothing`: anyone may call it. */
  readonly needs: 'nothing' | Right;
  readonly params: ZodType | undefined;
  readonly query: ZodType;
  readonly body: ZodType | undefined;
  /** Headers that its caller sends, for the documentation; the route reads them itself. */
  readonly headers?: ZodType;
  /** How a body that doesn't fit its schema is answered; 400 by default. */
  readonly badBody?: 422;
  /** The largest body, if it may be larger than BODY_MAX_KIB. */
  readonly bodyMaxKiB?: number;
  readonly answers: Readonly<Record<number, Documented>>;
  /** Returns the answer, or undefined if it has written or begun one itself. Rejects with ApiError, or as a store does. */
  handle(call: Call<unknown, unknown, unknown>): Promise<Answer | undefined> | Answer | undefined;
}

type Output<S> = S extends ZodType ? z.output<S> : undefined;

/** Gives `handle` the types of the schemas. */
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

/** Counts a wrong token, and returns a 401, or a 429 for a client that has sent too many. */
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

/** The caller of a route that requires one. */
export function callerOf({ caller }: Pick<Call<unknown, unknown, unknown>, 'caller'>): Caller {
  if (!caller) throw new ApiError(401, 'sign in first');
  return caller;
}
