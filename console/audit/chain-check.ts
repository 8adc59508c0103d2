import type { ReadRecord, RecordsRead } from '../../message-log/records-read.ts';
import { type AuditRow, type ChainEnd, decodeAuditRow } from '../../records/audit-row.ts';
import { hashOfRow, macOfEnd } from './chain.ts';
import type { AuditKey } from './key.ts';

export interface ChainsChecked {
  readonly rows: number;
  readonly chains: number;
  /** Rows that are signed with a key that is here. */
  readonly signed: number;
  /** Epoch ms of the newest row. */
  readonly newest: number | undefined;
  /** What is wrong, naming chain and row: a sentence each, the first hundred. */
  readonly problems: readonly string[];
  /** How many more there are. */
  readonly more: number;
  /** What these rows cannot show. */
  readonly unseen: readonly string[];
}

interface Seen {
  readonly first: number;
  readonly partition: number;
  /** When its first row was written. */
  readonly began: number;
  /** Names its key. */
  readonly key: string | undefined;
  last: number;
  /** Hashes of the newest rows by their number, to recognise repetitions and ends. */
  readonly hashes: Map<number, string>;
}

/** A row that was sent to the log twice comes again within this many rows. */
const HASHES_KEPT = 2_000;
const PROBLEMS_MAX = 100;

/**
 * Checks the hash chains of the audit trail. Takes the rows of one partition after the other, each in the order of the log. A chain whose first rows are gone
 * is in order if the partition has lost its oldest records, as retention does.
 */
export class ChainCheck {
  readonly #chains = new Map<string, Seen>();
  /** How chains ended, according to other rows or files, with who says so. */
  readonly #ends: { readonly end: ChainEnd; readonly by: string }[] = [];
  readonly #problems: string[] = [];
  #more = 0;
  readonly #keys: ReadonlyMap<string, AuditKey>;
  #rows = 0;
  #signed = 0;
  #unsigned = 0;
  /** Rows signed with keys that are not here, by key. */
  readonly #unknown = new Map<string, number>();
  /** When the first signed row was written. */
  #signedSince = Number.POSITIVE_INFINITY;
  #newest: number | undefined;

