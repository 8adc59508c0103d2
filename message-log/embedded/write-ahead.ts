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

/** A larger commit goes into the tree at once: writing it twice would cost more than the tree does. */
const DIRECT_BYTES = 256 * 1024;
/** Moved into the tree when so much has gathered: few enough that the commits beside it aren't held up, enough for large frames. */
const MOVED_BYTES = 256 * 1024;
/** Or after so long. */
const MOVED_AFTER_MS = 60_000;
/** What is older isn't merged. */
const AGED_MS = 600_000;

interface Waiting {
  readonly sequence: number;
  readonly bytes: number;
  readonly since: number;
  readonly batch: Batch;
}

/** `next`: everything of the partition before it is in the tree. */
export type OnMoved = (topic: Topic, partition: number, next: number) => void;

/**
 * Commits of the log. Small ones go into the journal and are moved into the tree together, later; what is only in the journal is in memory too. Large
 * ones, and all while the journal cannot take them, go into the tree at once, with what waits before them.
 */
export class WriteAhead {
  readonly #store: Store;
  readonly #databases: LogDatabases;
  readonly #clock: Clock;
  /** How many entries of a crash's journal could not be read. */
  readonly damaged: number;
  /** Records in them, as far as they can be made out. */
  readonly lost: readonly LostRecord[];
  onMoved: OnMoved = () => undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** An entry may be on disk though its commit has failed: the next goes into the tree, and says so. */
  #doubtful = false;
  #moving = false;
  /** Writes of the tree, one after the other. */
  #last: Promise<void> = Promise.resolve();

  private constructor(store: Store, databases: LogDatabases, clock: Clock, damaged = 0, lost: readonly LostRecord[] = []) {
    this.#store = store;
    this.#databases = databases;
    this.#clock = clock;
    this.damaged = damaged;
    this.lost = lost;
  }

  /** Brings what a crash has left in the journal into the tree. Rejects as `Store.write` does. */
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

  /** Resolves once it is on disk. Rejects as `Store.write` does; then it isn't read by anybody, before a restart at least. */
  async write(batch: Batch): Promise<void> {
    const { journal, dataDir } = this.#store;
    const bytes = encodedBytes(batch);
    if (!journal || this.#doubtful || bytes > DIRECT_BYTES || !journal.fits(bytes)) {
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
    // Asked afterwards: a successor reads the journal only once it owns the store.
    if (!this.#store.isOwned()) throw fenced();
    journal.acknowledged(sequence);
    this.#waiting.push({ sequence, bytes, since: performance.now(), batch });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes >= MOVED_BYTES || !journal.fits(DIRECT_BYTES)) void this.#moveBeside();
  }

  /** Moves into the tree what waits in the journal now. Rejects as `Store.write` does; it then goes on waiting. */
  move(): Promise<void> {
    return this.#exclusively(() => this.#moveWith(undefined));
  }

  /** Moves it if it has waited long. */
  async moveAged(): Promise<void> {
    const oldest = this.#waiting[0];
    if (oldest && performance.now() - oldest.since >= MOVED_AFTER_MS) await this.move();
  }

  /** Newest states of a partition that aren't in the tree. */
  statesOf(partition: number): Map<number, Buffer | undefined> {
    const changes = this.#waiting.flatMap(({ batch }) => batch.states.filter((change) => change.partition === partition));
    return new Map(changes.map(({ key, value }) => [key, value]));
  }

  /** Moves what waits; what cannot be moved is found in the journal at the next start. */
  async close(): Promise<void> {
    const { journal } = this.#store;
    await journal?.ready();
    await this.move()
      // There is nothing in it any more that there must be.
      .then(() => journal && this.#store.write(() => this.#databases.about.put(JOURNAL, 0)))
      .catch(() => undefined);
  }

  /** Beside the commits, once at a time; what cannot be moved is tried again after a later one. */
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
      // No entry is under way meanwhile: all are in the tree then, the failed ones counted.
      await this.#intoTree([...batches, batch], this.#store.journal?.sequence, RESERVE_BYTES);
      this.#doubtful = false;
    } else await this.#intoTree(batches, waiting.at(-1)?.sequence, LAST_RESERVE_BYTES);
    this.#waiting.splice(0, waiting.length);
    this.#waitingBytes -= waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** `applied`: the sequence up to which the journal's entries are in the tree with it; `expected`: the owner whose file there must be from then on. */
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

/** All frames, those of a partition in their order and merged. */
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
