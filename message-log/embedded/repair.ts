/**
 * Builds a new store from what can be read of a damaged one: all rows on intact pages of the tree, and the later entries of the journal. The damaged
 * store is kept beside it.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { counted } from '../../runtime/counted.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { decodeBatch } from './batch.ts';
import { DATA_FILE, KEPT, otherTraces } from './before-mapping.ts';
import { CheckedNumbers } from './checked-numbers.ts';
import { META } from './database-names.ts';
import { aboutLog, APPLIED, APPLIED_BY, IDENTITY, JOURNAL, nextKey } from './databases.ts';
import { checkFormat, newIdentity } from './format.ts';
import { baseOf, isIntact, lastTimeOf, recordsOf } from './frame.ts';
import { HIGH_WATER_FILE, HighWater, type Marks, readMarks } from './high-water.ts';
import { inOrder, type Left, leftIn, problemWith } from './journal.ts';
import { leftOutKey } from './left-out.ts';
import { lostRecords } from './lost-records.ts';
import { isInUse } from './owner-lock.ts';
import { damageOfNumber, FRAMES, POSITIONS } from './row-damage.ts';
import { openEnvironment, transactionOf } from './store.ts';
import { type Head, headOf, headsOf, type Root, TreeFile } from './tree-file.ts';
import { visitPages } from './tree-pages.ts';

export interface Repaired {
  /** What is wrong or missing, each a sentence without full stop; empty: the store is intact and nothing was done. */
  readonly findings: readonly string[];
  /** Path at which the damaged store is kept; undefined if nothing was changed. */
  readonly kept: string | undefined;
}

const ROWS_PER_COMMIT = 1_000;
/** Upper bound for the offsets of lost records of which no trace is left; they must not be reused. */
const SKIPPED_OFFSETS = 1_000_000;
/** How the keys of `nextKey` begin. */
const SKIPPED = /^next\//;
const LIKELY_PAGE_BYTES = [4_096, 16_384, 65_536];

/**
 * `change` false: only reports what is wrong. Rejects with PermanentError `data-dir-in-use` while a process is using the folder, and with the file
 * system's errors; the damaged store is then unchanged.
 */
export async function repairStore(dataDir: string, change: boolean): Promise<Repaired> {
  const folder = join(dataDir, 'store');
  if (await isInUse(folder))
    throw new PermanentError(
      'data-dir-in-use',
      `a Tocsin is using ${dataDir}: stop it, and everything else that uses the folder, before a repair`,
    );
  await undoHalfDone(dataDir, folder);
  const traces = await otherTraces(dataDir, folder);
  if (!existsSync(join(folder, DATA_FILE)) && traces.length === 0) return { findings: [], kept: undefined };
  // lmdb takes a path with a dot for a file instead of a folder.
  const fresh = `${folder}-new`;
  await rm(fresh, { recursive: true, force: true });
  let isReady = false;
  try {
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    const findings = await new Rebuilding(folder, fresh, false).run();
    if (!change || findings.length === 0) return { findings, kept: undefined };
    isReady = true;
    const kept = `${join(dataDir, KEPT)}${new Date()
      .toISOString()
      .replace(/[^\dT]/g, '')
      .slice(0, 15)}`;
    if (existsSync(folder)) await rename(folder, kept);
    await rename(fresh, folder);
    return { findings, kept };
  } finally {
    if (!isReady) await rm(fresh, { recursive: true, force: true });
  }
}

/**
 * Builds a new store in the new folder `to` from that in the folder `from`, which nothing may use. It gets an identity of its own, and offsets go on a million
 * higher, since the next ones may have been used after `from` was written; readers that had read everything go on there, and to the others nothing is missing between. Resolves with what was damaged and left out. Rejects with the file system's errors.
 */
export async function rebuildStore(from: string, to: string): Promise<readonly string[]> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  return await new Rebuilding(from, to, true).run();
}

/** If a repair was killed between its two renames, puts the damaged store back. */
async function undoHalfDone(dataDir: string, folder: string): Promise<void> {
  const names = await readdir(dataDir).catch(() => []);
  const newest = names
    .filter((name) => name.startsWith(KEPT))
    .sort()
    .at(-1);
  if (!existsSync(folder) && newest !== undefined) await rename(join(dataDir, newest), folder);
}

class Rebuilding {
  readonly #from: string;
  readonly #to: string;
  /** Nothing is known to be missing: what lies behind the skipped offsets is all that readers at the end miss. */
  readonly #isWhole: boolean;
  readonly #findings: string[] = [];
  readonly #databases = new Map<string, Database<Buffer, Buffer | number>>();
  /** Next offset of each partition, by topic and number. */
  readonly #next = new Map<string, number>();
  #lastTime = 0;
  #pending: (() => void)[] = [];
  #root: RootDatabase | undefined;

  constructor(from: string, to: string, isWhole: boolean) {
    this.#from = from;
    this.#to = to;
    this.#isWhole = isWhole;
  }

