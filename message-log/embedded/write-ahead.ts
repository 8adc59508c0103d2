import type { Clock } from '../../runtime/clock.ts';
import type { Topic } from '../../records/topics.ts';
import { type Batch, decodeBatch, encodeBatch, encodedBytes, type SealedFrame } from './batch.ts';
import { APPLIED, APPLIED_BY, JOURNAL, type LogDatabases } from './databases.ts';
import { commitFault, fenced } from './faults.ts';
import { baseOf, recordsOf } from './frame.ts';
import { checkFreeSpace, LAST_RESERVE_BYTES, RESERVE_BYTES } from './free-space.ts';
import { type LostRecord, lostRecords } from './lost-records.ts';
import { merged } from './merged.ts';
import type { Store } from './store.ts';

/** A larger commit goes straight into the tree: writing it twice would cost more than the tree does. */
const DIRECT_BYTES = 256 * 1024;
/** The journal is moved into the tree when it holds this much: little enough not to hold up commits meanwhile, enough for large frames. */
const MOVED_BYTES = 256 * 1024;
/** Or when its oldest entry is this old. */
const MOVED_AFTER_MS = 60_000;
/** Frames older than this are not merged. */
const AGED_MS = 600_000;

interface Waiting {
  readonly sequence: number;
  readonly bytes: number;
  readonly since: number;
  readonly batch: Batch;
}

/** `next`: everything before this offset of the partition is in the tree. */
export type OnMoved = (topic: Topic, partition: number, next: number) => void;

/**
 * Writes the log's commits. Small ones go into the journal and are moved into the tree later, many together; what is only in the journal is in memory
 * too. Large ones, and all while the journal has no room, go straight into the tree, together with whatever the journal still holds.
 */
export class WriteAhead {
  readonly #store: Store;
  readonly #databases: LogDatabases;
  readonly #clock: Clock;
  /** How many entries of the journal found at the start could not be read. */
  readonly damaged: number;
  /** Records in those entries, as far as they can be recognised. */
  readonly lost: readonly LostRecord[];
  onMoved: OnMoved = () => undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Set after a failed commit, whose entry may be on disk nevertheless: the next commit goes into the tree and marks that sequence as used. */
  #doubtful = false;
  #moving = false;
  /** The chain of writes to the tree, which run one at a time. */
  #last: Promise<void> = Promise.resolve();

  private constructor(store: Store, databases: LogDatabases, clock: Clock, damaged = 0, lost: readonly LostRecord[] = []) {
    this.#store = store;
    this.#databases = databases;
    this.#clock = clock;
    this.damaged = damaged;
    this.lost = lost;
  }

  /** Moves what a crash left in the journal into the tree. Rejects as `Store.write` does. */
  static async open(store: Store, databases: LogDatabases, clock: Clock): Promise<WriteAhead> {
    const { journal } = store;
    if (!journal) return new WriteAhead(store, databases, clock);
    const { about } = databases;
    const { entries, damaged, remains } = journal.recovered(about.get(APPLIED) ?? 0, about.get(APPLIED_BY) ?? 0, about.get(JOURNAL));
    const writeAhead = new WriteAhead(store, databases, clock, damaged, lostRecords(remains));
    const batches = entries.map(({ body }) => decodeBatch(body));
    if (journal.hasPredecessors) await writeAhead.#intoTree(batches, journal.sequence, LAST_RESERVE_BYTES, 0);
    journal.begin(() => store.write(() => about.put(JOURNAL, journal.epoch)));
    return writeAhead;
  }

