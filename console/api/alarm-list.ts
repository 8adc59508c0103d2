import type { AlarmState } from '../../alarm/alarm.ts';
import type { AlarmQuery, Archive, DamagedAlarm } from '../../archive/port.ts';
import { compareNewest } from '../live/by-age.ts';
import { type AlarmFilter, type LiveAlarm, matches, type OpenAlarms } from '../live/open-alarms.ts';
import { ApiError } from './route.ts';

/** Where a list continues: after this alarm, in this page of the archive. */
interface Cursor {
  readonly archive: string | undefined;
  readonly raisedAt: number;
  readonly id: string;
}

export interface AlarmList {
  readonly alarms: readonly LiveAlarm[];
  readonly cursor: string | null;
  /** Alarms that belong here, or may, and that only the archive has, which can't read them; undefined: it was not asked. */
  readonly damaged: readonly DamagedAlarm[] | undefined;
}

const OPEN: readonly AlarmState[] = ['ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK'];

export function statesOf(listed: 'active' | 'open' | 'all' | AlarmState): readonly AlarmState[] | undefined {
  if (listed === 'all') return undefined;
  if (listed === 'active') return ['ACTIVE_UNACK', 'ACTIVE_ACK'];
  return listed === 'open' ? OPEN : [listed];
}

/** Whether alarms in these states are all in memory. */
export function areOpen(states: readonly AlarmState[] | undefined): boolean {
  return states?.every((state) => OPEN.includes(state)) ?? false;
}

/** Newest first. Open alarms come from memory alone; if closed ones are wanted, alarms in memory replace or complete those of the archive's page. */
export async function listAlarms(
  open: OpenAlarms,
  archive: Archive,
  filter: AlarmFilter,
  limit: number,
  cursorText: string | undefined,
): Promise<AlarmList> {
  const cursor = cursorText === undefined ? undefined : readCursor(cursorText);
  const onlyOpen = areOpen(filter.states);
  // Before the archive is queried, since an alarm may leave memory meanwhile.
  const held = firstInMemory(open, filter, limit, cursor);
  if (onlyOpen) return page(held, limit, cursor, undefined, undefined);

  const query: AlarmQuery = { ...filter, limit, cursor: cursor?.archive };
  const archived = await archive.query(query);
  const last = archived.alarms.at(-1);
  // Alarms that are older than the last one of the archive's page belong to a later page.
  const reaches = (live: LiveAlarm): boolean => archived.cursor === undefined || !last || compareNewest(live.alarm, last) <= 0;
  const merged = new Map(held.filter(reaches).map((live) => [live.alarm.id, live]));
  for (const alarm of archived.alarms) {
    const live = open.find(alarm.id);
    if (live && live.alarm.version > alarm.version) {
      if (matches(live.alarm, filter) && isAfter(alarm, cursor)) merged.set(alarm.id, live);
    } else if (isAfter(alarm, cursor)) merged.set(alarm.id, { alarm, evidence: alarm.evidence, client: live?.client, recent: [] });
  }
  const sorted = [...merged.values()].sort((a, b) => compareNewest(a.alarm, b.alarm));
  const damaged = (archived.damaged ?? []).filter(({ id }) => !open.find(id));
  return page(sorted, limit, cursor, { here: cursor?.archive, next: archived.cursor }, damaged);
}

/** The first alarms in memory: one more than `limit`, which shows whether there is another page. */
function firstInMemory(open: OpenAlarms, filter: AlarmFilter, limit: number, cursor: Cursor | undefined): LiveAlarm[] {
  const found: LiveAlarm[] = [];
  for (const live of open.newestFirst(cursor)) {
    if (matches(live.alarm, filter)) found.push(live);
    if (found.length > limit) break;
  }
  return found;
}

/** The first `limit` alarms. If more are left, the next page begins with the same page of the archive. */
function page(
  sorted: readonly LiveAlarm[],
  limit: number,
  after: Cursor | undefined,
  archive: { here: string | undefined; next: string | undefined } | undefined,
  damaged: readonly DamagedAlarm[] | undefined,
): AlarmList {
  const alarms = sorted.slice(0, limit);
  const more = sorted.length > limit;
  if (!more && archive?.next === undefined) return { alarms, cursor: null, damaged };
  // The archive may have examined a page of alarms without finding any that match.
  const last = alarms.at(-1)?.alarm ?? after ?? BEFORE_ALL;
  return { alarms, cursor: writeCursor({ archive: more ? archive?.here : archive?.next, raisedAt: last.raisedAt, id: last.id }), damaged };
}

/** Later than any alarm, so that all come after it. */
const BEFORE_ALL = { raisedAt: 8.64e15, id: '\uffff' };

const isAfter = (alarm: { raisedAt: number; id: string }, cursor: Cursor | undefined): boolean =>
  cursor === undefined || compareNewest(alarm, cursor) > 0;

function writeCursor({ archive, raisedAt, id }: Cursor): string {
  return Buffer.from(JSON.stringify([raisedAt, id, archive ?? null])).toString('base64url');
}

function readCursor(text: string): Cursor {
  try {
    const [raisedAt, id, archive] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    if (Number.isSafeInteger(raisedAt) && typeof id === 'string' && (archive === null || typeof archive === 'string'))
      return { raisedAt: raisedAt as number, id, archive: archive ?? undefined };
  } catch {
    // Not JSON, so not one of ours.
  }
  throw new ApiError(400, 'cursor: was not issued by this API');
}
