import type { Request } from 'express';
import type { z } from 'zod';
import { networkOf } from '../../runtime/network.ts';
import { lookOf } from '../security/person-name.ts';
import type { Person } from '../security/sessions.ts';
import { TooManySignIns } from '../security/users.ts';
import { whereOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, wrongToken } from './route.ts';
import type { signInBody } from './schemas.ts';

const NOBODY = { by: '', as: 'nobody' } as const;
export const WITH_PASSWORD = 'sign in with your name and your password';

/** The person who signs in. Rejects with ApiError: 400, 401, 403, 429 or 503. */
export async function personOf(deps: ApiDeps, { token, name, password }: z.output<typeof signInBody>, request: Request): Promise<Person> {
  const { users, attempts, tokens } = deps;
  if (token !== undefined) {
    if (users) throw new ApiError(403, WITH_PASSWORD);
    const spent = tokens.spend(token, deps.sessionClock());
    if (!spent) {
      deps.audit.recordOften({ action: 'sign-in-failed', ...NOBODY, ...whereOf(request) });
      throw wrongToken(attempts, request, 'this token is not known, or its link was used or has expired');
    }
    return { ...spent, name: name ?? spent.role };
  }
  if (!users) throw new ApiError(403, 'sign in with a token: no users file is set (TOCSIN_USERS)');
  if (name === undefined || password === undefined) throw new ApiError(400, WITH_PASSWORD);
  const { ip = '' } = request;
  const account = lookOf(name);
  const wait = attempts.wait(ip, account);
  const failed = { action: 'sign-in-failed', ...NOBODY, by: users.nameOf(name), ...whereOf(request) } as const;
  if (wait > 0) {
    deps.audit.recordOften(failed);
    throw tooMany(wait);
  }
  const user = await users.check(name, password, networkOf(ip)).catch((error: unknown) => {
    throw error instanceof TooManySignIns ? new ApiError(503, 'too many sign in at once, try again', {}, { 'retry-after': '1' }) : error;
  });
  if (user) return user;
  deps.audit.recordOften(failed);
  attempts.wrong(ip, account);
  throw new ApiError(401, 'name and password do not fit, or the user is disabled');
}

function tooMany(seconds: number): ApiError {
  const message = `too many wrong passwords for this name came from your address, try again in ${seconds} s`;
  return new ApiError(429, message, {}, { 'retry-after': String(seconds) });
}
