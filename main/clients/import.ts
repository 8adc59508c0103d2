import { stat } from 'node:fs/promises';
import { CLIENT_COLUMNS } from '../../directory/client.ts';
import { type FilePlace, importFiles } from '../../directory/import.ts';
import { FIELD_LENGTH_MAX } from '../../directory/row.ts';
import { command, option, text, UsageError } from '../../runtime/command-line.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { WithDirectory } from './with-directory.ts';
import { grouped, groupedCount } from './grouped.ts';
import { showWaiting, startProgress } from './progress.ts';
import { openRemarks } from './remarks.ts';

/** What a shell expects of a program that was interrupted. */
const INTERRUPTED = 130;

export const importCommand = (withDirectory: WithDirectory) =>
  command({
    name: 'npm run clients -- import',
    summary: 'Brings clients in from CSV files.',
    about: [
      `Each file begins with a header row that names these columns, in any order; without one they stand in this order: ${CLIENT_COLUMNS.join(', ')}.`,
      'Fields are separated by a comma, a semicolon, a tab or a bar, and may be quoted. The text is UTF-8 or UTF-16, and is otherwise read as Windows-1252.',
      `A client whose id is there already is replaced. A row is left out only where its id cannot be read, or where its columns cannot be told apart
      and the client is there already. What else is wrong in a row is listed with its line: fields are cut after ${FIELD_LENGTH_MAX} characters, and a
      client whose coordinates are no place (numbers with a point or a comma) comes in without one: it is not on the map, and its alarms are mailed
      like all others.`,
      'An import may be repeated: a row that is in already is written again unchanged. If the directory does not answer, the import tries again for a minute.',
    ],
    words: { name: 'FILE…', help: 'the files, in the order in which they are read', min: 1, max: Number.POSITIVE_INFINITY },
    options: {
      rejects: option(
        'FILE',
        text,
        'write the whole list of such rows to FILE; the screen shows the first 20 of those left out, and of the others',
      ),
      from: option(
        'FILE:LINE',
        text,
        'go on after this line, as the message of an import that was interrupted says; name the files as before',
      ),
    },
    exitCodes: { 0: 'all rows came in', 1: 'rows were left out or a file could not be read', 130: 'it was interrupted' },
    example: 'npm run clients -- import xaa xab xac --rejects rejects.txt',
    run: async ({ options, words: files }) => {
      const from = options.from === undefined ? undefined : placeOf(options.from, files);
      const bytes = await sizeOf(from ? files.slice(files.indexOf(from.file)) : files);
      return withDirectory(async (directory) => {
        const startedAt = performance.now();
        const remarks = openRemarks(options.rejects);
        const progress = startProgress('Importing', bytes, 'bytes');
        let place = from;
        const onInterrupt = (): void => {
          progress.stop();
          process.stderr.write(`\nclients: interrupted. ${standing(place)}\n`);
          process.exit(INTERRUPTED);
        };
        process.once('SIGINT', onInterrupt);
        try {
          const listener = {
            ...{ ...remarks.listener, progress: progress.update, waiting: showWaiting },
            stored: (stored: FilePlace) => {
              place = stored;
            },
          };
          const summary = await importFiles(files, directory, listener, from).catch((error: unknown) => {
            if (error instanceof TransientError)
              throw new TransientError(error.code, `${error.message}. ${standing(place)}`, { cause: error });
            throw error;
          });
          progress.stop();
          remarks.show();
          const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
          process.stdout.write(
            `${groupedCount(summary.imported, 'row')} imported from ${files.length === 1 ? 'one file' : `${files.length} files`} in ${seconds} s, ` +
              `${grouped(summary.unplaced)} of them without a place, ${grouped(summary.repeated)} replaced an earlier one; ` +
              `${grouped(summary.rejected)} left out. ` +
              `The directory holds ${groupedCount(await directory.size(), 'client')}.\n`,
          );
          return summary.rejected === 0 ? 0 : 1;
        } finally {
          process.off('SIGINT', onInterrupt);
          progress.stop();
          remarks.close();
        }
      });
    },
  });

function standing(place: FilePlace | undefined): string {
  if (!place) return 'No row is in yet';
  const { file, line } = place;
  return `All rows up to ${file}:${line} are in; the same command with --from ${file}:${line} goes on from there`;
}

function placeOf(typed: string, files: readonly string[]): FilePlace {
  const [, file = '', line = ''] = /^(.+):(\d{1,15})$/.exec(typed) ?? [];
  if (!files.includes(file)) throw new UsageError([`--from must be one of the files and a line, such as ${files[0]}:1000, not ${typed}`]);
  return { file, line: Number(line) };
}

/** Looks at all files first, so that a misspelt name is found before anything is written. */
async function sizeOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    const found = await stat(file).catch((error: unknown) => {
      throw new PermanentError('file', `${file} cannot be read: ${reasonOf(error)}. Nothing was imported`, { cause: error });
    });
    if (!found.isFile())
      throw new PermanentError('file', `${file} is not a file; name the files in it, for example ${file}/x*. Nothing was imported`);
    bytes += found.size;
  }
  return bytes;
}
