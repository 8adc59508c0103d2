import { ALARM_STATES, type Alarm, type AlarmState } from '../alarm/alarm.ts';
import { type DamagedRows, damagedRowsOf } from '../runtime/damaged-rows.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import { inParallel } from '../cassandra/parallel.ts';
import type { CassandraDeps, CassandraSession, Row } from '../cassandra/session.ts';
import { ALL, type AlarmList, archiveStatements, BUCKET_NUMBERS, listOfSensor, periodOf } from './cassandra-statements.ts';
import { Keeping } from './cassandra-keeping.ts';
import { withoutEvidence } from './brief-alarm.ts';
import { cursorOf, type PagePlace, placeOfCursor } from './cursor.ts';
import { inOrderOfTime } from './custody.ts';
import {
  type AlarmPage,
  type AlarmQuery,
  type Archive,
  type ArchivedAlarm,
  type BriefAlarm,
  CUSTODY_KINDS,
  type CustodyEntry,
  type DamagedAlarm,
} from './port.ts';

export interface CassandraArchiveDeps extends CassandraDeps {
  /** Alarms that are over are removed this many days after they were raised. */
  readonly days: number;
  readonly removalClock: RemovalClock;
}

const OVER: AlarmState = 'CLEARED_ACK';
const READS_AT_A_TIME = 32;
const ROWS_PER_READ = 500;
/** A page reads at most this many rows and periods. */
const ROWS_PER_PAGE = 10_000;
const PERIODS_PER_PAGE = 200;
/** Later than any alarm. */
const LATEST = 8.64e15;
/** At most this many periods are remembered as written; more than the hours, and sensors' days, that are in use at a time. */
const PERIODS_KNOWN_MAX = 20_000;

/**
 * The archive in Cassandra. Writing an open alarm reads nothing first: cells have the alarm's version in their timestamp, so that the highest one
 * stays. Rejects as the session does.
 */
export function openCassandraArchive(session: CassandraSession, deps: CassandraArchiveDeps): Archive {
  return new CassandraArchive(session, deps);
}

class CassandraArchive implements Archive {
  readonly #session: CassandraSession;
  readonly #statements: ReturnType<typeof archiveStatements>;
  readonly #keeping: Keeping;
  readonly #periodsWritten = new Set<string>();
  readonly #damagedRows: Pick<DamagedRows, 'found'>;

  constructor(session: CassandraSession, deps: CassandraArchiveDeps) {
    const { days, clock, removalClock } = deps;
    this.#damagedRows = damagedRowsOf(deps);
    this.#session = session;
    this.#statements = archiveStatements(session.config.keyspace);
    this.#keeping = new Keeping(days, clock, removalClock);
  }

