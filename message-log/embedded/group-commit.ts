import { setImmediate as nextTurn } from 'node:timers/promises';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { PositionChange, SealedFrame, StateChange } from './batch.ts';
import { closed } from './faults.ts';
import type { LogMetrics } from './metrics.ts';
import type { PartitionLog } from './partition-log.ts';
import type { WriteAhead } from './write-ahead.ts';

const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** After a failed commit all appends are refused until a retry, made once in this interval, succeeds: callers need not each try a full disk. */
const PAUSE_MS = 250;
const SLOW_COMMIT_MS = 10_000;

/** What goes out with one commit; settles the promises of everyone waiting for it. */
export interface Round {
  readonly committed: Promise<void>;
  /** Offset of the first record of each partition; filled in when the commit begins. */
  readonly bases: Map<PartitionLog, number>;
}

interface OpenRound extends Round {
  readonly touched: Set<PartitionLog>;
  readonly states: StateChange[];
  readonly positions: PositionChange[];
  /** Written even if it is empty, to see whether the disk accepts writes again. */
  isProbe: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Group commit: whatever gathers while a commit runs goes out with the next one, as one transaction, without lingering. Tasks read the records of a
 * commit before it is written and their outputs join it, so that an alarm does not wait for a second commit.
 */
export class GroupCommit {
  readonly #writeAhead: WriteAhead;
  readonly #health: Health;
  readonly #logger: Logger;
  readonly #metrics: LogMetrics;
  #round = newRound();
  #running: Promise<void> | undefined;
  #stagedBytes = 0;
  #writingBytes = 0;
  #refusal: TransientError | PermanentError | undefined;
  #failing = false;
  #probe: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(writeAhead: WriteAhead, health: Health, logger: Logger, metrics: LogMetrics) {
    this.#writeAhead = writeAhead;
    this.#health = health;
    this.#logger = logger;
    this.#metrics = metrics;
  }

  get pendingBytes(): number {
    return this.#stagedBytes + this.#writingBytes;
  }

  /** Accepts `bytes` more, or throws TransientError (`log-closed`, `log-full`, `disk-full`, `log-unavailable`) or PermanentError `fenced`. */
  admit(bytes: number): void {
    if (this.#closing) throw closed();
    if (this.#refusal) throw this.#refusal;
    if (this.pendingBytes + bytes > MAX_PENDING_BYTES)
      throw new TransientError('log-full', `more than ${MAX_PENDING_BYTES} bytes wait for the disk`);
    this.#stagedBytes += bytes;
  }

  /** Includes what is staged in `log` in the next commit. Stage only after `admit`, in the same turn of the event loop. */
  touch(log: PartitionLog): void {
    this.#round.touched.add(log);
  }

  /** Adds states and positions to the next commit, all or nothing; the last value for a key wins. */
  also(states: readonly StateChange[], positions: readonly PositionChange[]): void {
    this.#round.states.push(...states);
    this.#round.positions.push(...positions);
  }

  /** The next round; starts it if none is running. */
  next(): Round {
    const round = this.#round;
    this.#running ??= this.#run();
    return round;
  }

  /** Resolves when no commit is in progress. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Refuses new appends and resolves once the rest is settled. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#probe);
    await this.idle();
    clearTimeout(this.#probe);
  }

  async #run(): Promise<void> {
    await nextTurn();
    while (isUsed(this.#round)) await this.#commit();
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const frames: SealedFrame[] = [];
    const sealed = new Set<PartitionLog>();
    const rounds = [this.#seal(frames, sealed)];
    if ([...sealed].some((log) => log.isReadAhead)) {
      await reactions();
      if (isUsed(this.#round)) rounds.push(this.#seal(frames, sealed));
    }
    const slow = setTimeout(() => this.#health.report('log', 'a write to the data folder is taking very long'), SLOW_COMMIT_MS);
    const start = performance.now();
    try {
      await this.#writeAhead.write({
        frames,
        states: rounds.flatMap(({ states }) => states),
        positions: rounds.flatMap(({ positions }) => positions),
      });
      this.#metrics.commitSeconds.observe((performance.now() - start) / 1_000);
      this.#succeeded();
      for (const { topic, bytes } of frames) this.#metrics.appendedBytes.inc({ topic }, bytes.length);
      for (const log of sealed) log.publish();
      for (const round of rounds) round.resolve();
    } catch (error) {
      this.#failed(error);
      // What has gathered meanwhile may depend on what was lost.
      rounds.push(this.#seal(frames, sealed));
      for (const log of sealed) log.discard();
      for (const round of rounds) round.reject(error);
    } finally {
      clearTimeout(slow);
      this.#writingBytes = 0;
    }
  }

  /** Ends the open round: seals what is staged into frames and adds them, and their logs, to the commit. */
  #seal(frames: SealedFrame[], sealed: Set<PartitionLog>): OpenRound {
    const round = this.#round;
    this.#round = newRound();
    this.#writingBytes += this.#stagedBytes;
    this.#stagedBytes = 0;
    for (const log of round.touched) {
      round.bases.set(log, log.sealed);
      for (const bytes of log.seal()) frames.push({ topic: log.topic, partition: log.partition, bytes });
      sealed.add(log);
    }
    return round;
  }

  #succeeded(): void {
    this.#health.report('log', undefined);
    if (this.#failing) this.#logger.info('the log can be written again');
    this.#failing = false;
    this.#refusal = undefined;
  }

  #failed(error: unknown): void {
    this.#health.report('log', reasonOf(error));
    if (error instanceof PermanentError) {
      this.#logger.error({ reason: reasonOf(error) }, 'another owner has taken over the log');
      this.#refusal = error;
    } else if (error instanceof TransientError) {
      if (!this.#failing)
        this.#logger.warn({ reason: reasonOf(error) }, 'cannot write the log, nothing is acknowledged until it can be written again');
      this.#refusal = error;
      clearTimeout(this.#probe);
      this.#probe = setTimeout(() => this.#tryAgain(), PAUSE_MS).unref();
    }
    this.#failing = true;
  }

  /** Retries by itself: while health reports failure, there may be no appends to retry with. */
  #tryAgain(): void {
    this.#round.isProbe = true;
    this.next();
  }
}

/** Resolves once everything that was ready has run: readers that only waited for these records have had and processed them. */
function reactions(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isUsed({ touched, states, positions, isProbe }: OpenRound): boolean {
  return touched.size > 0 || states.length > 0 || positions.length > 0 || isProbe;
}

function newRound(): OpenRound {
  let resolve = (): void => undefined;
  let reject = (_: unknown): void => undefined;
  const promise = new Promise<void>((onDone, onFault) => {
    resolve = onDone;
    reject = onFault;
  });
  // Callers that wait get the rejection; with no caller it must not count as unhandled.
  promise.catch(() => undefined);
  return { committed: promise, resolve, reject, bases: new Map(), touched: new Set(), states: [], positions: [], isProbe: false };
}
