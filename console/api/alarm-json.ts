import type { CustodyEntry } from '../../archive/port.ts';
import type { Client } from '../../directory/port.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import type { Role } from '../security/tokens.ts';
import { visibleTo } from '../security/visibility.ts';
import type { ListedAlarm, WholeAlarm } from './schemas.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

function fields({ alarm }: LiveAlarm, role: Role) {
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
    geohash: alarm.geohash.slice(0, visibleTo(role).geohashLength),
  };
}

/** An alarm as in lists and in the stream. */
export function listedJson(live: LiveAlarm, role: Role): ListedAlarm {
  return visibleTo(role).client && live.client ? { ...fields(live, role), client: live.client } : fields(live, role);
}

/** An alarm with its evidence and custody, as far as the role may see them. `client`: null if there is none, undefined if the role may not see it. */
export function wholeJson(
  live: LiveAlarm,
  role: Role,
  custody: readonly CustodyEntry[],
  client: Client | null | undefined,
  problems: readonly string[],
): WholeAlarm {
  const { notes, readings } = visibleTo(role);
  return {
    ...fields(live, role),
    evidence: live.alarm.evidence.map(({ topic, partition, offset, at, seq, value }) => ({
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
