import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseArgs, parseEnv } from 'node:util';
import { ConfigurationError, readSettings } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { SETTING_NAMES } from '../../settings.ts';
import { cassandraSettings, checkCassandraConfig } from './config.ts';
import { createSchema, schemaText } from './schema.ts';

const HELP = `Usage: npm run schema [-- --print]

Makes in Cassandra what is not there yet: the keyspace (TOCSIN_CASSANDRA_KEYSPACE, world) with TOCSIN_CASSANDRA_REPLICATION, and the tables of
clients and archive. A table of clients that the reference system has made is kept with its rows; columns that it lacks are added.
It may be repeated: what is there is left alone, and nothing is ever removed.

  --print    write the statements of the tables to standard output instead

Cassandra is named by TOCSIN_CASSANDRA_CONTACT_POINTS; the README lists what else can be set.
Ends with 0 when all is there, 1 when it could not be made, 2 when the command line or a setting is wrong.
Example: TOCSIN_CASSANDRA_CONTACT_POINTS=10.0.0.1,10.0.0.2 TOCSIN_CASSANDRA_DATA_CENTRE=dc1 TOCSIN_CASSANDRA_REPLICATION=3 npm run schema
`;

try {
  await run(process.argv.slice(2));
} catch (error) {
  const expected = [ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  process.stderr.write(`schema: ${expected ? (error as Error).message : inspect(error)}\n`);
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
}

async function run(args: string[]): Promise<void> {
  const { help, print } = optionsOf(args);
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };

  const config = readSettings(cassandraSettings, environment, SETTING_NAMES);
  if (print) {
    process.stdout.write(schemaText(config.keyspace));
    return;
  }
  const problems = config.contactPoints
    ? checkCassandraConfig(config)
    : ['TOCSIN_CASSANDRA_CONTACT_POINTS: is not set; name the nodes of Cassandra, such as 10.0.0.1,10.0.0.2'];
  if (problems.length > 0) throw new ConfigurationError(problems);
  await createSchema(config, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write('The nodes agree on the schema.\n');
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' }, print: { type: 'boolean' } }, strict: true }).values;
  } catch (error) {
    throw new ConfigurationError([`${reasonOf(error).replace(/\. To specify.*/s, '')}; try npm run schema -- --help`]);
  }
}
