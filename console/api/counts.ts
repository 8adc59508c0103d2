import { counted } from '../../runtime/counted.ts';
import type { MinuteCount } from '../../history/port.ts';
import { iso } from './alarm-json.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, ok, type Route, route } from './route.ts';
import { countsAnswer, countsQuery, problem } from './schemas.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../runtime/durations.ts';

const SPAN_MAX_MS = 31 * DAY_MS;

export function countRoutes(deps: ApiDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/counts',
      summary: 'Alarms raised per minute and type, over 31 days at most.',
      needs: 'read',
      params: undefined,
      query: countsQuery(deps.types),
      body: undefined,
      answers: {
        200: { description: 'The counts, in order of time.', schema: countsAnswer },
        400: { description: 'Not a valid span.', schema: problem },
      },
      handle: async ({ query }) => {
        const to = query.to === undefined ? deps.clock() : Date.parse(query.to);
        const from = Math.floor((query.from === undefined ? to - HOUR_MS : Date.parse(query.from)) / MINUTE_MS) * MINUTE_MS;
        if (to <= from) throw new ApiError(400, 'from: must be before to');
        if (to - from > SPAN_MAX_MS) throw new ApiError(400, 'from: must be at most 31 days before to');
        const damaged = new Set<number>();
        const counts = await deps.history.counts(from, to, query.type, (minute) => damaged.add(minute));
        const problems = damaged.size === 0 ? {} : { problems: [incompleteWords([...damaged])] };
        return ok({ from: iso(from), to: iso(to), counts: perMinute(counts), ...problems });
      },
    }),
  ];
}

function incompleteWords([first = 0, ...others]: readonly number[]): string {
  const more = others.length === 0 ? '' : ` and in ${counted(others.length, 'other minute')}`;
  return `alarms are missing in the minute of ${iso(first)}${more}: counts are damaged in the history`;
}

/** One count per minute and type: the sum over regions and partitions. */
function perMinute(counts: readonly MinuteCount[]) {
  const sums = new Map<string, { readonly minute: number; readonly type: string; count: number }>();
  for (const { minute, type, count } of counts) {
    const key = `${minute} ${type}`;
    const known = sums.get(key);
    if (known) known.count += count;
    else sums.set(key, { minute, type, count });
  }
  return [...sums.values()]
    .sort((a, b) => a.minute - b.minute || a.type.localeCompare(b.type))
    .map(({ minute, type, count }) => ({ minute: iso(minute), type, count }));
}
