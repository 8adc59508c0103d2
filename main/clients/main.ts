import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import type { Directory } from '../../directory/port.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import { withPort } from '../beside.ts';
import { type Command, UsageError } from './command.ts';
import { count } from './count.ts';
import { generate } from './generate.ts';
import { importCommand } from './import.ts';
import { show } from './show.ts';

const COMMANDS: Readonly<Record<string, Command>> = { import: importCommand, generate, count, show };

const HELP = `Usage: npm run clients -- COMMAND …

The clients who hold an alarm: in Cassandra where TOCSIN_CASSANDRA_CONTACT_POINTS names it, else in the data folder (TOCSIN_DATA_DIR, ./data
where it is not set). A server may run on it meanwhile.

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
// Cassandra's driver keeps a connection of its own to a node that went and came back, and the process with it.
process.exit();

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

async function withDirectory<T>(work: (directory: Directory) => Promise<T>): Promise<T> {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  return await withPort('directory', environment, { beside: true }, ({ directory }) => work(directory));
}

function messageOf(error: unknown): string {
  const expected = [UsageError, ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  return expected ? (error as Error).message : inspect(error);
}
