import type { Evidence } from '../../alarm/alarm.ts';
import type { CustodyEntry } from '../../archive/port.ts';
import type { Client } from '../../directory/port.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import { type Sight, visibleWith } from '../security/rights.ts';
import type { ListedAlarm, WholeAlarm } from './schemas.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

function fields({ alarm }: LiveAlarm, sight: Sight) {
  return {
    id: alarm.id,
    sensor: alarm.sensor,
    type: alarm.type,
    state: alarm.state,
    severity: alarm.severity,
    ...(alarm.quarantined && { quarantined: true as const }),
    version: alarm.version,
    raisedAt: iso(alarm.raisedAt),
    lastSeenAt: iso(alarm.lastSeenAt),
    clearedAt: isoOrNull(alarm.clearedAt),
    acknowledgedAt: isoOrNull(alarm.acknowledgedAt),
    acknowledgedBy: alarm.acknowledgedBy ?? null,
    disposition: alarm.disposition ?? null,
    region: alarm.region,
    geohash: alarm.geohash.slice(0, visibleWith(sight).geohashLength),
  };
}

/** An alarm as in lists and in the stream. */
export function listedJson(live: LiveAlarm, sight: Sight): ListedAlarm {
  return visibleWith(sight).client && live.client ? { ...fields(live, sight), client: live.client } : fields(live, sight);
}

interface WholeAlarmParts {
  readonly evidence: readonly Evidence[];
  readonly custody: readonly CustodyEntry[];
  /** Null: there is none; undefined: it may not be seen. */
  readonly client: Client | null | undefined;
}

/** An alarm with its evidence and custody, as far as they may be seen. */
export function wholeJson(
  live: LiveAlarm,
  sight: Sight,
  { evidence, custody, client }: WholeAlarmParts,
  problems: readonly string[],
): WholeAlarm {
  const { notes, readings } = visibleWith(sight);
  return {
    ...fields(live, sight),
    evidence: evidence.map(({ topic, partition, offset, at, seq, value }) => ({
      topic,
      partition,
      offset,
      at: iso(at),
      ...(seq === undefined ? {} : { seq }),
      ...(readings ? { value } : {}),
    })),
    custody: custody.map(({ key: _, at, note, reply, ...entry }) => ({
      at: iso(at),
      ...entry,
      ...(notes && note !== undefined ? { note } : {}),
      ...(notes && reply !== undefined ? { reply } : {}),
    })),
    ...(client === undefined ? {} : { client: client && { ...client } }),
    ...(problems.length === 0 ? {} : { problems: [...problems] }),
  };
}
