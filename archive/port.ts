import type { Alarm, AlarmState } from '../alarm/alarm.ts';

/** An alarm with its place, as lists and maps show it. `region` and `geohash` (9 characters) are empty while the client is unknown. */
export interface ArchivedAlarm extends Alarm {
  readonly region: string;
  readonly geohash: string;
}

/** An alarm without its readings, which take most of the memory. */
export type BriefAlarm = Omit<ArchivedAlarm, 'evidence'>;

export const CUSTODY_KINDS = ['accepted', 'raised', 'cleared', 'acknowledged', 'noted', 'disposed', 'mailed', 'mail-parked'] as const;

/** One step in the life of an alarm, with what proves it: accepted (a reading) → raised → mailed → acknowledged → cleared … */
export interface CustodyEntry {
  /** Unique within the alarm, so that writing it again changes nothing. */
  readonly key: string;
  /** Epoch ms. */
  readonly at: number;
  readonly kind: (typeof CUSTODY_KINDS)[number];
  /** The log position of the record that proves the step, `TOPIC/partition@offset`. */
  readonly position?: string;
  /** Name of the operator who acted. */
  readonly by?: string;
  /** The operator's note; of a disposition, what the alarm turned out to be, then the note; of a mail, its event. */
  readonly note?: string;
  /** Message-ID of the mail. */
  readonly messageId?: string;
  /** The mail server's reply or, for an outbox, where the file is; for a parked mail the reason. */
  readonly reply?: string;
}

/** Which alarms: those that match every field that is not undefined. */
export interface AlarmQuery {
  readonly states: readonly AlarmState[] | undefined;
  /** Name of a type. */
  readonly type: string | undefined;
  readonly region: string | undefined;
  readonly sensor: number | undefined;
  /** Raised at this time or later, epoch ms. */
  readonly from: number | undefined;
  /** Raised before this time, epoch ms. */
  readonly to: number | undefined;
  /** At most this many alarms, 1 or more. */
  readonly limit: number;
  /** Of the previous page; undefined: the first page. */
  readonly cursor: string | undefined;
}

/** What is still known of an alarm whose row can't be read. */
export interface DamagedAlarm {
  readonly id: string;
  /** The other fields are undefined where they can't be read either. */
  readonly sensor: number | undefined;
  /** Name of a type. */
  readonly type: string | undefined;
  /** Epoch ms. */
  readonly raisedAt: number | undefined;
}

export interface AlarmPage {
  /** Newest raised first, and of the same millisecond the greater id first. */
  readonly alarms: readonly ArchivedAlarm[];
  /** Opaque. Present if there may be more, even if fewer than `limit` were found, because one page examines a bounded number of alarms. */
  readonly cursor: string | undefined;
  /** Alarms that belong on this page, or may, and can't be read; they don't count towards `limit`. Absent: there are none. */
  readonly damaged?: readonly DamagedAlarm[];
}

/**
 * Every alarm with its custody, until it is removed by age. Writes are idempotent: an older version never overwrites a newer one, and an empty region
 * and geohash never overwrite known ones. Callers never change an alarm's `raisedAt`. Every call rejects with TransientError if the store is away, or
 * with PermanentError if it refuses for good.
 */
export interface Archive {
  /** Writes alarms as of their version, and entries of custody. They are stored once it resolves; if it rejects, some may be. */
  put(alarms: readonly ArchivedAlarm[], custody: readonly { readonly alarm: string; readonly entry: CustodyEntry }[]): Promise<void>;
  /** The highest version that was written; undefined: there is no such alarm, or it has been removed; damaged: there is one, but its row can't be read. */
  find(id: string): Promise<ArchivedAlarm | 'damaged' | undefined>;
  /** The custody of an alarm in order of time, without steps that can't be read; empty if there is none. */
  custody(id: string): Promise<readonly CustodyEntry[]>;
  /** One page. Rejects with PermanentError `bad-cursor` for a cursor that isn't from a page. */
  query(query: AlarmQuery): Promise<AlarmPage>;
  /**
   * All alarms that are not CLEARED_ACK, in parts and in no particular order, so that there may be any number of them: other work of the process gets its
   * turn between parts. Each alarm is as it was at some time during the call; what changes meanwhile may be missing. Those that can't be read are left out,
   * and given to `onDamaged` before it ends.
   */
  open(onDamaged?: (alarm: DamagedAlarm) => void): AsyncIterable<readonly BriefAlarm[]>;
  /**
   * Removes alarms in state CLEARED_ACK that were raised before `before`, epoch ms, with their custody: the oldest, at most `limit`. Resolves with
   * the number. Absent if the store removes them by itself.
   */
  expire?(before: number, limit: number): Promise<number>;
  /** Releases what belongs to this archive alone; a store or session that others share stays open. Never rejects. Not to be used afterwards. */
  close(): Promise<void>;
}
