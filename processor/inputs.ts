import type { InputPositions, Reader, RecordBatch, TaskLog } from '../message-log/port.ts';
import type { InputTopic } from '../records/topics.ts';

/**
 * The order at equal record times: recoveries first, actions last. Inputs are also polled in this order. A sensor sends a recovery after its readings were
 * acknowledged, so whoever polls recoveries first, then readings, has the readings before every recovery it has, or knows that they are on their way.
 */
const ORDER: readonly InputTopic[] = ['OK', 'ENTRY', 'ACTION'];

/** The task may commit between two runs. */
const RUN_RECORDS = 1_024;
const WAIT_MS = 500;
/** Readings wait at most this long for recoveries that are on their way: no alarm may wait for ever for the end of another. */
const RECOVERIES_MS = 5_000;

/** One input of a task: its reader, and the batches that were read and not taken yet. */
interface Input {
  readonly topic: InputTopic;
  readonly reader: Reader;
  batches: RecordBatch[];
  /** Next record within the first batch. */
  next: number;
  /** A poll that is under way. */
  waiting: Promise<void> | undefined;
  /** How long that poll waits at most, ms. */
  waitMs: number;
}

/** Records [from, to) of a batch; no record of another input belongs between them. */
export interface Run {
  readonly batch: RecordBatch;
  readonly from: number;
  readonly to: number;
}

/** The inputs of one partition, merged by record time as far as they have arrived. */
export class Inputs {
  readonly #inputs: readonly Input[];
  readonly #positions: Record<InputTopic, number>;
  #ranDry = false;
  #waiting = false;
  #ending = false;
  #closed = false;
  /** How long recoveries have been waited for since the last one came, ms. */
  #inVainMs = 0;

  private constructor(inputs: readonly Input[], positions: InputPositions) {
    this.#inputs = inputs;
    this.#positions = { ...positions };
  }

  static async open(
    taskLog: Pick<TaskLog, 'reader'>,
    positions: InputPositions,
    onGap: (topic: InputTopic, from: number, to: number) => void,
  ): Promise<Inputs> {
    const inputs: Input[] = [];
    for (const topic of ORDER) {
      const reader = await taskLog.reader(topic, positions[topic]);
      reader.onGap = (from, to) => onGap(topic, from, to);
      inputs.push({ topic, reader, batches: [], next: 0, waiting: undefined, waitMs: 0 });
    }
    return new Inputs(inputs, positions);
  }

  /** The positions after the records that were taken. */
  get positions(): InputPositions {
    return { ...this.#positions };
  }

  /** Polls every input that has no records left; if none has any, waits up to `waitMs` for some. Resolves with false if there are still none. */
  async fill(waitMs = WAIT_MS): Promise<boolean> {
    this.#ranDry = false;
    for (const input of this.#inputs) {
      if (input.batches.length === 0 && !input.waiting) input.batches = [...(await input.reader.poll(0))];
    }
    this.#waiting = true;
    if (this.#ending) await this.close();
    else if (!this.#any()) await Promise.race(this.#inputs.map((input) => this.#arrival(input, waitMs)));
    await this.#complete();
    this.#waiting = false;
    return this.#any() && !this.#closed;
  }

  /** Ends a `fill` that is waiting for records, or is about to. */
  async wake(): Promise<void> {
    this.#ending = true;
    if (this.#waiting) await this.close();
  }

  /** The next run in order of time. Undefined once an input has run out of records, since its next one may be older: call `fill` first. */
  take(): Run | undefined {
    if (this.#ranDry || this.#closed) return undefined;
    // Inputs without records come last.
    const first = this.#inputs.reduce((earliest, input) => (timeOf(input) < timeOf(earliest) ? input : earliest));
    const [batch] = first.batches;
    if (!batch) return undefined;
    const from = first.next;
    const to = this.#endOfRun(first, batch);
    if (to < batch.length) {
      first.next = to;
      this.#positions[first.topic] = batch.offset(to);
    } else {
      first.batches.shift();
      first.next = 0;
      this.#positions[first.topic] = batch.nextOffset;
      this.#ranDry = first.batches.length === 0;
    }
    return { batch, from, to };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#inputs.map(({ reader }) => reader.close()));
    await Promise.allSettled(this.#inputs.map(({ waiting }) => waiting));
  }

  /** The first record of `input` always belongs to the run, so that a clock that stepped back can't stop the merge. */
  #endOfRun(input: Input, batch: RecordBatch): number {
    const others = this.#inputs.filter((other) => other !== input && other.batches.length > 0);
    const most = Math.min(batch.length, input.next + RUN_RECORDS);
    if (others.length === 0) return most;
    const limit = Math.min(...others.map(timeOf));
    const winsTie = others.every((other) => timeOf(other) > limit || this.#inputs.indexOf(input) < this.#inputs.indexOf(other));
    let to = input.next + 1;
    while (to < most && (batch.time(to) < limit || (winsTie && batch.time(to) === limit))) to += 1;
    return to;
  }

  /** Waits for readings or recoveries that are known to be on their way, since they may be older than the records in hand. */
  async #complete(): Promise<void> {
    for (const input of this.#inputs) {
      if (input.topic === 'ACTION') continue;
      const recoveries = input.topic === 'OK';
      while (this.#any() && input.batches.length === 0 && input.reader.behind && !this.#closed) {
        if (recoveries && this.#inVainMs >= RECOVERIES_MS) break;
        await this.#arrival(input, WAIT_MS);
        if (recoveries) this.#inVainMs += input.waitMs;
      }
      if (recoveries && (input.batches.length > 0 || !input.reader.behind)) this.#inVainMs = 0;
    }
  }

  #any(): boolean {
    return this.#inputs.some((input) => input.batches.length > 0);
  }

  /** Resolves once a poll of `input` has ended; a poll that is already under way keeps its own time limit. */
  #arrival(input: Input, waitMs: number): Promise<void> {
    if (input.waiting) return input.waiting;
    input.waitMs = waitMs;
    input.waiting = input.reader.poll(waitMs).then((batches) => {
      input.waiting = undefined;
      input.batches = [...batches];
    });
    return input.waiting;
  }
}

function timeOf(input: Input): number {
  return input.batches[0]?.time(input.next) ?? Number.POSITIVE_INFINITY;
}
