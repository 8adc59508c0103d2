import type { Alarm, AlarmState } from '../alarm/alarm.ts';

/** An alarm with where it is: what lists and maps show. `region` and `geohash` are empty while the client is unknown. */
export interface ArchivedAlarm extends Alarm {
  readonly region: string;
  readonly geohash: string;
}

/** One step of an alarm's way: accepted (a reading) → raised → mailed → acknowledged → cleared …, each with where or what proves it. */
export interface CustodyEntry {
  /** Unique within the alarm, so that writing it again changes nothing. */
  readonly key: string;
  /** Epoch ms. */
  readonly at: number;
  readonly kind: 'accepted' | 'raised' | 'cleared' | 'acknowledged' | 'noted' | 'disposed' | 'mailed' | 'mail-parked';
  /** The log position of the record that proves the step, `TOPIC/partition@offset`. */
  readonly position?: string;
  /** The operator. */
  readonly by?: string;
  readonly note?: string;
  /** Of the mail. */
  readonly messageId?: string;
  /** The mail server's. */
  readonly reply?: string;
}

export interface AlarmQuery {
  /** Only these states; undefined: all. */
  readonly states: readonly AlarmState[] | undefined;
  readonly type: string | undefined;
  readonly region: string | undefined;
  readonly sensor: number | undefined;
  /** Raised in [from, to), epoch ms. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number;
  readonly cursor: string | undefined;
}

export interface AlarmPage {
  /** Newest raised first, at the same millisecond the greater id first. */
  readonly alarms: readonly ArchivedAlarm[];
  /** Present when there may be more, even where fewer than `limit` were found: one page looks at a bounded number of alarms. Opaque. */
  readonly cursor: string | undefined;
}

/**
 * Every alarm that ever was, with its custody. Writes are idempotent: an older version never overwrites a newer one, and an empty region and
 * geohash never those that were known. When it was raised never changes. Rejects with TransientError when its store is away.
 */
export interface Archive {
  /** Writes alarms as of their version, and steps of custody, at most some hundred at a time. Stored when it resolves; when it rejects, some may be. */
  put(alarms: readonly ArchivedAlarm[], custody: readonly { readonly alarm: string; readonly entry: CustodyEntry }[]): Promise<void>;
  /** The highest version that was written; undefined: there is no such alarm, or it has been removed. */
  find(id: string): Promise<ArchivedAlarm | undefined>;
  /** The steps of an alarm in order of time; empty where there are none. */
  custody(id: string): Promise<readonly CustodyEntry[]>;
  /** One page. Rejects with PermanentError `bad-cursor` for a cursor that no answer contained. */
  query(query: AlarmQuery): Promise<AlarmPage>;
  /** All alarms that are not CLEARED_ACK. */
  open(): Promise<readonly ArchivedAlarm[]>;
  /**
   * Removes alarms that are over and were raised before `before`, the oldest `limit` of them, with their custody; resolves with how many.
   * Absent where the store forgets by itself.
   */
  expire?(before: number, limit: number): Promise<number>;
  /** Lets go of what belongs to this archive alone; not to be used afterwards. */
  close(): Promise<void>;
}
