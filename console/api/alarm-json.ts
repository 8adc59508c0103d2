import type { CustodyEntry } from '../../archive/port.ts';
import type { Client } from '../../directory/port.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import type { Role } from '../security/tokens.ts';
import type { ListedAlarm, WholeAlarm } from './schemas.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

function fields({ alarm }: LiveAlarm) {
  return {
    id: alarm.id,
    sensor: alarm.sensor,
    type: alarm.type,
    state: alarm.state,
    severity: alarm.severity,
    version: alarm.version,
    raisedAt: iso(alarm.raisedAt),
    lastSeenAt: iso(alarm.lastSeenAt),
    clearedAt: isoOrNull(alarm.clearedAt),
    acknowledgedAt: isoOrNull(alarm.acknowledgedAt),
    acknowledgedBy: alarm.acknowledgedBy ?? null,
    disposition: alarm.disposition ?? null,
    region: alarm.region,
    geohash: alarm.geohash,
  };
}

/** An alarm as lists and the stream show it. */
export function listedJson(live: LiveAlarm, role: Role): ListedAlarm {
  return role === 'operator' && live.client ? { ...fields(live), client: live.client } : fields(live);
}

/** An alarm with all that proves it; `client` for operators, null where there is none. */
export function wholeJson(
  live: LiveAlarm,
  custody: readonly CustodyEntry[],
  client: Client | null | undefined,
  problems: readonly string[],
): WholeAlarm {
  return {
    ...fields(live),
    evidence: live.alarm.evidence.map(({ topic, partition, offset, at, seq, value }) => ({
      topic,
      partition,
      offset,
      at: iso(at),
      ...(seq === undefined ? {} : { seq }),
      value,
    })),
    custody: custody.map(({ key: _, at, ...entry }) => ({ at: iso(at), ...entry })),
    ...(client === undefined ? {} : { client: client && { ...client } }),
    ...(problems.length === 0 ? {} : { problems: [...problems] }),
  };
}
