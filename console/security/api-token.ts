/** Tokens of programs, each with a name and scopes: `npm run users -- token add`. */
import { createHash, randomBytes } from 'node:crypto';
import type { Right, Rights } from './rights.ts';

/** What a token may be given. */
export const SCOPES = ['read', 'clients', 'acknowledge', 'audit', 'metrics'] as const;
export type Scope = (typeof SCOPES)[number];

const RIGHTS: Readonly<Record<Scope, readonly Right[]>> = {
  read: ['read'],
  clients: ['read', 'clients'],
  acknowledge: ['read', 'acknowledge'],
  audit: ['audit'],
  metrics: ['metrics', 'reasons'],
};

export const rightsOfScopes = (scopes: readonly Scope[]): Rights => new Set(scopes.flatMap((scope) => RIGHTS[scope]));

const PREFIX = 'tocsin_';
export const TOKEN_HASH = /^[\w-]{43}$/;

/** A new token, which is shown once and stored nowhere. */
export const newApiToken = (): string => PREFIX + randomBytes(24).toString('base64url');

/** What is stored. No salt and no slow hash: a token is random and too long to be guessed. */
export const hashOfToken = (token: string): string => createHash('sha256').update(`token ${token}`).digest('base64url');
