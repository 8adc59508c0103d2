import { importRows } from '../../directory/import.ts';
import { command, flag, option, text, UsageError } from '../../runtime/command-line.ts';
import { integer } from '../../runtime/configuration.ts';
import { generateClients } from '../../simulator/clients/clients.ts';
import { writeClientFiles } from './client-files.ts';
import type { WithDirectory } from './with-directory.ts';
import { groupedCount } from './grouped.ts';
import { showWaiting, startProgress } from './progress.ts';

const CLIENTS_MAX = 10_000_000;
const SEED_MAX = 4_294_967_295;
const clientCount = integer(1, CLIENTS_MAX);

export const generate = (withDirectory: WithDirectory) =>
  command({
    name: 'npm run clients -- generate',
    summary: 'Makes up sample clients with ids 1 to N, all over the world.',
    about: [
      'Nobody is real. They go into the directory, or with --out into ten files as the reference system has them (xaa, xab, … xaj), or both.',
    ],
    words: { name: 'N', help: 'how many', min: 1, max: 1 },
    options: {
      seed: option('S', integer(0, SEED_MAX), 'another S gives other people, the same S the same people', '1'),
      placeless: option('ID', integer(1, CLIENTS_MAX).optional(), 'the place of this one is not known'),
      out: option('DIR', text, 'write ten CSV files into DIR'),
      import: flag('with --out: bring them into the directory too'),
    },
    example: 'npm run clients -- generate 50000',
    run: async ({ options, words: [word] }) => {
      const { data: count } = clientCount.safeParse(word);
      if (count === undefined) throw new UsageError([`N must be a whole number from 1 to ${CLIENTS_MAX}, not ${word}`]);
      const clients = () => generateClients(count, options.seed, options.placeless);

      if (options.out !== undefined) {
        const files = await writeClientFiles(clients(), count, options.out);
        process.stdout.write(
          `${groupedCount(count, 'client')} written to ${groupedCount(files.length, 'file')}, ${files[0]} to ${files.at(-1)}.\n`,
        );
        if (!options.import) return 0;
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
          `${groupedCount(count, 'client')} imported in ${seconds} s. The directory holds ${groupedCount(await directory.size(), 'client')}.\n`,
        );
        return 0;
      });
    },
  });
