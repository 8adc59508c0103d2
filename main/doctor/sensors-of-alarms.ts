import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive } from '../../archive/port.ts';
import type { Directory } from '../../directory/port.ts';
import { counted } from '../../runtime/counted.ts';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { withPorts } from '../beside.ts';
import { adapterOf } from '../choice.ts';
import type { Config } from '../configuration.ts';

const CHECK = 'sensors of alarms';
/** The newest alarms, of which each sensor is looked up. */
const ALARMS_MAX = 500;
const NAMED_MAX = 20;

/** Names the sensors of the newest alarms that no client has: their clients are missing, or somebody makes ids up. Never rejects. */
export async function sensorsOfAlarms(
  { values, isSet }: Pick<Config, 'values' | 'isSet'>,
  environment: NodeJS.ProcessEnv,
): Promise<readonly Finding[]> {
  const isEmbedded = (['archive', 'directory'] as const).some((port) => adapterOf(port, isSet).namedBy === undefined);
  if (isEmbedded && !(await hasStore(values.get(processSettings.dataDir)))) return [];
  try {
    return await withPorts(['archive', 'directory'], environment, { beside: true }, lookAt);
  } catch (error) {
    return [wrong(CHECK, `cannot be looked up: ${reasonOf(error)}`, 'see what else is said about archive and clients')];
  }
}

/** Otherwise opening it would create one. */
async function hasStore(dataDir: string): Promise<boolean> {
  return (await stat(join(dataDir, 'store', 'data.mdb')).catch(() => undefined)) !== undefined;
}

/** Rejects as the stores do. */
async function lookAt({
  archive,
  directory,
}: {
  readonly archive: Pick<Archive, 'query'>;
  readonly directory: Pick<Directory, 'find' | 'size'>;
}): Promise<readonly Finding[]> {
  if ((await directory.size()) === 0) return [fine(CHECK, 'there are no clients yet, so none was looked up')];
  const every = { states: undefined, type: undefined, region: undefined, sensor: undefined, from: undefined, to: undefined };
  const { alarms } = await archive.query({ ...every, limit: ALARMS_MAX, cursor: undefined });
  const newest = alarms.length === 1 ? 'the newest alarm' : `the ${counted(alarms.length, 'newest alarm')}`;
  const unknown: number[] = [];
  for (const sensor of new Set(alarms.map((alarm) => alarm.sensor))) if ((await directory.find(sensor)) === undefined) unknown.push(sensor);
  if (unknown.length === 0) return [fine(CHECK, alarms.length === 0 ? 'there are no alarms' : `${newest} are all of clients' sensors`)];
  const more = unknown.length > NAMED_MAX ? ` and ${unknown.length - NAMED_MAX} more` : '';
  const ids = unknown.slice(0, NAMED_MAX).join(', ');
  const found = `among ${newest}, ${counted(unknown.length, 'sensor')} ${unknown.length === 1 ? 'has' : 'have'} no client: ${ids}${more}`;
  return [wrong(CHECK, found, 'import their clients, or find out who sends for them: docs/security.md, Sensors that no client has')];
}