  /** Resolves once the batch is on disk. Rejects as `Store.write` does; then nobody reads the batch, at least before a restart. */
  async write(batch: Batch): Promise<void> {
    const { journal, dataDir } = this.#store;
    const bytes = encodedBytes(batch);
    if (!journal || this.#doubtful || bytes > DIRECT_BYTES || !journal.fits(bytes) || !journal.isInPlace) {
      await this.#exclusively(() => this.#moveWith(batch));
      return;
    }
    checkFreeSpace(dataDir, bytes);
    let sequence: number;
    try {
      sequence = await journal.append(bytes, (body) => encodeBatch(batch, body));
    } catch (error) {
      this.#doubtful = true;
      throw await commitFault(error);
    }
    // Checked after the write: a successor reads the journal only once it owns the store.
    if (!this.#store.isOwned()) throw fenced();
    journal.acknowledged(sequence);
    this.#waiting.push({ sequence, bytes, since: performance.now(), batch });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes >= MOVED_BYTES || !journal.fits(DIRECT_BYTES)) void this.#moveBeside();
  }

  /** Moves what is in the journal now into the tree. Rejects as `Store.write` does; it then stays in the journal. */
  move(): Promise<void> {
    return this.#exclusively(() => this.#moveWith(undefined));
  }

  /** Moves it if it has been in the journal for long. Rejects as `flush` does. */
  async moveAged(): Promise<void> {
    const oldest = this.#waiting[0];
    if (oldest && performance.now() - oldest.since >= MOVED_AFTER_MS) await this.move();
  }

  /** The newest states of a partition that are not in the tree yet. */
  statesOf(partition: number): Map<number, Buffer | undefined> {
    const changes = this.#waiting.flatMap(({ batch }) => batch.states.filter((change) => change.partition === partition));
    return new Map(changes.map(({ key, value }) => [key, value]));
  }

  /** Moves what is left into the tree; whatever cannot be moved is found in the journal at the next start. */
  async close(): Promise<void> {
    const { journal } = this.#store;
    await journal?.ready();
    await this.move()
      // The journal is empty now, so its file need no longer exist.
      .then(() => journal && this.#store.write(() => this.#databases.about.put(JOURNAL, 0)))
      .catch(() => undefined);
  }

  /** Runs beside the commits, one at a time; what cannot be moved is tried again after a later commit. */
  async #moveBeside(): Promise<void> {
    if (this.#moving) return;
    this.#moving = true;
    await this.move().catch(() => undefined);
    this.#moving = false;
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #moveWith(batch: Batch | undefined): Promise<void> {
    const waiting = [...this.#waiting];
    if (waiting.length === 0 && !batch) return;
    const batches = waiting.map((one) => one.batch);
    if (batch) {
      // No entry is being written meanwhile, so all are in the tree afterwards, including the sequences of failed ones.
      await this.#intoTree([...batches, batch], this.#store.journal?.sequence, RESERVE_BYTES);
      this.#doubtful = false;
    } else await this.#intoTree(batches, waiting.at(-1)?.sequence, LAST_RESERVE_BYTES);
    this.#waiting.splice(0, waiting.length);
    this.#waitingBytes -= waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** `applied`: sequence up to which the journal's entries are in the tree with this write; `expected`: epoch of the owner whose file must exist from then on. */
  async #intoTree(batches: readonly Batch[], applied: number | undefined, reserve: number, expected?: number): Promise<void> {
    const { journal } = this.#store;
    const frames = framesOf(batches, this.#clock() - AGED_MS);
    const positions = new Map(batches.flatMap((batch) => batch.positions.map(({ name, position }) => [name, position])));
    const states = new Map(batches.flatMap((batch) => batch.states.map((change) => [`${change.partition}/${change.key}`, change])));
    await this.#store.write(
      () => {
        for (const { topic, partition, bytes } of frames) void this.#databases.frames.get(topic)?.[partition]?.put(baseOf(bytes), bytes);
        for (const { partition, key, value } of states.values()) {
          const database = this.#databases.states[partition];
          void (value ? database?.put(key, value) : database?.remove(key));
        }
        for (const [name, position] of positions) this.#databases.positions.put(name, position);
        if (expected !== undefined) this.#databases.about.put(JOURNAL, expected);
        if (journal && applied !== undefined) {
          this.#databases.about.put(APPLIED, applied);
          this.#databases.about.put(APPLIED_BY, journal.epoch);
        }
      },
      frames.reduce((sum, { bytes }) => sum + bytes.length, 0),
      reserve,
    );
    if (applied !== undefined) journal?.free(applied);
    for (const { topic, partition, bytes } of frames) this.onMoved(topic, partition, baseOf(bytes) + recordsOf(bytes));
  }
}

/** All frames, in order within each partition, and merged. */
function framesOf(batches: readonly Batch[], agedBefore: number): SealedFrame[] {
  const logs = new Map<string, SealedFrame[]>();
  for (const { frames } of batches)
    for (const frame of frames) {
      const place = `${frame.topic}/${frame.partition}`;
      const list = logs.get(place);
      if (list) list.push(frame);
      else logs.set(place, [frame]);
    }
  return [...logs.values()].flatMap((frames) => {
    const { topic, partition } = frames[0] as SealedFrame;
    const bytes = frames.map((frame) => frame.bytes);
    return merged(topic, partition, bytes, agedBefore).map((frame) => ({ topic, partition, bytes: frame }));
  });
}
