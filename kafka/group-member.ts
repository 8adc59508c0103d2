import { setTimeout as sleep } from 'node:timers/promises';
import type { Counter } from 'prom-client';
import { AssignerProtocol } from './kafkajs.ts';
import { Backoff } from '../runtime/backoff.ts';
import { reasonOf, TransientError } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import { shareOut } from './assigner.ts';
import type { Client } from './client.ts';
import { closed, unavailable } from './faults.ts';
import { ask, type Broker, kafkaErrorOf, memberIdRequired } from './kafkajs.ts';

export interface GroupSettings {
  readonly group: string;
  /** Names in Kafka; all have the same number of partitions. */
  readonly topics: readonly string[];
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  readonly instanceId: string | undefined;
}

/** Figures of a member: requests sent again, and times that partitions were assigned. */
interface GroupMetrics {
  readonly retries: Counter<'what'>;
  readonly rebalances: Counter<'group'>;
}

export interface GroupDeps {
  readonly client: Client;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: GroupMetrics;
}

export interface GroupListener {
  /** These partitions, and no others, are this member's from now on. */
  shared(partitions: ReadonlySet<number>): void;
  /** The group has gone on without this member: it has no partitions until `shared` is called again. */
  lost(): void;
}

interface Offset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Id of the topic that the offset belongs to; undefined: not known. */
  readonly topicId?: string | undefined;
}

interface Membership {
  readonly memberId: string;
  readonly generation: number;
}

/** Precedes the topic's id in the text that Kafka keeps with a group's position. */
const TOPIC_MARK = 'topic ';
const PROTOCOL = 'tocsin';
const PROTOCOL_TYPE = 'consumer';
const HEARTBEAT_MS = 500;
const RETRY = { firstMs: 100, maxMs: 2_000 };
/** Errors that say that the group has gone on without this member. */
const EXPELLED: ReadonlySet<string | undefined> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

/**
 * Membership in a consumer group by Kafka's own protocol, so that Kafka's tools show members and lag. During a rebalance a member keeps working on
 * its partitions until the new assignment is known. A member that is late is fenced by epochs, not by the group.
 */
export class GroupMember {
  readonly #settings: GroupSettings;
  readonly #deps: GroupDeps;
  readonly #listener: GroupListener;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  #membership: Membership | undefined;
  #memberId = '';
  #held: ReadonlySet<number> = new Set();

  constructor(settings: GroupSettings, deps: GroupDeps, listener: GroupListener) {
    this.#settings = settings;
    this.#deps = deps;
    this.#listener = listener;
    this.#loop = this.#run();
  }

  get held(): ReadonlySet<number> {
    return this.#held;
  }

  /** Asks whether the group still counts this process as a member. Rejects with TransientError if it doesn't, or can't be asked. */
  async confirm(): Promise<void> {
    if (!this.#membership) throw unavailable(`this process is not in the group ${this.#settings.group} yet`);
    try {
      await this.#heartbeat(this.#membership);
    } catch (error) {
      if (kafkaErrorOf(error) !== 'REBALANCE_IN_PROGRESS') throw error;
    }
  }

  /** The group's positions by partition; see committedOffsets. */
  async committed(topic: string, partitions: readonly number[]): Promise<Map<number, number>> {
    const { group } = this.#settings;
    return await committedOffsets(this.#deps.client, group, topic, partitions, this.#deps.logger);
  }

  /** Rejects with TransientError, also if this process is not a member now or a rebalance is under way. */
  async commit(offsets: readonly Offset[]): Promise<void> {
    if (!this.#membership) throw unavailable(`this process is not in the group ${this.#settings.group} now`);
    const { generation, memberId } = this.#membership;
    const topics = new Map<string, { partition: number; offset: string; metadata: string }[]>();
    for (const { topic, partition, offset, topicId } of offsets) {
      const parts = topics.get(topic) ?? [];
      parts.push({ partition, offset: String(offset), metadata: topicId === undefined ? '' : TOPIC_MARK + topicId });
      topics.set(topic, parts);
    }
    await this.#ask('OffsetCommit', {
      groupGenerationId: generation,
      memberId,
      topics: [...topics].map(([topic, parts]) => ({ topic, partitions: parts })),
    });
  }

  /** Leaves the group, so that others get the partitions without waiting for the session to time out. */
  async close(): Promise<void> {
    this.#abort.abort(closed());
    await this.#loop;
    const { instanceId } = this.#settings;
    if (this.#memberId) {
      const me = { memberId: this.#memberId, groupInstanceId: instanceId ?? null };
      await this.#ask('LeaveGroup', { memberId: this.#memberId, members: [me] }).catch(() => undefined);
    }
    this.#membership = undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const backoff = new Backoff(RETRY);
    while (!signal.aborted) {
      try {
        const membership = await this.#join();
        backoff.works();
        await this.#stay(membership);
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.metrics.retries.inc({ what: 'group' });
        const { attempt, delayMs } = backoff.failed();
        if (EXPELLED.has(kafkaErrorOf(error))) this.#expelled(error);
        else if (attempt > 2) this.#deps.health.report(this.#part, reasonOf(error));
        await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  get #part(): string {
    return `group ${this.#settings.group}`;
  }

  #expelled(error: unknown): void {
    this.#deps.logger.warn(
      { group: this.#settings.group, reason: reasonOf(error) },
      'the group went on without this process; joining again',
    );
    this.#memberId = '';
    this.#membership = undefined;
    this.#held = new Set();
    this.#listener.lost();
  }

  /** Sends heartbeats until the group rebalances. Rejects once the group has expelled this member; other failures are reported and retried. */
  async #stay(membership: Membership): Promise<void> {
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted; ) {
      await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#heartbeat(membership);
        failures = 0;
        this.#deps.health.report(this.#part, undefined);
      } catch (error) {
        const type = kafkaErrorOf(error);
        if (type === 'REBALANCE_IN_PROGRESS') return;
        if (EXPELLED.has(type)) throw error;
        failures += 1;
        if (failures > 3) this.#deps.health.report(this.#part, reasonOf(error));
      }
    }
  }

