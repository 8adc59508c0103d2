import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import type { Client } from '../../../../kafka/client.ts';
import type { Cursor } from '../../../../message-log/kafka/cursor.ts';
import type { Fetcher } from '../../../../message-log/kafka/fetcher.ts';
import { AssignerProtocol } from '../../../../kafka/kafkajs.ts';
import { kafkaMetrics } from '../../../../message-log/kafka/metrics.ts';
import { KafkaSubscription } from '../../../../message-log/kafka/subscription.ts';
import { Health } from '../../../../runtime/health.ts';

const OFFSET_COMMIT = 8;
const OFFSET_FETCH = 9;
const JOIN_GROUP = 11;
const SYNC_GROUP = 14;

it('commits nothing in a topic that was created again for records of the one that was deleted', async () => {
  const coordinator = new Coordinator();
  const cursors: Cursor[] = [];
  const fetcher = { add: (cursor: Cursor) => cursors.push(cursor), remove() {}, wake() {}, close: async () => undefined };
  const settings = { group: 'archiver', topics: ['ALARM'], partitions: 1, sessionTimeoutMs: 6_000, instanceId: undefined };
  const deps = {
    client: coordinator as unknown as Client,
    health: new Health(),
    logger: pino({ level: 'silent' }),
    metrics: kafkaMetrics(new Registry(), () => 0),
  };
  const subscription = new KafkaSubscription(settings, ['ALARM'], '', fetcher as unknown as Fetcher, deps, () => undefined);
  await vi.waitFor(() => expect(cursors).toHaveLength(1));
  const [before] = subscription.assigned.values();

  coordinator.topic = 'created again';
  cursors[0]?.begin('created again');
  await vi.waitFor(() => expect(cursors).toHaveLength(2));
  expect([...subscription.assigned.values()]).not.toEqual([before]);
  await subscription.commit('ALARM', 0, 500);
  expect(coordinator.committed).toEqual([]);

  cursors[1]?.skip(7);
  await subscription.commit('ALARM', 0, 7);
  expect(coordinator.committed).toEqual([{ offset: '7', metadata: 'topic created again' }]);
  await subscription.close();
});

/** The coordinator of a group with one member. The group has committed 0 in whichever topic there is. */
class Coordinator {
  topic = 'first';
  readonly committed: { offset: string; metadata: string }[] = [];

  topicId(): string {
    return this.topic;
  }

  async refresh(): Promise<void> {}

  async close(): Promise<void> {}

  async atCoordinator<T>(_kind: string, _group: string, work: (broker: object) => Promise<T>): Promise<T> {
    return await work({
      lookupRequest: (key: number) => (options: Request) => ({ key, options }),
      connectionPool: { send: async ({ key, options }: { key: number; options: Request }) => this.#answer(key, options) },
    });
  }

  #answer(key: number, { topics = [] }: Request): object {
    if (key === JOIN_GROUP) return { memberId: 'one', leaderId: 'one', generationId: 1, members: [] };
    if (key === SYNC_GROUP) {
      const assignment = { version: 0, assignment: { ALARM: [0] }, userData: Buffer.alloc(0) };
      return { memberAssignment: AssignerProtocol.MemberAssignment.encode(assignment) };
    }
    if (key === OFFSET_FETCH) return { responses: [{ partitions: [{ partition: 0, offset: '0', metadata: `topic ${this.topic}` }] }] };
    if (key === OFFSET_COMMIT)
      for (const { partitions } of topics) for (const { offset, metadata } of partitions) this.committed.push({ offset, metadata });
    return {};
  }
}

interface Request {
  readonly topics?: readonly { readonly partitions: readonly { readonly offset: string; readonly metadata: string }[] }[];
}
