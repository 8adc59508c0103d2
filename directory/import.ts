import { createReadStream } from 'node:fs';
import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises';
import { backoffMs } from '../runtime/backoff.ts';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';
import type { ClientRow } from './client.ts';
import { type CsvRecord, recordsOf } from './csv.ts';
import { NotText, utf8Of } from './file-kind.ts';
import { linesOf } from './lines.ts';
import { isPlace, placed } from './placed.ts';
import type { Client, Directory } from './port.ts';
import { type Columns, columnsOf, isData, REFERENCE_COLUMNS, rowOf } from './row.ts';

/** Something in a file that a person may want to correct. */
export interface Remark {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** A row of a file. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
}

export interface ImportListener {
  /** The row, or the whole file, was not imported. */
  rejected(remark: Remark): void;
  /** The row replaces an earlier one with the same id. */
  repeated(remark: Remark): void;
  /** The row, or the whole file, was imported, but not exactly as it is in the file. */
  remarked(remark: Remark): void;
  /** Bytes read so far, of all files. */
  progress(bytes: number): void;
  /** All rows up to this one are stored, except those that were rejected. */
  stored(place: FilePlace): void;
  /** The directory is away, and is tried again for a while. */
  waiting(reason: string): void;
}

export interface ImportSummary {
  /** Rows that were imported, including repeated ones. */
  readonly imported: number;
  readonly rejected: number;
  readonly repeated: number;
  /** Imported rows without a place. */
  readonly unplaced: number;
}

const CLIENTS_PER_PUT = 1_000;
/** Long enough for a node to restart, so that a long import doesn't fail. */
const PATIENCE_MS = 60_000;
const AGAIN = { firstMs: 250, maxMs: 5_000 };

/**
 * Imports client files into the directory, row by row; memory grows only with the number of ids. A row whose id can't be read is reported and left
 * out. Of two rows with the same id the later one counts, but a row whose columns can't be told apart never replaces a client. `from`: the last row
 * that an interrupted import has stored; the import continues after it. Rejects with PermanentError `file` if a file can't be read, or as the directory
 * does once it has been away for a minute; rows up to then are stored.
 */
export async function importFiles(
  files: readonly string[],
  directory: Directory,
  listener: ImportListener,
  from?: FilePlace,
): Promise<ImportSummary> {
  const run = new Import(directory, listener);
  const first = from ? files.indexOf(from.file) : 0;
  if (first === -1) throw new PermanentError('file', `${from?.file} is not among the files`);
  for (const file of files.slice(first)) await run.read(file, bytesOf(file), file === from?.file ? from.line : 0);
  return run.finish();
}

/** Writes valid rows to the directory and resolves with their number; other work gets its turn between two writes. */
export async function importRows(
  rows: Iterable<ClientRow>,
  directory: Directory,
  { progress, waiting: onWaiting }: { progress(done: number): void; waiting(reason: string): void },
): Promise<number> {
  let waiting: Client[] = [];
  let done = 0;
  const flush = async (): Promise<void> => {
    await patiently(() => directory.put(waiting), onWaiting);
    done += waiting.length;
    waiting = [];
    progress(done);
    await nextTurn();
  };
  for (const row of rows) {
    waiting.push(placed(row));
    if (waiting.length >= CLIENTS_PER_PUT) await flush();
  }
  await flush();
  return done;
}

/** Tries again while the directory is away, for a minute at most. */
async function patiently<T>(work: () => Promise<T>, onWaiting: (reason: string) => void): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || performance.now() > end) throw error;
      if (attempt === 0) onWaiting(reasonOf(error));
      await sleep(backoffMs(attempt, AGAIN));
    }
  }
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new PermanentError('file', `${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

class Import {
  readonly #directory: Directory;
  readonly #listener: ImportListener;
  readonly #seen = new Set<number>();
  #waiting: Client[] = [];
  #last: FilePlace | undefined;
  #bytes = 0;
  #imported = 0;
  #rejected = 0;
  #repeated = 0;
  #unplaced = 0;

  constructor(directory: Directory, listener: ImportListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /** Skips rows up to line `done`, which are stored already. */
  async read(file: string, chunks: AsyncIterable<Uint8Array>, done: number): Promise<void> {
    let columns: Columns | undefined;
    let rows = 0;
    const records = recordsOf(linesOf(utf8Of(this.#counted(chunks))), (fields) => fields.length === (columns?.count ?? 0));
    try {
      for await (const record of records) {
        if (!columns) {
          columns = this.#header(file, record);
          if (columns === undefined) return;
          if (!record.fields || !isData(record.fields)) continue;
        }
        rows += 1;
        if (record.line > done) await this.#take(file, record, columns);
      }
    } catch (error) {
      if (!(error instanceof NotText)) throw error;
      this.#reject({ file, line: 1, reason: error.message });
      return;
    }
    if (!columns) this.#reject({ file, line: 1, reason: 'the file is empty' });
    else if (rows === 0) this.#listener.remarked({ file, line: 1, reason: 'there is no row below the header' });
  }

  async finish(): Promise<ImportSummary> {
    await this.#flush();
    this.#listener.progress(this.#bytes);
    return { imported: this.#imported, rejected: this.#rejected, repeated: this.#repeated, unplaced: this.#unplaced };
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  #header(file: string, record: CsvRecord): Columns | undefined {
    const header = headerOf(record);
    const { line } = record;
    if (typeof header === 'string') {
      this.#reject({ file, line, reason: `${header}; nothing in this file was imported` });
      return undefined;
    }
    if (header.missing.length > 0)
      this.#listener.remarked({
        file,
        line,
        reason: `the header row lacks ${header.missing.join(', ')}: these stay empty for all clients in the file`,
      });
    return header;
  }

  async #take(file: string, record: CsvRecord, columns: Columns): Promise<void> {
    const { line } = record;
    const read = rowOf(record, columns);
    if (typeof read === 'string') {
      this.#reject({ file, line, reason: read });
      return;
    }
    const { client, remarks, uncertain } = read;
    if (uncertain && (await this.#isKnown(client.id))) {
      this.#reject({ file, line, reason: `${remarks.join('; ')}; the existing client is left unchanged` });
      return;
    }
    if (remarks.length > 0) this.#listener.remarked({ file, line, reason: remarks.join('; ') });
    if (this.#seen.has(client.id)) {
      this.#repeated += 1;
      this.#listener.repeated({ file, line, reason: `id ${client.id} came before; this row replaces the earlier one` });
    }
    this.#seen.add(client.id);
    this.#waiting.push(placed(client));
    if (!isPlace(client)) this.#unplaced += 1;
    this.#last = { file, line };
    if (this.#waiting.length >= CLIENTS_PER_PUT) {
      await this.#flush();
      this.#listener.progress(this.#bytes);
    }
  }

  async #isKnown(id: number): Promise<boolean> {
    return this.#seen.has(id) || (await patiently(() => this.#directory.find(id), this.#listener.waiting)) !== undefined;
  }

  async #flush(): Promise<void> {
    await patiently(() => this.#directory.put(this.#waiting), this.#listener.waiting);
    this.#imported += this.#waiting.length;
    this.#waiting = [];
    if (this.#last) this.#listener.stored(this.#last);
  }

  #reject(remark: Remark): void {
    this.#rejected += 1;
    this.#listener.rejected(remark);
  }
}

function headerOf(record: CsvRecord): Columns | string {
  if (!record.fields) return record.problem;
  return isData(record.fields) ? REFERENCE_COLUMNS : columnsOf(record.fields);
}
