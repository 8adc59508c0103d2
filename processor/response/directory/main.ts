import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { openStore } from '../../../message-log/embedded/store.ts';
import { ConfigurationError, readSettings } from '../../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { processSettings } from '../../../runtime/process-settings.ts';
import { NOT_YET, SETTINGS } from '../../../settings.ts';
import { type Command, UsageError } from './commands/command.ts';
import { count } from './commands/count.ts';
import { generate } from './commands/generate.ts';
import { importCommand } from './commands/import.ts';
import { show } from './commands/show.ts';
import { openEmbeddedDirectory } from './embedded.ts';

const COMMANDS: Readonly<Record<string, Command>> = { import: importCommand, generate, count, show };

const HELP = `Usage: npm run clients -- COMMAND …

The clients who hold an alarm, in the data folder (TOCSIN_DATA_DIR, ./data where it is not set). A server may run on it meanwhile.

${Object.values(COMMANDS)
  .map(({ usage, summary }) => `  ${usage.padEnd(52)}${summary}`)
  .join('\n')}

  npm run clients -- COMMAND --help    says more about one of them
`;

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`clients: ${messageOf(error)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
}

async function run([name, ...args]: string[]): Promise<void> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const command = name === undefined ? undefined : COMMANDS[name];
  if (!command) {
    const problem = name === undefined ? 'a command is missing' : `${name} is not a command`;
    throw new UsageError(`${problem}; there are ${Object.keys(COMMANDS).join(', ')}. Try npm run clients -- --help`);
  }
  if (args.includes('--help') || args.includes('-h')) process.stdout.write(command.help);
  else process.exitCode = await command.run(args, withDirectory);
}

/** Opens the store beside a running server, and closes it whatever happens. */
async function withDirectory<T>(work: (directory: ReturnType<typeof openEmbeddedDirectory>) => Promise<T>): Promise<T> {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const known = [...NOT_YET, ...Object.values(SETTINGS).flatMap((group) => Object.values(group).map(({ name }) => name))];
  const { dataDir } = readSettings({ dataDir: processSettings.dataDir }, environment, known);
  const store = await openStore(dataDir, { owner: false });
  try {
    return await work(openEmbeddedDirectory(store));
  } finally {
    await store.close();
  }
}

function messageOf(error: unknown): string {
  const expected = [UsageError, ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  return expected ? (error as Error).message : inspect(error);
}
