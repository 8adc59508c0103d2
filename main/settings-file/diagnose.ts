import { ConfigurationError } from '../../runtime/configuration.ts';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import type { RoleName } from '../roles.ts';
import { loadSettingsFile } from './load.ts';
import { summaryOf } from './part.ts';
import { PARTS } from './parts.ts';

/** For `npm run doctor`: what the settings file says, or all that is wrong with it. Never rejects. */
export async function diagnoseSettingsFile(named: string | undefined, roles: ReadonlySet<RoleName>): Promise<readonly Finding[]> {
  try {
    const { path, settings } = await loadSettingsFile(named, roles);
    return [fine('settings file', `${path ?? 'none, so all is built in'}; ${summaryOf(PARTS, settings)}`)];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map((problem) => wrong('settings file', problem, 'nothing starts before that is put right'));
  }
}
