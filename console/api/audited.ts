import type { Request } from 'express';
import type { AuditAction, AuditEvent, AuditThing } from '../../records/audit-row.ts';
import type { Caller } from '../security/access.ts';
import type { ApiDeps } from './deps.ts';
import { type Call, callerOf } from './route.ts';

/** The parts of a call that say who makes it. */
export type Asking = Pick<Call<unknown, unknown, unknown>, 'caller' | 'request'>;
type Deps = Pick<ApiDeps, 'audit' | 'users'>;

/** What the audit trail says about a call. */
export function eventOf({ users }: Pick<Deps, 'users'>, call: Asking, action: AuditAction, on: readonly AuditThing[] = []): AuditEvent {
  return { action, ...whoOf(callerOf(call), users), ...whereOf(call.request), ...(on.length > 0 && { on }) };
}

/** The name of a caller, and how it is known. */
export function whoOf(caller: Caller | undefined, users: Deps['users']): Pick<AuditEvent, 'by' | 'as'> {
  return caller ? { by: caller.name, as: howKnown(caller, users !== undefined) } : { by: '', as: 'nobody' };
}

export const whereOf = ({ ip = '' }: Request): Pick<AuditEvent, 'from'> => ({ from: ip });

function howKnown({ session }: Caller, byPassword: boolean): AuditEvent['as'] {
  if (!session) return 'token';
  return byPassword ? 'user' : 'claimed';
}

/**
 * Records that somebody sees clients' data. False: it cannot be recorded, and what can wait must not be shown. Those who see no clients' data are not recorded.
 */
export function sees(deps: Deps, call: Asking, action: AuditAction, on: readonly AuditThing[] = []): boolean {
  if (!callerOf(call).rights.has('clients')) return true;
  return deps.audit.recordView(eventOf(deps, call, action, on));
}

/** Beside what is shown without the client. */
export const NOT_RECORDED = 'the client is not shown: the audit trail cannot record at the moment that you see it';
