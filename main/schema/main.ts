/** Makes in Cassandra and InfluxDB what Tocsin needs there: `npm run schema`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseArgs, parseEnv } from 'node:util';
import { checkCassandraConfig, cassandraSettings } from '../../cassandra/config.ts';
import { createSchema, schemaText } from '../../cassandra/schema.ts';
import { checkInfluxConfig, influxSettings } from '../../history/influx/config.ts';
import { prepareInflux } from '../../history/influx/prepare.ts';
import { ConfigurationError, readGroups } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { SETTING_NAMES } from '../settings.ts';

const HELP = `Usage: npm run schema [-- --print]

Makes what is not there yet in each server that the settings name; it may be repeated.
Cassandra (TOCSIN_CASSANDRA_CONTACT_POINTS): the keyspace (TOCSIN_CASSANDRA_KEYSPACE, world) with TOCSIN_CASSANDRA_REPLICATION, and the
  tables of clients and archive. A table of clients that the reference system has made is kept with its rows; columns that it lacks are added.
  What is there is left alone, and nothing is ever removed.
InfluxDB (TOCSIN_INFLUX_URL): the bucket or database TOCSIN_INFLUX_BUCKET, and how long it keeps points (TOCSIN_INFLUX_RETENTION).

  --print    write the statements of Cassandra's tables to standard output instead

The README lists what else can be set. Ends with 0 when all is there, 1 when it could not be made, 2 when the command line or a setting is wrong.
Example: TOCSIN_CASSANDRA_CONTACT_POINTS=10.0.0.1,10.0.0.2 TOCSIN_CASSANDRA_DATA_CENTRE=dc1 TOCSIN_CASSANDRA_REPLICATION=3 npm run schema
`;

try {
  await run(process.argv.slice(2));
} catch (error) {
  const expected = [ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  process.stderr.write(`schema: ${expected ? reasonOf(error) : inspect(error)}\n`);
  process.exitCode = error instanceof ConfigurationError ? 2 : 1;
}

async function run(args: string[]): Promise<void> {
  const { help, print } = optionsOf(args);
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const { cassandra, influx } = readGroups({ cassandra: cassandraSettings, influx: influxSettings }, environment, SETTING_NAMES);
  if (print) {
    process.stdout.write(schemaText(cassandra.keyspace));
    return;
  }
  const { url } = influx;
  const problems = [...(cassandra.contactPoints ? checkCassandraConfig(cassandra) : []), ...(url ? checkInfluxConfig(influx) : [])];
  if (!(cassandra.contactPoints || url))
    problems.push(
      'TOCSIN_CASSANDRA_CONTACT_POINTS and TOCSIN_INFLUX_URL: neither is set; name the nodes of Cassandra, such as 10.0.0.1,10.0.0.2',
    );
  if (problems.length > 0) throw new ConfigurationError(problems);
  if (cassandra.contactPoints) {
    await createSchema(cassandra, (line) => process.stdout.write(`${line}\n`));
    process.stdout.write('The nodes agree on the schema.\n');
  }
  if (url) process.stdout.write(`${await prepareInflux({ ...influx, url })}\n`);
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' }, print: { type: 'boolean' } }, strict: true }).values;
  } catch (error) {
    throw new ConfigurationError([`${reasonOf(error).replace(/\. To specify.*/s, '')}; try npm run schema -- --help`]);
  }
}
