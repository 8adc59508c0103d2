import { inOrderOfTime } from '../../archive/custody.ts';
import type { ArchivedAlarm } from '../../archive/port.ts';
import { PermanentError } from '../../runtime/errors.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import { type Sight, visibleWith } from '../security/rights.ts';
import { wholeJson } from './alarm-json.ts';
import type { ApiDeps } from './deps.ts';
import { clientOf, Missing } from './missing.ts';
import { ApiError } from './route.ts';
import type { WholeAlarm } from './schemas.ts';

/** The alarm from memory or, if it isn't there, from the archive. Rejects as the archive does. */
export async function findAlarmIfAny({ live, archive }: ApiDeps, id: string): Promise<LiveAlarm | undefined> {
  const known = live.alarms.find(id);
  if (known) return known;
  const alarm = await archive.find(id);
  if (alarm === 'damaged') throw new ApiError(500, `alarm ${id} is damaged in the archive: npm run repair restores it if it is still open`);
  return alarm && { alarm, evidence: alarm.evidence, client: undefined, recent: [] };
}

/** As `findAlarmIfAny`, but rejects with ApiError 404 if there is no such alarm. */
export async function findAlarm(deps: ApiDeps, id: string): Promise<LiveAlarm> {
  const found = await findAlarmIfAny(deps, id);
  if (!found) throw new ApiError(404, `no alarm has the id ${id}`);
  return found;
}

/** With evidence, custody and, for operators, the client. What can't be fetched is listed in `problems`, after the given ones; the rest is there all the same. */
export async function describeAlarm(deps: ApiDeps, found: LiveAlarm, sight: Sight, problems: readonly string[] = []): Promise<WholeAlarm> {
  const { id, sensor } = found.alarm;
  const missing = new Missing(deps.logger, { alarm: id });
  const [evidence, archived, client] = await Promise.all([
    found.evidence ?? missing.orElse('the readings', evidenceOf(deps, id), []),
    missing.orElse('the custody trail', deps.archive.custody(id), []),
    visibleWith(sight).client
      ? missing.orElse('the client', clientOf(deps.directory, sensor), undefined).then((known) => known ?? null)
      : undefined,
  ]);
  const steps = new Map([...found.recent, ...archived].map((entry) => [entry.key, entry]));
  const custody = inOrderOfTime([...steps.values()]);
  return wholeJson(found, sight, { evidence, custody, client }, [...problems, ...missing.problems]);
}

async function evidenceOf({ archive }: ApiDeps, id: string): Promise<ArchivedAlarm['evidence']> {
  const archived = await archive.find(id);
  if (!archived || archived === 'damaged') throw new PermanentError('not-archived', 'the archive does not have the alarm');
  return archived.evidence;
}
