/** The persons who may sign in to the console: `npm run users`. */
import { consoleSettings } from '../../console/config.ts';
import { ConfigurationError, readSettings } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { runProgram } from '../../runtime/program.ts';
import { SETTING_NAMES } from '../settings.ts';
import { usersProgram } from './commands.ts';
import { readPassword } from './password-input.ts';

function path(): string {
  const { usersFile: setting } = consoleSettings;
  const { file } = readSettings({ file: setting }, readEnvironment(), SETTING_NAMES);
  if (file === undefined) throw new ConfigurationError([`${setting.name} is not set: there is no file of users`]);
  return file;
}

await runProgram(usersProgram({ path, readPassword }), process.argv.slice(2));
