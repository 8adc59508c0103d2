import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { CLIENT_COLUMNS, type ClientRow } from '../../directory/client.ts';
import { csvLineOf } from '../../directory/csv.ts';

/** Names as `split` gives them. */
const NAMES = [...'abcdefghij'].map((letter) => `xa${letter}`);
const ROWS_PER_WRITE = 1_000;

/** Spreads the rows over ten files with a header row each, as the reference system has them. Never writes over a file. Resolves with their paths. */
export async function writeClientFiles(rows: Iterable<ClientRow>, count: number, folder: string): Promise<readonly string[]> {
  const paths = NAMES.map((name) => join(folder, name));
  const rest = rows[Symbol.iterator]();
  try {
    await mkdir(folder, { recursive: true });
    for (const [i, path] of paths.entries()) {
      const share = Math.floor(((i + 1) * count) / paths.length) - Math.floor((i * count) / paths.length);
      const file = await open(path, 'wx');
      try {
        await writeRows(file, rest, share);
      } finally {
        await file.close();
      }
    }
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const advice = taken ? 'it holds client files or another file of that name already; remove them or' : `${reasonOf(error)};`;
    throw new PermanentError('file', `${folder} cannot take the files: ${advice} name another folder with --out`, { cause: error });
  }
  return paths;
}

async function writeRows(file: FileHandle, rows: Iterator<ClientRow>, count: number): Promise<void> {
  let text = csvLineOf(CLIENT_COLUMNS);
  for (let i = 0; i < count; i += 1) {
    const { done, value } = rows.next();
    if (done) break;
    text += csvLineOf(CLIENT_COLUMNS.map((column) => (Number.isNaN(value[column]) ? '' : value[column])));
    if (i % ROWS_PER_WRITE === ROWS_PER_WRITE - 1) {
      await file.appendFile(text);
      text = '';
    }
  }
  await file.appendFile(text);
}
