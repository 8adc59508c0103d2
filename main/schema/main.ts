/** Creates what Tocsin needs on servers: `npm run schema`. */
import { command, flag } from '../../runtime/command-line.ts';
import { ConfigurationError, readValues } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { runProgram } from '../../runtime/program.ts';
import type { Adapter } from '../adapter.ts';
import { ADAPTERS } from '../adapters.ts';
import { isSetIn, refusedCrossings } from '../configuration.ts';
import { SETTING_NAMES } from '../settings.ts';

/** The servers that need preparation. */
const PREPARED = ADAPTERS.filter(isPrepared);

const SCHEMA = command({
  name: 'npm run schema',
  summary: 'Creates what is missing on each server that the settings name; it may be repeated.',
  about: ['What exists already is left alone, and nothing is ever removed.'],
  options: { print: flag("write the statements of Cassandra's tables to standard output instead") },
  lists: [
    { heading: 'Servers', rows: PREPARED.map(({ name, namedBy, schema }) => [name, `once ${namedBy.name} names it: ${schema.help}`]) },
  ],
  example:
    'TOCSIN_CASSANDRA_CONTACT_POINTS=10.0.0.1,10.0.0.2 TOCSIN_CASSANDRA_DATA_CENTRE=dc1 TOCSIN_CASSANDRA_REPLICATION=3 npm run schema',
  run: async ({ options }) => {
    const environment = readEnvironment();
    const groups = [{ insecure: processSettings.insecure }, ...PREPARED.flatMap(({ settings }) => settings)];
    const values = readValues(groups, environment, SETTING_NAMES);
    if (options.print) {
      for (const { schema } of PREPARED) if (schema.statements) process.stdout.write(await schema.statements(values));
      return 0;
    }
    const isSet = isSetIn(environment);
    const named = PREPARED.filter(({ namedBy }) => isSet(namedBy.name));
    const problems = [...named.flatMap((adapter) => adapter.check?.(values) ?? []), ...refusedCrossings(named, values)];
    if (named.length === 0)
      problems.push(`none of ${PREPARED.map(({ namedBy }) => namedBy.name).join(', ')} is set: name the servers that are to be prepared`);
    if (problems.length > 0) throw new ConfigurationError(problems);
    for (const { schema } of named) await schema.prepare(values, (line) => process.stdout.write(`${line}\n`));
    return 0;
  },
});

function isPrepared(adapter: Adapter): adapter is Adapter & Required<Pick<Adapter, 'schema' | 'namedBy'>> {
  return adapter.schema !== undefined && adapter.namedBy !== undefined;
}

await runProgram(SCHEMA, process.argv.slice(2));
