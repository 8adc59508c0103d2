import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from 'lmdb';
import type { InputPositions, OutgoingRecord, Reader, StateDelta, TaskLog, TaskOwner } from '../port.ts';
import { type InputTopic, INPUTS, type Topic } from '../../records/topics.ts';
import { fenced, lost } from './faults.ts';
import type { GroupCommit } from './group-commit.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Positions } from './positions.ts';
import { seal, unseal } from './sealed-row.ts';

/** The consumer under whose name the tasks' input positions are kept. */
export const TASK_GROUP = '@task';
/** Takes some milliseconds: a proxy in the same process takes statuses meanwhile. */
const RESTORED_PER_TURN = 500;

export interface TaskParts {
  readonly states: readonly Database<Buffer, number>[];
  readonly positions: Positions;
  readonly commits: GroupCommit;
  log(topic: Topic, partition: number): PartitionLog;
  /** A reader that also sees sealed records that are not on disk yet. */
  readAhead(log: PartitionLog, from: number): Reader;
  /** The newest states, which are not in `states` yet. */
  newestStates(partition: number): ReadonlyMap<number, Buffer | undefined>;
}

/** Assigns all partitions to the latest caller; tasks assigned earlier are fenced. */
export class Tasks {
  readonly #parts: TaskParts;
  #current: Tenure | undefined;

  constructor(parts: TaskParts) {
    this.#parts = parts;
  }

  async own(owner: TaskOwner): Promise<() => Promise<void>> {
    const before = this.#current;
    const tenure = new Tenure(owner, this.#parts);
    this.#current = tenure;
    await before?.end();
    // Whatever the predecessor has already committed must be on disk before the new task restores.
    await this.#parts.commits.idle();
    await tenure.begin();
    return () => tenure.end();
  }

  async close(): Promise<void> {
    await this.#current?.end();
  }
}

class Tenure {
  readonly #owner: TaskOwner;
  readonly #tasks: readonly EmbeddedTaskLog[];
  #ending: Promise<void> | undefined;

  constructor(owner: TaskOwner, parts: TaskParts) {
    this.#owner = owner;
    this.#tasks = parts.states.map((state, partition) => new EmbeddedTaskLog(partition, state, parts));
  }

  async begin(): Promise<void> {
    for (const task of this.#tasks) if (!this.#ending) await this.#owner.assigned(task);
  }

  end(): Promise<void> {
    this.#ending ??= this.#giveBack();
    return this.#ending;
  }

  async #giveBack(): Promise<void> {
    try {
      await Promise.all(this.#tasks.map((task) => this.#owner.revoked(task.partition)));
    } finally {
      for (const task of this.#tasks) task.fenced = true;
    }
  }
}

class EmbeddedTaskLog implements TaskLog {
  readonly partition: number;
  fenced = false;
  readonly #state: Database<Buffer, number>;
  readonly #parts: TaskParts;
  readonly #inputs: readonly PartitionLog[];
  /** How often its inputs had lost records when it was restored. */
  #losses = 0;

  constructor(partition: number, state: Database<Buffer, number>, parts: TaskParts) {
    this.partition = partition;
    this.#state = state;
    this.#parts = parts;
    this.#inputs = INPUTS.map((topic) => parts.log(topic, partition));
    // From now on retention waits for the task.
    for (const topic of INPUTS) parts.positions.begin(TASK_GROUP, topic, partition, 0);
  }

  async restore(visit: (key: number, value: Buffer) => void, damaged: (key: number) => void): Promise<InputPositions> {
    this.#losses = this.#lossesNow();
    const newest = this.#parts.newestStates(this.partition);
    const check = (key: number, row: Buffer): void => {
      const value = unseal(key, row);
      if (value === undefined) damaged(key);
      else visit(key, value);
    };
    for (let start = 0; ; ) {
      let visited = 0;
      for (const { key, value } of this.#state.getRange({ start, limit: RESTORED_PER_TURN })) {
        if (!newest.has(key)) check(key, value);
        start = key + 1;
        visited += 1;
      }
      if (visited < RESTORED_PER_TURN) break;
      await nextTurn();
    }
    for (const [key, value] of newest) if (value) check(key, value);
    return { ENTRY: this.#position('ENTRY'), OK: this.#position('OK'), ACTION: this.#position('ACTION') };
  }

  async reader(topic: InputTopic, from: number): Promise<Reader> {
    return this.#parts.readAhead(this.#parts.log(topic, this.partition), from);
  }

  async commit(outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions): Promise<void> {
    if (this.fenced) throw fenced();
    if (this.#lossesNow() !== this.#losses) throw lost();
    const { commits } = this.#parts;
    commits.admit(
      outputs.reduce((sum, { value }) => sum + value.length, 0) + state.reduce((sum, { value }) => sum + (value?.length ?? 0), 0),
    );
    for (const { topic, key, at, value } of outputs) {
      const log = this.#parts.log(topic, this.partition);
      log.stage.add(key, log.monotone(at), value, 0, value.length);
      commits.touch(log);
    }
    commits.also(
      state.map(({ key, value }) => ({ partition: this.partition, key, value: value ? seal(key, value) : undefined })),
      INPUTS.map((topic) => this.#parts.positions.change(TASK_GROUP, topic, this.partition, positions[topic])),
    );
    await commits.next().committed;
    for (const topic of INPUTS) this.#parts.positions.committed(TASK_GROUP, topic, this.partition, positions[topic]);
  }

  #lossesNow(): number {
    return this.#inputs.reduce((sum, { losses }) => sum + losses, 0);
  }

  #position(topic: Topic): number {
    return this.#parts.positions.get(TASK_GROUP, topic, this.partition) ?? 0;
  }
}
