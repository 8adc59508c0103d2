import { inOrderOfTime } from '../../processor/archive/custody.ts';
import type { CustodyEntry } from '../../processor/archive/port.ts';
import type { Client } from '../../processor/response/directory/port.ts';
import type { LiveAlarm } from '../live/open-alarms.ts';
import type { Role } from '../security/tokens.ts';
import { wholeJson } from './alarm-json.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError } from './route.ts';
import type { WholeAlarm } from './schemas.ts';

/** The alarm as memory has it, else as the archive does. Throws ApiError 404. */
export async function findAlarm({ live, archive }: ApiDeps, id: string): Promise<LiveAlarm> {
  const known = live.alarms.find(id);
  if (known) return known;
  const alarm = await archive.find(id);
  if (!alarm) throw new ApiError(404, `no alarm has the id ${id}`);
  return { alarm, client: undefined, recent: [] };
}

/** With evidence, custody and, for operators, the client. What can't be fetched is named and does not hide the rest. */
export async function describeAlarm(deps: ApiDeps, found: LiveAlarm, role: Role): Promise<WholeAlarm> {
  const { id, sensor } = found.alarm;
  const problems: string[] = [];
  const orElse =
    <T>(what: string, value: T) =>
    (error: unknown): T => {
      deps.logger.warn({ alarm: id, err: error }, `${what} could not be fetched`);
      problems.push(`${what} cannot be fetched at the moment`);
      return value;
    };
  const [archived, client] = await Promise.all([
    deps.archive.custody(id).catch(orElse<readonly CustodyEntry[]>('the custody trail', [])),
    role === 'operator'
      ? deps.directory
          .find(sensor)
          .then((known) => known ?? null)
          .catch(orElse<Client | null>('the client', null))
      : undefined,
  ]);
  const steps = new Map([...found.recent, ...archived].map((entry) => [entry.key, entry]));
  const custody = inOrderOfTime([...steps.values()]);
  return wholeJson(found, custody, client, problems);
}
