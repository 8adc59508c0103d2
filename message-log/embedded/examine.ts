/** Reads a whole store and reports what is wrong with it, slowly enough to leave the disk to others. Changes nothing. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../../runtime/counted.ts';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { decodeBatch } from './batch.ts';
import { DATA_FILE, otherTraces } from './before-mapping.ts';
import { numberOf } from './checked-numbers.ts';
import { APPLIED, IDENTITY, JOURNAL } from './databases.ts';
import { StoreDamage } from './faults.ts';
import { baseOf, lastTimeOf, recordsOf } from './frame.ts';
import { readMarks } from './high-water.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { isInUse } from './owner-lock.ts';
import { damageOfRow, FRAMES, nameIn, POSITIONS } from './row-damage.ts';
import { openEnvironment } from './store.ts';
import { headOf, type Root, TreeFile } from './tree-file.ts';
import { visitPages } from './tree-pages.ts';

const BYTES_PER_S = 50 * 1024 ** 2;
const CHECK = 'store';
const FINDINGS_MAX = 50;

/**
 * One finding per problem, or a single good one. A store may stay in use: what is written meanwhile is not examined, and the pages it frees are not
 * reused until the end. Never rejects.
 */
export async function examineStore(dataDir: string): Promise<readonly Finding[]> {
  const folder = join(resolve(dataDir), 'store');
  const traces = await otherTraces(dataDir, folder);
  if (!existsSync(join(folder, DATA_FILE)) && traces.length === 0) return [fine(CHECK, 'there is none yet')];
  try {
    const inUse = await isInUse(folder);
    const { problems, found } = await new Examination(folder, inUse).run();
    const advice = 'restore the data folder from a backup, or stop Tocsin and run npm run repair';
    if (problems.length === 0) return [fine(CHECK, found)];
    const reported = problems.slice(0, FINDINGS_MAX).map((problem) => wrong(CHECK, problem, advice));
    return problems.length === reported.length
      ? reported
      : [...reported, wrong(CHECK, `${counted(problems.length - reported.length, 'more thing is', 'more things are')} damaged`, advice)];
  } catch (error) {
    return [wrong(CHECK, `cannot be read: ${reasonOf(error)}`, 'check that this user can read the data folder')];
  }
}

/** What a whole store holds. */
export interface StoreContents {
  /** Each a clause for people; none: everything is intact. */
  readonly problems: readonly string[];
  readonly rows: number;
  readonly frames: number;
  /** Next offset of each partition that holds records, by its database: `log/ENTRY/0`. */
  readonly ends: ReadonlyMap<string, number>;
  /** Positions of consumers, by their names. */
  readonly positions: ReadonlyMap<string, number>;
  /** Time of the newest record, epoch ms; 0: there is none. */
  readonly newest: number;
}

/** Reads all of a store that nothing uses, journal included, at the same pace. Rejects with the file system's errors. */
export async function contentsOf(dataDir: string): Promise<StoreContents> {
  return await new Examination(join(resolve(dataDir), 'store'), false).contents();
}

class Examination {
  readonly #folder: string;
  readonly #inUse: boolean;
  readonly #problems: string[] = [];
  /** Next offset of each partition, by topic and number. */
  readonly #ends = new Map<string, number>();
  readonly #positions = new Map<string, number>();
  readonly #about = new Map<string, number>();
  #rows = 0;
  #frames = 0;
  #newest = 0;

  constructor(folder: string, inUse: boolean) {
    this.#folder = folder;
    this.#inUse = inUse;
  }

