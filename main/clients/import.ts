import { stat } from 'node:fs/promises';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { CLIENT_COLUMNS } from '../../directory/client.ts';
import { type FilePlace, importFiles } from '../../directory/import.ts';
import { FIELD_LENGTH_MAX } from '../../directory/row.ts';
import { type Command, grouped, readArguments, UsageError } from './command.ts';
import { showWaiting, startProgress } from './progress.ts';
import { openRemarks } from './remarks.ts';

const USAGE = 'import FILE… [--rejects FILE] [--from FILE:LINE]';
/** What a shell expects of a program that was interrupted. */
const INTERRUPTED = 130;

export const importCommand: Command = {
  usage: USAGE,
  summary: 'bring clients in from CSV files',
  help: `Usage: npm run clients -- ${USAGE}

Brings the clients of CSV files in. Each file begins with a header row that names these columns, in any order; without one they stand in this:
  ${CLIENT_COLUMNS.slice(0, 10).join(',')},
  ${CLIENT_COLUMNS.slice(10).join(',')}
Between fields stands a comma, a semicolon, a tab or a bar; the text is UTF-8, UTF-16, or else taken for Windows-1252. A field may be quoted.
A client whose id is there already is replaced. A row is left out only where its id can't be read, or where its columns can't be told apart and the
client is there already. What else is wrong in a row is listed with its line: fields are cut after ${FIELD_LENGTH_MAX} characters, and a client without coordinates
that are a place (numbers with a point or a comma) comes in without one, is not on the map, and has its alarms mailed like all others.

  --rejects FILE    write the whole list of such rows to FILE (the screen shows the first 20 of those left out, and of the others)
  --from FILE:LINE  go on behind this line, as an import that was broken off has told; the files are named as before

It may be repeated: a row that is in already is written again as it is. Where the directory is away, it is tried again for a minute.
Ends with 0 when all rows came in, 1 when rows were left out or a file could not be read, 2 when the command line is wrong.
Example: npm run clients -- import xaa xab xac --rejects rejects.txt
`,
  run: async (args, withDirectory) => {
    const options = { rejects: { type: 'string' }, from: { type: 'string' } } as const;
    const { values, positionals: files } = readArguments(args, options, USAGE);
    if (files.length === 0) throw new UsageError(`which files? Usage: npm run clients -- ${USAGE}`);
    const from = values.from === undefined ? undefined : placeOf(values.from, files);
    const bytes = await sizeOf(from ? files.slice(files.indexOf(from.file)) : files);
    return withDirectory(async (directory) => {
      const startedAt = performance.now();
      const remarks = openRemarks(values.rejects);
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
          `${grouped(summary.imported)} rows imported from ${files.length === 1 ? 'one file' : `${files.length} files`} in ${seconds} s, ` +
            `${grouped(summary.unplaced)} of them without a place, ${grouped(summary.repeated)} replaced an earlier one; ` +
            `${grouped(summary.rejected)} left out. ` +
            `The directory holds ${grouped(await directory.size())} clients.\n`,
        );
        return summary.rejected === 0 ? 0 : 1;
      } finally {
        process.off('SIGINT', onInterrupt);
        progress.stop();
        remarks.close();
      }
    });
  },
};

function standing(place: FilePlace | undefined): string {
  if (!place) return 'No row is in yet';
  const { file, line } = place;
  return `All rows up to ${file}:${line} are in; the same command with --from ${file}:${line} goes on from there`;
}

function placeOf(text: string, files: readonly string[]): FilePlace {
  const [, file = '', line = ''] = /^(.+):(\d{1,15})$/.exec(text) ?? [];
  if (!files.includes(file)) throw new UsageError(`--from must be one of the files and a line, such as ${files[0]}:1000, not ${text}`);
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
