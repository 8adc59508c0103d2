import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { Registry } from 'prom-client';
import { openStore } from '../../message-log/embedded/store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ConfigurationError, readGroups } from '../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import { Health } from '../../runtime/health.ts';
import { createLogger } from '../../runtime/logging.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { SETTING_NAMES } from '../settings.ts';
import { type CassandraConfig, cassandraSettings, checkCassandraConfig } from '../../cassandra/config.ts';
import { type Command, UsageError } from './command.ts';
import { count } from './count.ts';
import { generate } from './generate.ts';
import { importCommand } from './import.ts';
import { show } from './show.ts';
import { openEmbeddedDirectory } from '../../directory/embedded.ts';
import type { Directory } from '../../directory/port.ts';

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

/** Opens the directory beside running servers, and closes it whatever happens. */
async function withDirectory<T>(work: (directory: Directory) => Promise<T>): Promise<T> {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };

  const groups = { process: { dataDir: processSettings.dataDir }, cassandra: cassandraSettings };
  const { process: own, cassandra } = readGroups(groups, environment, SETTING_NAMES);
  const problems = checkCassandraConfig(cassandra);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return cassandra.contactPoints ? withCassandra(cassandra, work) : withStore(own.dataDir, work);
}

async function withStore<T>(dataDir: string, work: (directory: Directory) => Promise<T>): Promise<T> {
  const store = await openStore(dataDir, { owner: false });
  try {
    return await work(openEmbeddedDirectory(store));
  } finally {
    await store.close();
  }
}

async function withCassandra<T>(config: CassandraConfig, work: (directory: Directory) => Promise<T>): Promise<T> {
  const { openCassandra } = await import('../../cassandra/session.ts');
  const { openCassandraDirectory } = await import('../../directory/cassandra.ts');
  const logger = await createLogger({ level: 'silent', format: 'json' });
  const deps = { clock: systemClock, logger, registry: new Registry(), health: new Health() };
  const session = await openCassandra(config, deps);
  try {
    return await work(openCassandraDirectory(session, deps));
  } finally {
    await session.close();
  }
}

function messageOf(error: unknown): string {
  const expected = [UsageError, ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  return expected ? (error as Error).message : inspect(error);
}