  async #join(): Promise<Membership> {
    const { group, sessionTimeoutMs, instanceId, topics, partitions } = this.#settings;
    const joined = await this.#joinGroup();
    this.#memberId = joined.memberId;
    const members = new Map(joined.members.map(({ memberId, memberMetadata }) => [memberId, partitionsIn(memberMetadata)]));
    const shares = joined.leaderId === joined.memberId ? [...shareOut(members, partitions)] : [];
    const synced = await this.#ask(
      'SyncGroup',
      {
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupInstanceId: instanceId ?? null,
        groupAssignment: shares.map(([memberId, share]) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: 0,
            assignment: Object.fromEntries(topics.map((topic) => [topic, share])),
            userData: Buffer.alloc(0),
          }),
        })),
      },
      sessionTimeoutMs,
    );
    const assignment = AssignerProtocol.MemberAssignment.decode(synced.memberAssignment as Buffer)?.assignment ?? {};
    this.#held = new Set(assignment[topics[0] ?? ''] ?? []);
    this.#membership = { memberId: joined.memberId, generation: joined.generationId };
    this.#deps.metrics.rebalances.inc({ group });
    this.#deps.logger.info({ group, generation: joined.generationId, partitions: [...this.#held] }, 'partitions were assigned');
    this.#listener.shared(this.#held);
    return this.#membership;
  }

  async #joinGroup(): Promise<JoinAnswer> {
    const { sessionTimeoutMs, instanceId, topics } = this.#settings;
    const metadata = AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics: [...topics],
      userData: Buffer.from([...this.#held].join(',')),
    });
    const request = (memberId: string) => ({
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      memberId,
      groupInstanceId: instanceId ?? null,
      protocolType: PROTOCOL_TYPE,
      groupProtocols: [{ name: PROTOCOL, metadata }],
    });
    try {
      return (await this.#ask('JoinGroup', request(this.#memberId))) as unknown as JoinAnswer;
    } catch (error) {
      const memberId = memberIdRequired(error);
      if (memberId === undefined) throw error;
      this.#memberId = memberId;
      return (await this.#ask('JoinGroup', request(memberId))) as unknown as JoinAnswer;
    }
  }

  async #heartbeat({ generation, memberId }: Membership): Promise<void> {
    const { instanceId } = this.#settings;
    await this.#ask('Heartbeat', { groupGenerationId: generation, memberId, groupInstanceId: instanceId ?? null });
  }

  #ask(name: string, options: object, timeoutMs?: number): Promise<Record<string, unknown>> {
    const { group } = this.#settings;
    const work = (broker: Broker) => ask(broker, name, { groupId: group, ...options }, timeoutMs);
    return this.#deps.client.atCoordinator('group', group, work);
  }
}

interface CommittedPlace {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string | null;
}

interface JoinAnswer {
  readonly memberId: string;
  readonly leaderId: string;
  readonly generationId: number;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

/** The partitions that a member says it holds; members of other programs say nothing readable. */
function partitionsIn(memberMetadata: Buffer): ReadonlySet<number> {
  const text = AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData.toString() ?? '';
  return new Set(/^\d+(,\d+)*$/.test(text) ? text.split(',').map(Number) : []);
}

/**
 * The group's positions by partition: next offset to read. Partitions without a commit are missing, and so are those whose position belongs to a
 * deleted topic of the same name, which is logged as an error. Rejects with TransientError.
 */
export async function committedOffsets(
  client: Client,
  group: string,
  topic: string,
  partitions: readonly number[],
  logger?: Logger,
): Promise<Map<number, number>> {
  const answer = await client.atCoordinator('group', group, (broker) =>
    ask(broker, 'OffsetFetch', { groupId: group, topics: [{ topic, partitions: partitions.map((partition) => ({ partition })) }] }),
  );
  const found = (answer.responses as { partitions: CommittedPlace[] }[])[0]?.partitions ?? [];
  if (found.length !== partitions.length) throw new TransientError('log-unavailable', `Kafka: no positions of ${group} for ${topic}`);
  const topicId = client.topicId(topic);
  const ours = found.filter(({ partition, offset, metadata }) => {
    if (Number(offset) < 0) return false;
    // A position without a topic id, as earlier versions commit it, is trusted.
    if (topicId === undefined || !metadata?.startsWith(TOPIC_MARK) || metadata === TOPIC_MARK + topicId) return true;
    logger?.error(
      { group, topic, partition, position: Number(offset) },
      'the topic was deleted and created again: it is read from its beginning',
    );
    return false;
  });
  return new Map(ours.map(({ partition, offset }) => [partition, Number(offset)]));
}