  async run(): Promise<readonly string[]> {
    const root = openEnvironment(this.#to, this.#to, true);
    this.#root = root;
    try {
      const marks = readMarks(this.#from);
      checkFormat(root.openDB({ name: META, useVersions: true }), true, this.#to);
      await this.#takeTree(marks);
      await this.#written();
      const about = aboutLog(root);
      const last = await this.#takeJournal(about, marks);
      await this.#finish(root, about, last);
    } finally {
      await root.close();
    }
    return this.#findings;
  }

  async #takeTree(marks: Marks | undefined): Promise<void> {
    const path = join(this.#from, DATA_FILE);
    if (!existsSync(path) || statSync(path).size === 0) {
      this.#findings.push(
        `${path} is missing or empty: of clients, alarms, sensors' states and received records, only what is in the journal is left`,
      );
      return;
    }
    const file = new TreeFile(path);
    try {
      const head = this.#headOf(file, path);
      if (!head) return;
      if (marks && head.transaction < marks.transaction)
        this.#findings.push(`${path} is an older copy, without the last ${counted(marks.transaction - head.transaction, 'change')}`);
      const visitor = {
        damaged: (what: string, isLeftOut: boolean): void =>
          void this.#findings.push(`${path}: ${what} is damaged${isLeftOut ? ' and was left out' : '; what belongs there was kept'}`),
        row: (database: string, { hasIntegerKeys }: Root, key: Buffer, value: () => Buffer | undefined): void =>
          this.#takeRow(database, hasIntegerKeys, key, value()),
      };
      for (const _ of visitPages(file, head, visitor)) if (this.#pending.length >= ROWS_PER_COMMIT) await this.#written();
    } finally {
      file.close();
    }
  }

  #headOf(file: TreeFile, path: string): Head | undefined {
    const head = headOf(file);
    if (typeof head !== 'string') return head;
    const other = LIKELY_PAGE_BYTES.flatMap((bytes) => headsOf(file, bytes))[0];
    this.#findings.push(`${path}: ${head}${other ? '' : ', and nothing of it can be read'}`);
    return other;
  }

  #takeRow(database: string, hasIntegerKeys: boolean, key: Buffer, value: Buffer | undefined): void {
    // The new store has its own format row, and no owner.
    if (database === META) return;
    if (value === undefined) {
      this.#findings.push(`a row of ${database} is damaged and was left out`);
      return;
    }
    const damage = damageOfNumber(database, key, value);
    if (damage !== undefined) this.#findings.push(damage);
    else if (FRAMES.test(database)) this.#takeFrame(database, value);
    else this.#put(database, hasIntegerKeys, hasIntegerKeys && key.length === 4 ? key.readUInt32LE(0) : key, value);
  }

  #takeFrame(database: string, bytes: Buffer): void {
    // The copy is aligned: columns are read at multiples of 4.
    const frame = Buffer.from(bytes);
    const base = frame.length > 0 ? frameBase(frame) : undefined;
    if (base === undefined) {
      this.#findings.push(`records of ${database.slice(4)} are damaged and were left out`);
      return;
    }
    const end = base + recordsOf(frame);
    this.#goesOnAt(database, end);
    this.#lastTime = Math.max(this.#lastTime, lastTimeOf(frame));
    const frames = this.#frames(database);
    this.#pending.push(() => void frames.put(base, frame));
  }

