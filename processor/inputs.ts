import type { InputPositions, Reader, RecordBatch, TaskLog } from '../message-log/port.ts';
import type { InputTopic } from '../records/topics.ts';

/**
 * At equal record times recoveries come first, actions last. Inputs are also asked in this order: a recovery is sent after its readings
 * were acknowledged, so whoever asks for recoveries first and readings then has the readings of every recovery it has, or knows that they are
 * still on their way.
 */
const ORDER: readonly InputTopic[] = ['OK', 'ENTRY', 'ACTION'];

/** Between two of them the task may commit. */
const RUN_RECORDS = 1_024;
const WAIT_MS = 500;
/** Readings wait so long for recoveries that are on their way, and then go on: no alarm is to wait for ever for the end of another. */
const RECOVERIES_MS = 5_000;

/** One input of a task: its reader, and what was read but not yet taken. */
interface Input {
  readonly topic: InputTopic;
  readonly reader: Reader;
  batches: RecordBatch[];
  /** Next record within the first batch. */
  next: number;
  waiting: Promise<void> | undefined;
  /** How long `waiting` lasts at most, ms. */
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
  /** Waited for recoveries since one came, ms. */
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

  /** Where reading goes on after what was taken. */
  get positions(): InputPositions {
    return { ...this.#positions };
  }

  /** Reads on wherever nothing is in hand; waits, at most so long, if there is nothing at all. False: still nothing. */
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

  /** Ends a `fill` that waits for something to come, or is about to. */
  async wake(): Promise<void> {
    this.#ending = true;
    if (this.#waiting) await this.close();
  }

  /** The next run in order of time; undefined once an input has run dry, since it may hold what comes next: fill first. */
  take(): Run | undefined {
    if (this.#ranDry || this.#closed) return undefined;
    // One that has nothing comes last.
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

  /** The first of `input` always belongs to the run, so that a clock that stepped back can't stop the merge. */
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

  /** Neither readings nor recoveries are taken while older ones of the other kind are known to be on their way. */
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

  /** It may have been waited for before, with another bound. */
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