  async put(alarms: readonly ArchivedAlarm[], custody: readonly { readonly alarm: string; readonly entry: CustodyEntry }[]): Promise<void> {
    const rows = await this.#withPlaces(newestOf(alarms));
    const periods = this.#periodsOf(rows);
    const { putAlarm, putOpen, putCustody, putPeriod, removeOpen } = this.#statements;
    await this.#session.write([
      ...rows.flatMap((row) => putAlarm(row, row.state === OVER ? this.#keeping.secondsAfter(row.raisedAt) : 0)),
      ...periods.map(({ list, period }) => putPeriod(list.name, period, this.#keeping.secondsAfter(period + list.periodMs))),
      ...rows.filter(({ state }) => state !== OVER).map(putOpen),
      ...custody.map(({ alarm, entry }) => putCustody(alarm, entry, this.#keeping.secondsAfter(entry.at))),
    ]);
    // Last, so that an alarm is always in at least one of the two tables.
    await this.#session.write(rows.filter(({ state }) => state === OVER).map(removeOpen));
    this.#remember(periods);
  }

  async find(id: string): Promise<ArchivedAlarm | 'damaged' | undefined> {
    const row = await this.#session.first(this.#statements.find, [id]);
    // Without the alarm itself it is what is left of one whose cells are expiring.
    return row && row.alarm !== null ? (alarmOf(id, row) ?? this.#damaged(id)) : undefined;
  }

  async custody(id: string): Promise<readonly CustodyEntry[]> {
    const entries: CustodyEntry[] = [];
    for await (const rows of this.#session.pages(this.#statements.custody, [id], ROWS_PER_READ))
      for (const row of rows) {
        const entry = entryOf(row);
        if (entry) entries.push(entry);
        else this.#damagedRows.found('custody', `${id} ${String(row.step)}`, 'this step is missing from the custody of its alarm');
      }
    return inOrderOfTime(entries);
  }

  async query(query: AlarmQuery): Promise<AlarmPage> {
    const after = query.cursor === undefined ? undefined : placeOfCursor(query.cursor);
    if (query.sensor === undefined && query.states && !query.states.includes(OVER)) return this.#queryOpen(query, after);
    const { ids, cursor } = await this.#listed(query, after);
    const found = new Map<string, ArchivedAlarm>();
    const damaged: DamagedAlarm[] = [];
    await inParallel(ids, READS_AT_A_TIME, async (id) => {
      const alarm = await this.find(id);
      // The alarm may have been written a moment ago and no longer be as its row in the list says.
      if (alarm === 'damaged') damaged.push(onlyId(id));
      else if (alarm && matches(query, alarm.raisedAt, alarm)) found.set(id, alarm);
    });
    return { alarms: ids.flatMap((id) => found.get(id) ?? []), cursor, ...saying(damaged) };
  }

  async *open(onDamaged: (alarm: DamagedAlarm) => void = () => undefined): AsyncGenerator<readonly BriefAlarm[]> {
    for await (const alarms of this.#openAlarms(onDamaged)) yield alarms.map(withoutEvidence);
  }

  async close(): Promise<void> {}

  async #queryOpen(query: AlarmQuery, after: PagePlace | undefined): Promise<AlarmPage> {
    const fits = (alarm: ArchivedAlarm): boolean =>
      matches(query, alarm.raisedAt, alarm) && alarm.raisedAt >= (query.from ?? 0) && (!after || newestFirst(alarm, after) > 0);
    const fitting: ArchivedAlarm[] = [];
    const damaged: DamagedAlarm[] = [];
    for await (const alarms of this.#openAlarms((alarm) => damaged.push(alarm))) fitting.push(...alarms.filter(fits));
    const alarms = fitting.sort(newestFirst).slice(0, query.limit);
    const last = alarms.at(-1);
    return { alarms, cursor: last && fitting.length > alarms.length ? cursorOf(last) : undefined, ...saying(damaged) };
  }

  /** All open alarms, in no order: a page of several buckets at a time. */
  async *#openAlarms(onDamaged: (alarm: DamagedAlarm) => void): AsyncGenerator<readonly ArchivedAlarm[]> {
    for (let i = 0; i < BUCKET_NUMBERS.length; i += READS_AT_A_TIME) {
      const buckets = BUCKET_NUMBERS.slice(i, i + READS_AT_A_TIME);
      let pages = buckets.map((bucket) => this.#session.pages(this.#statements.inBucket, [bucket], ROWS_PER_READ)[Symbol.asyncIterator]());
      while (pages.length > 0) {
        const read = await Promise.all(pages.map(async (bucket) => ({ bucket, page: await bucket.next() })));
        const full = read.filter(({ page }) => page.done !== true);
        for (const { page } of full)
          yield (page.value as readonly Row[]).flatMap((row) => {
            const id = String(row.id);
            const alarm = alarmOf(id, row) ?? this.#damaged(id);
            if (alarm !== 'damaged') return alarm;
            onDamaged(onlyId(id));
            return [];
          });
        pages = full.map(({ bucket }) => bucket);
      }
    }
  }

  /** Ids of alarms that match, newest first, out of a bounded number of rows. */
  async #listed(query: AlarmQuery, after: PagePlace | undefined): Promise<{ readonly ids: string[]; readonly cursor: string | undefined }> {
    const list = query.sensor === undefined ? ALL : listOfSensor(query.sensor);
    const ids: string[] = [];
    let [scanned, periods] = [0, 0];
    for await (const period of this.#periods(list, query, after)) {
      if (periods >= PERIODS_PER_PAGE) return { ids, cursor: cursorOf({ raisedAt: period + list.periodMs, id: '' }) };
      periods += 1;
      for await (const row of this.#rowsOf(list, period, query, after)) {
        const place = { raisedAt: (row.raised_at as Date).getTime(), id: row.id as string };
        if (matches(query, place.raisedAt, listedOf(row))) ids.push(place.id);
        scanned += 1;
        if (ids.length >= query.limit || scanned >= ROWS_PER_PAGE) return { ids, cursor: cursorOf(place) };
      }
    }
    return { ids, cursor: undefined };
  }

  async *#periods(list: AlarmList, { from, to }: AlarmQuery, after: PagePlace | undefined): AsyncGenerator<number> {
    const last = periodOf(list, Math.min(LATEST, to ?? LATEST, after?.raisedAt ?? LATEST));
    const params = [list.name, new Date(last), new Date(periodOf(list, from ?? 0))];
    for await (const rows of this.#session.pages(this.#statements.periods, params, PERIODS_PER_PAGE + 1))
      for (const row of rows) yield (row.period as Date).getTime();
  }

  async *#rowsOf(list: AlarmList, period: number, { from, to }: AlarmQuery, after: PagePlace | undefined): AsyncGenerator<Row> {
    const before = after ?? { raisedAt: Math.min(LATEST, to ?? LATEST), id: '' };
    const params = [list.name, new Date(period), new Date(before.raisedAt), before.id, new Date(from ?? 0)];
    for await (const rows of this.#session.pages(this.#statements.inPeriod, params, ROWS_PER_READ)) yield* rows;
  }

  /** Adds the stored place to alarms that are over, so that all their cells are written with the same TTL. */
  async #withPlaces(rows: readonly ArchivedAlarm[]): Promise<ArchivedAlarm[]> {
    const placed = [...rows];
    const unplaced = placed.flatMap(({ state, region }, i) => (state === OVER && region === '' ? [i] : []));
    await inParallel(unplaced, READS_AT_A_TIME, async (i) => {
      const row = placed[i] as ArchivedAlarm;
      const stored = await this.find(row.id);
      if (stored && stored !== 'damaged') placed[i] = { ...row, region: stored.region, geohash: stored.geohash };
    });
    return placed;
  }

  #periodsOf(rows: readonly ArchivedAlarm[]): { readonly list: AlarmList; readonly period: number; readonly key: string }[] {
    const all = rows.flatMap(({ raisedAt, sensor }) =>
      [ALL, listOfSensor(sensor)].map((list) => {
        const period = periodOf(list, raisedAt);
        return { list, period, key: `${list.name} ${period} ${this.#keeping.today}` };
      }),
    );
    return [...new Map(all.map((one) => [one.key, one])).values()].filter(({ key }) => !this.#periodsWritten.has(key));
  }

  /** Another program has written the row, or something has changed it. */
  #damaged(id: string): 'damaged' {
    this.#damagedRows.found('alarm', id, 'lists say that it is missing, until it changes again');
    return 'damaged';
  }

  #remember(periods: readonly { readonly key: string }[]): void {
    if (this.#periodsWritten.size > PERIODS_KNOWN_MAX) this.#periodsWritten.clear();
    for (const { key } of periods) this.#periodsWritten.add(key);
  }
}

/** The highest version of each alarm, with the place from whichever version has one. */
function newestOf(alarms: readonly ArchivedAlarm[]): ArchivedAlarm[] {
  const newest = new Map<string, ArchivedAlarm>();
  for (const alarm of alarms) {
    const known = newest.get(alarm.id);
    const [newer, older] = known && known.version > alarm.version ? [known, alarm] : [alarm, known];
    newest.set(alarm.id, newer.region === '' && older ? { ...newer, region: older.region, geohash: older.geohash } : newer);
  }
  return [...newest.values()];
}

const onlyId = (id: string): DamagedAlarm => ({ id, sensor: undefined, type: undefined, raisedAt: undefined });
const saying = (damaged: readonly DamagedAlarm[]) => (damaged.length === 0 ? {} : { damaged });

/** Undefined: it isn't the row of that alarm, or can't be read. */
function alarmOf(id: string, row: Row): ArchivedAlarm | undefined {
  const alarm = decoded(row.alarm);
  return isAlarm(alarm) && alarm.id === id ? { ...alarm, region: textOf(row.region), geohash: textOf(row.geohash) } : undefined;
}

function decoded(json: unknown): unknown {
  try {
    return typeof json === 'string' ? JSON.parse(json) : undefined;
  } catch {
    return undefined;
  }
}

const TEXTS = ['id', 'type', 'severity'];
const NUMBERS = ['sensor', 'version', 'raisedAt', 'lastSeenAt'];

/** What all readers rely on; the rest of an alarm is passed on as it is. */
function isAlarm(value: unknown): value is Alarm {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return (
    TEXTS.every((name) => typeof fields[name] === 'string') &&
    NUMBERS.every((name) => Number.isSafeInteger(fields[name])) &&
    ALARM_STATES.some((state) => state === fields.state) &&
    Array.isArray(fields.evidence)
  );
}

const textOf = (column: unknown): string => (typeof column === 'string' ? column : '');

/** What a row of a list says of its alarm; undefined where it can't be read: then only the alarm itself can tell whether it matches. */
function listedOf({ state, type, region }: Row) {
  return {
    state: ALARM_STATES.find((known) => known === state),
    type: typeof type === 'string' ? type : undefined,
    region: textOf(region),
  };
}

/** Undefined: it can't be read. */
function entryOf({ step, at, kind, position, operator, note, message_id, reply }: Row): CustodyEntry | undefined {
  const known = CUSTODY_KINDS.find((one) => one === kind);
  if (!(at instanceof Date) || typeof step !== 'string' || known === undefined) return undefined;
  const optional = Object.entries({ position, by: operator, note, messageId: message_id, reply }).filter(([, value]) => value !== null);
  return { key: step, at: at.getTime(), kind: known, ...Object.fromEntries(optional) };
}

function matches(
  { states, type, region, to }: AlarmQuery,
  raisedAt: number,
  row: { readonly state: AlarmState | undefined; readonly type: string | undefined; readonly region: string },
): boolean {
  return (
    (to === undefined || raisedAt < to) &&
    (states === undefined || row.state === undefined || states.includes(row.state)) &&
    (type === undefined || row.type === undefined || type === row.type) &&
    (region === undefined || region === row.region)
  );
}

function newestFirst(a: PagePlace, b: PagePlace): number {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
