/** Makes on servers what Tocsin needs there: `npm run schema`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseArgs, parseEnv } from 'node:util';
import { ConfigurationError, readValues } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Adapter } from '../adapter.ts';
import { ADAPTERS } from '../adapters.ts';
import { isSetIn } from '../configuration.ts';
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

/** The servers that need preparation. */
const PREPARED = ADAPTERS.filter(isPrepared);

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
  const values = readValues(
    PREPARED.flatMap(({ settings }) => settings),
    environment,
    SETTING_NAMES,
  );
  if (print) {
    for (const { schema } of PREPARED) if (schema.statements) process.stdout.write(await schema.statements(values));
    return;
  }
  const isSet = isSetIn(environment);
  const named = PREPARED.filter(({ namedBy }) => isSet(namedBy.name));
  const problems = named.flatMap((adapter) => adapter.check?.(values) ?? []);
  if (named.length === 0)
    problems.push(`none of ${PREPARED.map(({ namedBy }) => namedBy.name).join(', ')} is set: name the servers that are to be prepared`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  for (const { schema } of named) await schema.prepare(values, (line) => process.stdout.write(`${line}\n`));
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' }, print: { type: 'boolean' } }, strict: true }).values;
  } catch (error) {
    throw new ConfigurationError([`${reasonOf(error).replace(/\. To specify.*/s, '')}; try npm run schema -- --help`]);
  }
}

function isPrepared(adapter: Adapter): adapter is Adapter & Required<Pick<Adapter, 'schema' | 'namedBy'>> {
  return adapter.schema !== undefined && adapter.namedBy !== undefined;
}