  /** `ends`: the last rows that consoles on this machine know to be written. `keys`: those that are known here. */
  constructor(ends: readonly ChainEnd[], keys: readonly AuditKey[] = []) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    for (const end of ends) this.#ends.push({ end, by: 'the file of its console' });
  }

  add({ text, partition, offset }: ReadRecord): void {
    const { value: row } = decodeAuditRow(text);
    if (!row) {
      this.#wrong(`what is at AUDIT/${partition}@${offset} is not a row of the audit trail`);
      return;
    }
    this.#rows += 1;
    this.#newest = Math.max(this.#newest ?? 0, row.at);
    const hash = hashOfRow(text);
    const seen = this.#chains.get(row.chain);
    if (!seen) this.#begin(row, hash, partition);
    else if (row.n > seen.last) this.#next(row, seen);
    else {
      const before = seen.hashes.get(row.n);
      if (before !== hash) this.#wrong(`${nameOf(row.chain)} has another row ${row.n} at AUDIT/${partition}@${offset}`);
      return;
    }
    const now = this.#chains.get(row.chain);
    if (!now) return;
    this.#checkSignature(row, text, now);
    now.last = row.n;
    now.hashes.set(row.n, hash);
    now.hashes.delete(row.n - HASHES_KEPT);
  }

  result({ earliest, isWhole }: RecordsRead): ChainsChecked {
    this.#checkBeginnings();
    const unseen = [...this.#checkStarts(earliest), ...this.#checkEnds(earliest, isWhole), ...this.#notProven()];
    const { size: chains } = this.#chains;
    const counted = { rows: this.#rows, chains, signed: this.#signed, newest: this.#newest };
    return { ...counted, problems: this.#problems, more: this.#more, unseen };
  }

  #checkSignature(row: AuditRow, text: string, { key: ofChain }: Seen): void {
    if (row.key !== ofChain) {
      this.#wrong(`${nameOf(row.chain)}: row ${row.n} is signed in another way than the rows before it`);
      return;
    }
    if (row.key === undefined) {
      this.#unsigned += 1;
      return;
    }
    this.#signedSince = Math.min(this.#signedSince, row.at);
    const key = this.#keys.get(row.key);
    if (!key) this.#unknown.set(row.key, (this.#unknown.get(row.key) ?? 0) + 1);
    else if (key.hasSigned(text)) this.#signed += 1;
    else this.#wrong(`${nameOf(row.chain)}: row ${row.n} was made or changed by somebody without the key ${row.key}`);
  }

  /** Whoever has no key can still make a chain without one. */
  #checkBeginnings(): void {
    for (const [chain, { first, key, began }] of this.#chains)
      if (first === 0 && key === undefined && began > this.#signedSince)
        this.#wrong(
          `${nameOf(chain)} is not signed, but was begun (${new Date(began).toISOString()}) after others were: by a console that could not read its key, by an earlier version, or by somebody without the key`,
        );
  }

  #notProven(): string[] {
    const unknown = [...this.#unknown].map(
      ([key, rows]) => `whether ${rowsOf(rows)} signed with the key ${key} are genuine: it is not here`,
    );
    const unsigned = `whether ${rowsOf(this.#unsigned)} without a signature, such as those of earlier versions, were computed anew as a whole`;
    return this.#unsigned > 0 ? [...unknown, unsigned] : unknown;
  }

  #begin(row: AuditRow, hash: string, partition: number): void {
    const hashes = new Map([[row.n, hash]]);
    this.#chains.set(row.chain, { first: row.n, last: row.n, partition, began: row.at, key: row.key, hashes });
    if (row.n === 0 && row.prev !== '')
      this.#wrong(`${nameOf(row.chain)}: row 0 was changed: nothing comes before it, but it names a hash`);
    if (row.after) this.#ends.push({ end: row.after, by: `the first row of ${nameOf(row.chain)}` });
  }

  #next(row: AuditRow, seen: Seen): void {
    if (row.n > seen.last + 1) this.#wrong(`${nameOf(row.chain)}: ${rowsAre(seen.last + 1, row.n - 1)} missing`);
    else if (row.prev !== seen.hashes.get(seen.last))
      this.#wrong(`${nameOf(row.chain)}: row ${seen.last} was changed, or row ${row.n} was: it names another row before it`);
  }

  /** A partition whose first records are gone has lost them by age or size, or by somebody's hand: its rows don't show which. */
  #checkStarts(earliest: ReadonlyMap<number, number>): string[] {
    let cut = 0;
    for (const [chain, { first, partition }] of this.#chains) {
      if (first === 0) continue;
      if ((earliest.get(partition) ?? 0) > 0) cut += 1;
      else this.#wrong(`${nameOf(chain)}: ${rowsAre(0, first - 1, ' at its start')} missing`);
    }
    return cut === 0
      ? []
      : [`${cut === 1 ? 'one chain begins' : `${cut} chains begin`} after its first row, since older rows are no longer kept`];
  }

  #checkEnds(earliest: ReadonlyMap<number, number>, isWhole: boolean): string[] {
    const unseen: string[] = [];
    const known = new Set(this.#ends.map(({ end }) => end.chain));
    for (const { end, by } of this.#ends) {
      const seen = this.#chains.get(end.chain);
      const key = this.#keys.get(seen?.key ?? '');
      if (key && end.mac !== macOfEnd(key, end)) {
        this.#wrong(`${nameOf(end.chain)}: its end, as ${by} has it, was not signed with the key of its rows: it was changed`);
        continue;
      }
      const kept = seen?.hashes.get(end.n);
      if (!seen) {
        // Its rows may all have been removed by age.
        if (!isWhole) unseen.push(perhapsInJournal(0, end));
        else if ([...earliest.values()].every((offset) => offset === 0))
          this.#wrong(`${nameOf(end.chain)} is missing: ${by} names its row ${end.n}`);
      } else if (seen.last < end.n) {
        if (isWhole) this.#wrong(`${nameOf(end.chain)}: ${rowsAre(seen.last + 1, end.n, ' at its end')} missing: ${by} names row ${end.n}`);
        else unseen.push(perhapsInJournal(seen.last + 1, end));
      } else if (kept !== undefined && kept !== end.hash)
        this.#wrong(`${nameOf(end.chain)}: row ${end.n} was changed: ${by} names another`);
    }
    const open = [...this.#chains.keys()].filter((chain) => !known.has(chain)).length;
    if (open > 0)
      unseen.push(
        `whether rows at the end of ${open === 1 ? 'one chain' : `${open} chains`} are missing: no later row, and no file in this data folder, names the last one`,
      );
    return unseen;
  }

  #wrong(problem: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(problem);
    else this.#more += 1;
  }
}

const rowsOf = (rows: number): string => (rows === 1 ? 'one row' : `${rows.toLocaleString('en')} rows`);

const nameOf = (chain: string): string => `chain ${chain}`;

const perhapsInJournal = (first: number, { chain, n }: ChainEnd): string =>
  `${rowsAre(first, n, ` of ${nameOf(chain)}`)} perhaps still in the journal of the running system`;

const rowsFrom = (first: number, last: number): string => (first === last ? `row ${first}` : `rows ${first} to ${last}`);

/** The same with its verb. */
const rowsAre = (first: number, last: number, where = ''): string => `${rowsFrom(first, last)}${where} ${first === last ? 'is' : 'are'}`;
