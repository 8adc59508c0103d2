/** Requests and answers about the audit trail. */
import { z } from 'zod';
import { AUDIT_ACTIONS } from '../../records/audit-row.ts';
import { instant, time, wholeText } from './schemas.ts';

const LIMIT_MAX = 1_000;

export const auditQuery = z.strictObject({
  from: instant.optional().describe('at or after'),
  to: instant.optional().describe('before'),
  user: z.string().min(1).max(200).optional().describe('the name of a user or token, as in `by`'),
  action: z.enum(AUDIT_ACTIONS, { error: `must be one of ${AUDIT_ACTIONS.join(', ')}` }).optional(),
  limit: wholeText(1, LIMIT_MAX, `must be a whole number from 1 to ${LIMIT_MAX}`).default(100),
  cursor: z.string().min(1).max(4_000).optional().describe('from the previous answer'),
});

const row = z.object({
  at: time,
  until: time.optional().describe('when it was repeated last, if `count` is of repetitions'),
  action: z.string(),
  by: z.string().describe('name of the user or token; empty if it is not known'),
  as: z
    .string()
    .describe('how the name is known: user (password), token, claimed (typed by whoever signed in with a token), system, nobody'),
  from: z.string().describe('address of the client'),
  on: z
    .array(z.record(z.string(), z.union([z.string(), z.number()])))
    .describe('{alarm, version}, {sensor}, {incident, version}, {handover}, {session, of}, {user}, {token} or {call}'),
  count: z.int().describe('how often, from `at` to `until`'),
  actionId: z.string().optional().describe('of an action on an alarm: GET /api/actions/{id} has its outcome, and so has the custody'),
  chain: z.string(),
  n: z.int().describe('place in its chain'),
});
export type AuditRowAnswer = z.infer<typeof row>;
export const auditPage = z.object({ rows: z.array(row), cursor: z.string().nullable() });
