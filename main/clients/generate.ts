import { generateClients } from '../../simulator/clients/clients.ts';
import { importRows } from '../../directory/import.ts';
import { type Command, grouped, readArguments, readInteger, UsageError } from './command.ts';
import { showWaiting, startProgress } from './progress.ts';
import { writeClientFiles } from './client-files.ts';

const USAGE = 'generate N [--seed S] [--placeless ID] [--out DIR] [--import]';
const CLIENTS_MAX = 10_000_000;
const SEED_MAX = 4_294_967_295;

export const generate: Command = {
  usage: USAGE,
  summary: 'make up sample clients',
  help: `Usage: npm run clients -- ${USAGE}

Makes up N clients with ids 1 to N, all over the world. Nobody is real. They go into the directory, or with --out into ten files
as the reference system has them (xaa, xab, … xaj), or both.

  --seed S     another S gives other people, the same S the same people (1)
  --placeless ID  the place of this one is not known
  --out DIR       write ten CSV files into DIR
  --import        with --out: bring them into the directory too

Example: npm run clients -- generate 50000
`,
  run: async (args, withDirectory) => {
    const options = {
      seed: { type: 'string', default: '1' },
      placeless: { type: 'string' },
      out: { type: 'string' },
      import: { type: 'boolean' },
    } as const;
    const { values, positionals } = readArguments(args, options, USAGE);
    if (positionals.length !== 1) throw new UsageError(`how many clients? Usage: npm run clients -- ${USAGE}`);
    const count = readInteger(positionals[0], 'N', 1, CLIENTS_MAX);
    const seed = readInteger(values.seed, '--seed', 0, SEED_MAX);
    const placeless = values.placeless === undefined ? undefined : readInteger(values.placeless, '--placeless', 1, CLIENTS_MAX);
    const clients = () => generateClients(count, seed, placeless);

    if (values.out !== undefined) {
      const files = await writeClientFiles(clients(), count, values.out);
      process.stdout.write(`${grouped(count)} clients written to ${files.length} files, ${files[0]} to ${files.at(-1)}.\n`);
      if (!values.import) return 0;
    }
    return withDirectory(async (directory) => {
      const startedAt = performance.now();
      const progress = startProgress('Importing', count, 'clients');
      try {
        await importRows(clients(), directory, { progress: progress.update, waiting: showWaiting });
      } finally {
        progress.stop();
      }
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(
        `${grouped(count)} clients imported in ${seconds} s. The directory holds ${grouped(await directory.size())} clients.\n`,
      );
      return 0;
    });
  },
};
