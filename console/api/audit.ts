import { z } from 'zod';
import { AUDIT_ACTIONS, type AuditRow } from '../../records/audit-row.ts';
import { pageOfRows } from '../audit/page-of-rows.ts';
import { iso } from './alarm-json.ts';
import { eventOf } from './audited.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, ok, type Route, route } from './route.ts';
import { auditPage, auditQuery, type AuditRowAnswer } from './schemas-audit.ts';

/** Each reads thousands of rows. */
const AT_ONCE = 2;

export function auditRoutes(deps: ApiDeps): Route[] {
  let underWay = 0;
  return [
    route({
      method: 'get',
      path: '/api/audit',
      summary: 'The audit trail: who did and saw what, the newest first.',
      needs: 'audit',
      params: undefined,
      query: auditQuery,
      body: undefined,
      answers: {
        200: {
          description: `A page of rows; \`cursor\` is null on the last one. A page may have fewer rows than asked for, or none, and still have a cursor. Actions: ${AUDIT_ACTIONS.join(', ')}.`,
          schema: auditPage,
        },
      },
      handle: async (call) => {
        const { from, to, user, action, limit, cursor } = call.query;
        const filter = { from: epoch(from), to: epoch(to), by: user, action };
        const begin = cursor === undefined ? undefined : readCursor(cursor, deps.log.partitions);
        deps.audit.recordOften(eventOf(deps, call, 'audit-read'));
        if (underWay >= AT_ONCE) throw new ApiError(503, 'others are reading the audit trail: try again');
        underWay += 1;
        try {
          const page = await pageOfRows(deps.log, filter, limit, begin);
          return ok({ rows: page.rows.map(rowJson), cursor: page.cursor ? writeCursor(page.cursor) : null });
        } finally {
          underWay -= 1;
        }
      },
    }),
  ];
}

const epoch = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

function rowJson({ at, until, action, by, as, from, on, count, actionId, chain, n }: AuditRow): AuditRowAnswer {
  return {
    at: iso(at),
    ...(until !== undefined && { until: iso(until) }),
    action,
    by,
    as,
    from,
    on: on ? [...on] : [],
    count: count ?? 1,
    ...(actionId !== undefined && { actionId }),
    chain,
    n,
  };
}

const offsets = z.array(z.int().nonnegative());
const writeCursor = (cursor: readonly number[]): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

function readCursor(text: string, partitions: number): readonly number[] {
  try {
    const { data } = offsets.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (data?.length === partitions) return data;
  } catch {
    // Not JSON, so not one of ours.
  }
  throw new ApiError(400, 'cursor: was not issued by this API');
}
