import { createReadStream } from 'node:fs';
import { setTimeout as sleep, setImmediate as nextTurn } from 'node:timers/promises';
import { backoffMs } from '../../../runtime/backoff.ts';
import { PermanentError, reasonOf, TransientError } from '../../../runtime/errors.ts';
import type { ClientRow } from './client.ts';
import { type CsvRecord, recordsOf } from './csv.ts';
import { linesOf } from './lines.ts';
import { placed } from './placed.ts';
import type { Client, Directory } from './port.ts';
import { type Columns, columnsOf, isData, REFERENCE_COLUMNS, rowOf } from './row.ts';

/** Something that a person may want to put right in a file. */
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
  /** The row was left out. */
  rejected(remark: Remark): void;
  /** The row came in over an earlier one. */
  repeated(remark: Remark): void;
  /** Bytes of all files so far. */
  progress(bytes: number): void;
  /** All rows up to this one are in, but for those that were rejected. */
  stored(place: FilePlace): void;
  /** The directory is away; it is tried again for a while. */
  waiting(reason: string): void;
}

export interface ImportSummary {
  /** Rows that came in, repeated ones too. */
  readonly imported: number;
  readonly rejected: number;
  readonly repeated: number;
}

const CLIENTS_PER_PUT = 1_000;
/** An import of many rows isn't lost to a node that restarts. */
const PATIENCE_MS = 60_000;
const AGAIN = { firstMs: 250, maxMs: 5_000 };

/**
 * Brings client files into the directory, row by row; memory doesn't depend on their size, but for the ids seen. A bad row is reported
 * and left out; of two with the same id the later one holds. `from`: the row that an import got to that was broken off; it goes on behind it.
 * Rejects with PermanentError `file` where one can't be read, or as the directory does once it has been away for a minute; what came before is in.
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

/** Brings rows that are known to be right into the directory; other work gets its turn between two commits. */
export async function importRows(
  rows: Iterable<ClientRow>,
  directory: Directory,
  { progress, waiting: onWaiting }: { progress(done: number): void; waiting(reason: string): void },
): Promise<number> {
  let waiting: Client[] = [];
  let done = 0;
  const flush = async (): Promise<void> => {
    await putPatiently(directory, waiting, onWaiting);
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

/** Puts, and puts again while the directory is away, for a minute at most. */
async function putPatiently(directory: Directory, clients: readonly Client[], onWaiting: (reason: string) => void): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await directory.put(clients);
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

  constructor(directory: Directory, listener: ImportListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /** Rows up to line `done` are in already. */
  async read(file: string, chunks: AsyncIterable<Uint8Array>, done: number): Promise<void> {
    let columns: Columns | undefined;
    let end = 0;
    for await (const record of recordsOf(linesOf(chunks), (fields) => fields.length === (columns?.count ?? 0))) {
      end = record.end;
      if (columns) {
        if (record.line > done) await this.#take(file, record, columns);
      } else {
        const header = headerOf(record);
        if (typeof header === 'string') {
          this.#reject({ file, line: record.line, reason: `${header}; nothing of this file was read` });
          break;
        }
        columns = header;
        if (record.line > done && record.fields && isData(record.fields)) await this.#take(file, record, columns);
      }
    }
    this.#bytes += end;
  }

  async finish(): Promise<ImportSummary> {
    await this.#flush();
    this.#listener.progress(this.#bytes);
    return { imported: this.#imported, rejected: this.#rejected, repeated: this.#repeated };
  }

  async #take(file: string, record: CsvRecord, columns: Columns): Promise<void> {
    const row = record.problem ?? rowOf(record.fields ?? [], columns);
    if (typeof row === 'string') {
      this.#reject({ file, line: record.line, reason: row });
      return;
    }
    if (this.#seen.has(row.id)) {
      this.#repeated += 1;
      this.#listener.repeated({ file, line: record.line, reason: `id ${row.id} came before; this row replaces the earlier one` });
    }
    this.#seen.add(row.id);
    this.#waiting.push(placed(row));
    this.#last = { file, line: record.line };
    if (this.#waiting.length >= CLIENTS_PER_PUT) {
      await this.#flush();
      this.#listener.progress(this.#bytes + record.end);
    }
  }

  async #flush(): Promise<void> {
    await putPatiently(this.#directory, this.#waiting, this.#listener.waiting);
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
