import { setImmediate } from 'node:timers/promises';
import type { MessageLog } from '../../message-log/port.ts';
import { textOf } from '../../message-log/values.ts';
import { recordsBetween } from '../../processor/records-between.ts';
import { type AuditRow, decodeAuditRow } from '../../records/audit-row.ts';
import { DAY_MS, MINUTE_MS } from '../../runtime/durations.ts';

export interface RowFilter {
  /** Written at or after, and before; epoch ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly by: string | undefined;
  readonly action: string | undefined;
}

export interface RowPage {
  /** The row written last comes first. */
  readonly rows: readonly AuditRow[];
  /** For each partition where the next page goes on, from there towards older rows; undefined: there is nothing more. */
  readonly cursor: readonly number[] | undefined;
}

type ReadLog = Pick<MessageLog, 'bounds' | 'offsetAt' | 'reader' | 'partitions'>;

const ROWS_READ_AT_ONCE = 500;
/** A page whose filter lets little through ends after this many rows, some tens of milliseconds; its cursor goes on from there. */
export const ROWS_LOOKED_AT_MAX = 4_000;
/** Clocks of consoles differ, so the first row that is too old is not the end. */
const CLOCKS_DIFFER_MS = 5 * MINUTE_MS;
/** A row may be written later than it says, when the log accepted none; nobody leaves that for longer. */
const WRITTEN_WITHIN_MS = DAY_MS;

/** At most `limit` rows, newest first, over all partitions. Rejects with TransientError. */
export async function pageOfRows(log: ReadLog, filter: RowFilter, limit: number, cursor: readonly number[] | undefined): Promise<RowPage> {
  const partitions: Backwards[] = [];
  for (let p = 0; p < log.partitions; p += 1) {
    const { earliest, next } = await log.bounds('AUDIT', p);
    const begin = cursor?.[p] ?? (filter.to === undefined ? next : await log.offsetAt('AUDIT', p, filter.to + WRITTEN_WITHIN_MS));
    partitions.push(new Backwards(log, p, earliest, Math.min(begin, next)));
  }
  const rows: AuditRow[] = [];
  const oldest = (filter.from ?? 0) - CLOCKS_DIFFER_MS;
  for (let looked = 0; looked < ROWS_LOOKED_AT_MAX && rows.length < limit; looked += 1) {
    const newest = await newestOf(partitions);
    if (!newest || newest.at < oldest) return { rows, cursor: undefined };
    const row = newest.take();
    if (row && matches(row, filter)) rows.push(row);
  }
  const more = await newestOf(partitions);
  return { rows, cursor: more ? partitions.map(({ position }) => position) : undefined };
}

/** Reads a partition from its end to its start. */
class Backwards {
  readonly #log: ReadLog;
  readonly #partition: number;
  readonly #earliest: number;
  #upTo: number;
  /** In the order of the log. */
  #held: { readonly offset: number; readonly at: number; readonly text: string }[] = [];

  constructor(log: ReadLog, partition: number, earliest: number, upTo: number) {
    this.#log = log;
    this.#partition = partition;
    this.#earliest = earliest;
    this.#upTo = upTo;
  }

  /** Everything before it has not been taken. */
  get position(): number {
    const last = this.#held.at(-1);
    return last ? last.offset + 1 : this.#upTo;
  }

  /** When the row was written that comes next; call `fill` before. */
  get at(): number {
    return this.#held.at(-1)?.at ?? 0;
  }

  /** Whether there is another row. */
  async fill(): Promise<boolean> {
    while (this.#held.length === 0 && this.#upTo > this.#earliest) {
      const from = Math.max(this.#earliest, this.#upTo - ROWS_READ_AT_ONCE);
      for await (const batch of recordsBetween(this.#log, 'AUDIT', this.#partition, from, this.#upTo))
        for (let i = 0; i < batch.length; i += 1) {
          const offset = batch.offset(i);
          if (offset >= from && offset < this.#upTo) this.#held.push({ offset, at: batch.time(i), text: textOf(batch, i) });
        }
      this.#upTo = from;
      // Others have their turn, since the embedded log answers without a pause.
      await setImmediate();
    }
    return this.#held.length > 0;
  }

  /** Undefined if it isn't a row: `npm run doctor` says so. */
  take(): AuditRow | undefined {
    return decodeAuditRow(this.#held.pop()?.text ?? '').value;
  }
}

async function newestOf(partitions: readonly Backwards[]): Promise<Backwards | undefined> {
  let newest: Backwards | undefined;
  for (const partition of partitions)
    if ((await partition.fill()) && partition.at > (newest?.at ?? Number.NEGATIVE_INFINITY)) newest = partition;
  return newest;
}

function matches(row: AuditRow, { from, to, by, action }: RowFilter): boolean {
  return (
    (from === undefined || (row.until ?? row.at) >= from) &&
    (to === undefined || row.at < to) &&
    (by === undefined || row.by === by) &&
    (action === undefined || row.action === action)
  );
}