  /** Returns the highest sequence that was ever used. */
  async #takeJournal(about: CheckedNumbers, written: Marks | undefined): Promise<number> {
    const [applied, expected, identity] = [about.get(APPLIED) ?? 0, about.get(JOURNAL), about.get(IDENTITY)];
    const marks = this.#ownMarks(written, identity);
    const left = existsSync(this.#from) ? leftIn(this.#from) : [];
    const problem = expected && identity !== undefined ? problemWith(left, this.#from, expected, identity) : undefined;
    if (problem !== undefined) this.#findings.push(problem);
    const own = left.filter((file) => isOwn(file, identity ?? marks?.identity));
    const entries = inOrder(own.flatMap((file) => file.entries).filter(({ sequence }) => sequence > applied));
    const applying = new Set(entries.map(({ sequence }) => sequence));
    const broken = own
      .flatMap((file) => file.broken)
      .filter(
        // An entry that was never completely written was never acknowledged.
        ({ sequence }) => sequence > applied && sequence <= (marks?.sequence ?? Number.POSITIVE_INFINITY) && !applying.has(sequence),
      );
    for (const { topic, sensor, at } of lostRecords(broken.map(({ body }) => body)))
      this.#findings.push(`a record of ${topic}, of sensor ${sensor} and ${at}, is damaged in the journal and was left out`);
    const positions = new CheckedNumbers(this.#numbers(POSITIONS), 'positions');
    for (const { sequence, body } of entries) {
      try {
        const batch = decodeBatch(body);
        for (const { topic, partition, bytes } of batch.frames) this.#takeFrame(`log/${topic}/${partition}`, bytes);
        for (const { partition, key, value } of batch.states) this.#takeState(partition, key, value);
        for (const { name, position } of batch.positions) this.#pending.push(() => positions.put(name, position));
      } catch (error) {
        this.#findings.push(`entry ${sequence} of the journal cannot be read: ${reasonOf(error)}`);
      }
      if (this.#pending.length >= ROWS_PER_COMMIT) await this.#written();
    }
    const last = Math.max(entries.at(-1)?.sequence ?? 0, applied, marks?.sequence ?? 0);
    const missing = Math.max(0, last - applied - entries.length);
    if (missing > 0)
      this.#findings.push(`${counted(missing, 'entry', 'entries')} of the journal${this.#span()} ${missing === 1 ? 'is' : 'are'} missing`);
    await this.#written();
    return last;
  }

  #ownMarks(marks: Marks | undefined, identity: number | undefined): Marks | undefined {
    if (!marks || identity === undefined || marks.identity === identity) return marks;
    this.#findings.push(`${join(this.#from, HIGH_WATER_FILE)} belongs to another store than the tree beside it`);
    return undefined;
  }

  /** The time between the newest record found and the last acknowledgement, as a clause; empty if unknown. */
  #span(): string {
    const mark = join(this.#from, HIGH_WATER_FILE);
    if (this.#lastTime === 0 || !existsSync(mark)) return '';
    return `, received after ${new Date(this.#lastTime).toISOString()} and before ${statSync(mark).mtime.toISOString()},`;
  }

  async #finish(root: RootDatabase, about: CheckedNumbers, last: number): Promise<void> {
    const positions = new CheckedNumbers(this.#numbers(POSITIONS), 'positions');
    // Offsets that an earlier repair or restore has left out.
    for (const { key, value } of about.getRange()) if (SKIPPED.test(key)) this.#goesOnAt(key.replace(SKIPPED, 'log/'), value);
    const read = [...positions.getRange()].map(({ key, value }) => {
      const [, topic = '', partition = ''] = /^.*\/([A-Z]+)\/(\d+)$/.exec(key) ?? [];
      return { key, value, place: `log/${topic}/${partition}` };
    });
    for (const { place, value } of read) this.#goesOnAt(place, value);
    const atEnd = this.#isWhole ? read.filter(({ place, value }) => value === this.#next.get(place)) : [];
    const identity = newIdentity();
    await root.batch(() => {
      about.put(IDENTITY, identity);
      about.put(APPLIED, last);
      about.put(APPLIED_BY, 0);
      about.put(JOURNAL, 0);
      for (const { key, value } of atEnd) positions.put(key, value + SKIPPED_OFFSETS);
      for (const [place, next] of this.#next) {
        const [, topic = '', partition = ''] = FRAMES.exec(place) ?? [];
        about.put(nextKey(topic, Number(partition)), next + SKIPPED_OFFSETS);
        // Where something was damaged, its records may have been the last ones.
        if (this.#isWhole && this.#findings.length === 0) about.put(leftOutKey(topic, Number(partition), next), next + SKIPPED_OFFSETS);
      }
    });
    new HighWater(this.#to, { identity, transaction: transactionOf(root), sequence: last }).close();
  }

  #goesOnAt(place: string, next: number): void {
    this.#next.set(place, Math.max(this.#next.get(place) ?? 0, next));
  }

  #takeState(partition: number, key: number, value: Buffer | undefined): void {
    const states = this.#database(`state/${partition}`, true);
    this.#pending.push(() => void (value ? states.put(key, value) : states.remove(key)));
  }

  #put(name: string, hasIntegerKeys: boolean, key: Buffer | number, value: Buffer): void {
    // Copied, since a page's buffer does not outlive the visit.
    const [database, own, bytes] = [
      this.#database(name, hasIntegerKeys),
      Buffer.isBuffer(key) ? Buffer.from(key) : key,
      Buffer.from(value),
    ];
    this.#pending.push(() => void database.put(own, bytes));
  }

  #frames(name: string): Database<Buffer, number> {
    return this.#open(name, {}) as Database<Buffer, number>;
  }

  #numbers(name: string): Database<Buffer, string> {
    const root = this.#root as RootDatabase;
    return root.openDB<Buffer, string>({ name, encoding: 'binary' });
  }

  #database(name: string, hasIntegerKeys: boolean): Database<Buffer, Buffer | number> {
    return this.#open(name, { keyEncoding: hasIntegerKeys ? 'uint32' : 'binary' });
  }

  #open(name: string, options: { readonly keyEncoding?: 'uint32' | 'binary' }): Database<Buffer, Buffer | number> {
    const known = this.#databases.get(name);
    if (known) return known;
    const opened = (this.#root as RootDatabase).openDB<Buffer, Buffer | number>({ name, encoding: 'binary', ...options });
    this.#databases.set(name, opened);
    return opened;
  }

  async #written(): Promise<void> {
    const rows = this.#pending;
    this.#pending = [];
    await this.#root?.batch(() => {
      for (const put of rows) put();
    });
  }
}

/** The base offset of an intact frame, regardless of its key; undefined if it is damaged. */
function frameBase(frame: Buffer): number | undefined {
  if (frame.length < 32) return undefined;
  const base = baseOf(frame);
  return isIntact(frame, base) ? base : undefined;
}

/** Whether a journal file belongs to this store. Files from before identities existed always count as its own. */
function isOwn({ identity }: Left, own: number | undefined): boolean {
  return identity === undefined || own === undefined || identity === own;
}
