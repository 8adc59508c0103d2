import { problemsOfRoutes } from '../../notify/channels/mail/routes.ts';
import { mailerSettings } from '../../notify/config.ts';
import { ConfigurationError, type Values } from '../../runtime/configuration.ts';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import type { RoleName } from '../roles.ts';
import { digestOf } from './digest.ts';
import { loadSettingsFile } from './load.ts';
import { summaryOf } from './part.ts';
import { PARTS } from './parts.ts';

/** For `npm run doctor`: a summary of the settings file, or all problems of it and of settings that refer to its types. Never rejects. */
export async function diagnoseSettingsFile(values: Values, roles: ReadonlySet<RoleName>): Promise<readonly Finding[]> {
  try {
    const { path, settings } = await loadSettingsFile(values.get(processSettings.settingsFile), roles);
    const said = fine(
      'settings file',
      `${path ?? 'none, so all is built in'}; ${summaryOf(PARTS, settings)}; digest ${digestOf(PARTS, settings)}`,
    );
    if (!roles.has('mailer')) return [said];
    const types = settings.types.map(({ name }) => name);
    const problems = problemsOfRoutes(values.get(mailerSettings.routes), types);
    return [
      said,
      ...problems.map((problem) => wrong(mailerSettings.routes.name, problem, 'the mailer does not start before that is put right')),
    ];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map((problem) => wrong('settings file', problem, 'nothing starts before that is put right'));
  }
}
