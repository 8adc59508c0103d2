/** The last row that a console knows to be in the log: without it nobody could see that the end of a chain is missing. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainEnd, chainEnd } from '../../records/audit-row.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import { replacePrivateFile } from '../../runtime/private-file.ts';

const NAME = /^console-audit-\d+\.json$/;
const WRITTEN_EVERY_MS = 1_000;

export const chainEndFile = (dataDir: string, port: number): string => join(dataDir, `console-audit-${port}.json`);

/** Undefined if there is none, or none that can be read. Never rejects. */
export async function readChainEnd(path: string): Promise<ChainEnd | undefined> {
  try {
    const { data } = chainEnd.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return data && { chain: data.chain, n: data.n, hash: data.hash, mac: data.mac };
  } catch {
    return undefined;
  }
}

/** Those of all consoles on a data folder. Never rejects. */
export async function readChainEnds(dataDir: string): Promise<readonly ChainEnd[]> {
  const names = (await readdir(dataDir).catch(() => [])).filter((name) => NAME.test(name));
  const ends = await Promise.all(names.map((name) => readChainEnd(join(dataDir, name))));
  return ends.filter((end) => end !== undefined);
}

/** Keeps the file up to date, at most once a second. */
export class ChainEndFile {
  readonly #path: string;
  readonly #logger: Logger;
  #end: ChainEnd | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #fails = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** `end` is in the log. */
  set(end: ChainEnd): void {
    this.#end = end;
    this.#timer ??= setTimeout(() => this.#write(), WRITTEN_EVERY_MS).unref();
  }

  /** Never rejects. */
  async close(): Promise<void> {
    if (this.#timer) this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = JSON.stringify(this.#end);
    this.#writing = this.#writing.then(() => this.#replace(text));
  }

  async #replace(text: string): Promise<void> {
    try {
      await replacePrivateFile(this.#path, text);
      this.#fails = false;
    } catch (error) {
      if (!this.#fails)
        this.#logger.warn(
          { file: this.#path, reason: reasonOf(error) },
          'the end of the audit trail cannot be written to its file: npm run doctor cannot see whether its last rows are missing',
        );
      this.#fails = true;
    }
  }
}
