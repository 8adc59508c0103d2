import { reasonOf } from '../../runtime/errors.ts';
import type { InputPositions, TaskOwner } from '../port.ts';
import type { Group } from '../../records/groups.ts';
import { INPUTS, type Topic } from '../../records/topics.ts';
import type { Client } from '../../kafka/client.ts';
import { GroupMember, type GroupDeps, type GroupSettings } from '../../kafka/group-member.ts';
import type { TaskPositions } from './task-positions.ts';
import { KafkaTaskLog, type TaskLogDeps } from './task-log.ts';

/** The group in which processors divide the tasks' partitions among themselves. */
export const TASK_GROUP = 'processor' satisfies Group;
/** Co-partitioned: whoever has a partition number has that partition of all of these. */
export const TASK_TOPICS = [...INPUTS, 'STATE'] as const satisfies readonly Topic[];

const AGAIN_MS = 1_000;
const LOOK_AFTER_MS = 5_000;
/** How often new positions are shown to the group: consoles take them as proof that detection keeps up, so they must be fresh. */
const SHOW_AFTER_MS = 1_000;

interface OwnershipDeps extends Omit<GroupDeps, 'metrics'>, Omit<TaskLogDeps, 'confirm' | 'onFenced' | 'client' | 'logger'> {
  /** Connections for one task: brokers handle one request of a connection at a time, and a task's commit must not wait for another's. */
  newClient(): Client;
}

/**
 * Makes this process the owner of its share of the tasks. Group membership decides who should own a partition; epochs guarantee that only one
 * owner can write.
 */
export class Ownership {
  readonly #owner: TaskOwner;
  readonly #deps: OwnershipDeps;
  readonly #member: GroupMember;
  readonly #tasks = new Map<number, KafkaTaskLog>();
  readonly #ending = new Map<number, Promise<void>>();
  readonly #timers: readonly NodeJS.Timeout[];
  /** Positions that were committed to the group, by partition. */
  readonly #shown = new Map<number, InputPositions>();
  #closing: Promise<void> | undefined;

  constructor(owner: TaskOwner, settings: GroupSettings, deps: OwnershipDeps) {
    this.#owner = owner;
    this.#deps = deps;
    this.#member = new GroupMember(settings, deps, {
      shared: (partitions) => this.#shared(partitions),
      lost: () => {
        for (const task of this.#tasks.values()) task.fence();
        this.#shared(new Set());
      },
    });
    this.#timers = [
      setInterval(() => {
        // Shows all of them again: a late commit of a predecessor may have set one back.
        this.#shown.clear();
        for (const task of this.#tasks.values()) void task.keepReady(false);
      }, LOOK_AFTER_MS).unref(),
      setInterval(() => void this.#showLag(), SHOW_AFTER_MS).unref(),
    ];
  }

  /** Partitions have new leaders; transactions may have new coordinators too. */
  moved(): void {
    for (const task of this.#tasks.values()) void task.keepReady(true);
  }

  /** Gives all tasks back; resolves once none of them writes any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const partition of [...this.#tasks.keys()]) this.#revoke(partition);
    await Promise.all(this.#ending.values());
    await this.#showLag();
    await this.#member.close();
    await this.#deps.client.close();
  }

  #shared(partitions: ReadonlySet<number>): void {
    for (const partition of [...this.#tasks.keys()]) if (!partitions.has(partition)) this.#revoke(partition);
    for (const partition of partitions) void this.#assign(partition);
  }

  /** Starts a task once its predecessor in this process has ended, if it is still wanted then. */
  async #assign(partition: number): Promise<void> {
    await this.#ending.get(partition);
    if (this.#closing || this.#tasks.has(partition) || !this.#member.held.has(partition)) return;
    const { logger, metrics, prefix, requestTimeoutMs, clock, reader } = this.#deps;
    const task = new KafkaTaskLog(partition, {
      logger,
      client: this.#deps.newClient(),
      metrics,
      prefix,
      requestTimeoutMs,
      clock,
      reader,
      confirm: () => this.#member.confirm(),
      onFenced: (fencedTask) => this.#fenced(fencedTask),
    });
    this.#tasks.set(partition, task);
    await this.#owner.assigned(task).catch((error: unknown) => {
      this.#deps.logger.error({ partition, reason: reasonOf(error) }, 'a task could not be started');
    });
  }

  #revoke(partition: number): void {
    const task = this.#tasks.get(partition);
    if (!task) return;
    this.#tasks.delete(partition);
    const ended = this.#owner
      .revoked(partition)
      .catch((error: unknown) =>
        this.#deps.logger.error({ partition, reason: reasonOf(error) }, 'a task failed while it was being stopped'),
      )
      .finally(async () => {
        await task.close();
        if (task.committed) this.#last.set(partition, task.committed);
        this.#ending.delete(partition);
      });
    this.#ending.set(partition, ended);
  }

  /** Another process has the partition, or a transaction timed out: if the group still assigns it to this process, the task is started again. */
  #fenced(task: KafkaTaskLog): void {
    const { partition } = task;
    if (this.#tasks.get(partition) !== task) return;
    this.#deps.logger.warn({ partition }, 'a task was fenced: another owner has taken over, or a transaction took too long');
    this.#revoke(partition);
    setTimeout(() => void this.#assign(partition), AGAIN_MS).unref();
  }

  /** Positions to commit to the group, where Kafka's tools and consoles see them; the ones that count for the tasks are in STATE. */
  readonly #last = new Map<number, TaskPositions>();
  async #showLag(): Promise<void> {
    for (const [partition, { committed }] of this.#tasks)
      if (committed && committed.positions !== this.#shown.get(partition)) this.#last.set(partition, committed);
    const { prefix } = this.#deps;
    const showing = [...this.#last];
    const offsets = showing.flatMap(([partition, { positions, topics }]) =>
      INPUTS.map((topic) => ({ topic: prefix + topic, partition, offset: positions[topic], topicId: topics[topic] })),
    );
    this.#last.clear();
    if (offsets.length === 0) return;
    try {
      await this.#member.commit(offsets);
      for (const [partition, { positions }] of showing) this.#shown.set(partition, positions);
    } catch {
      // Tried again in the next round.
    }
  }
}