  async run(): Promise<{ readonly problems: readonly string[]; readonly found: string }> {
    // While a read transaction is open, lmdb overwrites no page that it can see.
    const root = this.#inUse ? openEnvironment(this.#folder, this.#folder, true) : undefined;
    const snapshot = root?.useReadTransaction();
    try {
      await this.#tree();
    } finally {
      snapshot?.done();
      await root?.close();
    }
    if (!this.#inUse && this.#problems.length === 0) await this.#journal();
    if (this.#problems.length === 0) this.#comparePositions();
    const found = `${counted(this.#rows, 'row')}, ${counted(this.#frames, 'frame')} of records and ${counted(this.#positions.size, 'position')} are intact${this.#inUse ? ', as of the start of this check; the journal is only checked while nothing is running' : ', and so is the journal'}`;
    return { problems: this.#problems, found };
  }

  async contents(): Promise<StoreContents> {
    const { problems } = await this.run();
    return { problems, rows: this.#rows, frames: this.#frames, ends: this.#ends, positions: this.#positions, newest: this.#newest };
  }

  async #tree(): Promise<void> {
    const path = join(this.#folder, DATA_FILE);
    const marks = readMarks(this.#folder);
    const file = new TreeFile(path);
    try {
      const head = headOf(file);
      if (typeof head === 'string') {
        this.#problems.push(`${path}: ${head}`);
        return;
      }
      if (marks && head.transaction < marks.transaction)
        this.#problems.push(`${path} is an older copy: it ends with transaction ${head.transaction}, but ${marks.transaction} was written`);
      const began = performance.now();
      const visitor = {
        damaged: (what: string): void => void this.#problems.push(`${path}: ${what} is damaged`),
        row: (database: string, { hasIntegerKeys }: Root, key: Buffer, value: () => Buffer | undefined): void =>
          this.#row(database, hasIntegerKeys, key, value()),
      };
      for (const _ of visitPages(file, head, visitor)) {
        const early = (file.readBytes / BYTES_PER_S) * 1_000 - (performance.now() - began);
        if (early > 1) await sleep(early);
      }
    } finally {
      file.close();
    }
  }

  #row(database: string, hasIntegerKeys: boolean, key: Buffer, value: Buffer | undefined): void {
    const damage = value ? damageOfRow(database, hasIntegerKeys, key, value) : `a row of ${database} is cut off`;
    this.#rows += 1;
    if (damage !== undefined || !value) {
      this.#problems.push(damage ?? '');
      return;
    }
    if (FRAMES.test(database)) {
      this.#frames += 1;
      this.#goesOnAt(database, value);
    }
    const number = numberOf(nameIn(key), value);
    if (number !== undefined) (database === POSITIONS ? this.#positions : this.#about).set(nameIn(key), number);
  }

  async #journal(): Promise<void> {
    const identity = this.#about.get(IDENTITY);
    // Stores before format 3 have no identity.
    if (identity === undefined) return;
    const options: Omit<JournalOptions, 'highWater'> = { epoch: 0, identity, durable: false, known: readMarks(this.#folder)?.sequence };
    try {
      const journal = await Journal.open(this.#folder, options);
      const { entries, damaged } = journal.recovered(this.#about.get(APPLIED) ?? 0, 0, this.#about.get(JOURNAL));
      if (damaged > 0)
        this.#problems.push(`${counted(damaged, 'entry', 'entries')} of the journal ${damaged === 1 ? 'is' : 'are'} damaged`);
      for (const { body } of entries) {
        const { frames, positions } = decodeBatch(body);
        for (const { topic, partition, bytes } of frames) this.#goesOnAt(`log/${topic}/${partition}`, bytes);
        for (const { name, position } of positions) this.#positions.set(name, position);
      }
    } catch (error) {
      this.#problems.push(error instanceof StoreDamage ? error.what : reasonOf(error));
    }
  }

  #comparePositions(): void {
    for (const [name, position] of this.#positions) {
      const place = /[^/]+\/\d+$/.exec(name)?.[0] ?? '';
      const end = Math.max(this.#ends.get(`log/${place}`) ?? 0, this.#about.get(`next/${place}`) ?? 0);
      // Positions move into the tree together with their records, also while the log is running.
      if (position > end) this.#problems.push(`${name.split('/')[0]} has read ${place} up to ${position}, but it ends at ${end}`);
    }
  }

  #goesOnAt(place: string, frame: Buffer): void {
    this.#ends.set(place, Math.max(this.#ends.get(place) ?? 0, baseOf(frame) + recordsOf(frame)));
    this.#newest = Math.max(this.#newest, lastTimeOf(frame));
  }
}
