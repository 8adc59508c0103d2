import { describe, expect, it } from 'vitest';
import { PartitionQueue, PendingBatch } from '../../../../message-log/kafka/partition-queue.ts';
import { ATTRIBUTES_AT, BASE_SEQUENCE_AT, COUNT_AT } from '../../../../kafka/wire/batch-format.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { PermanentError, reasonOf } from '../../../../runtime/errors.ts';

const IDENTITY = { producerId: 1, epoch: 0 };
const MIB = 1024 * 1024;

function known(): PartitionQueue {
  const queue = new PartitionQueue('ENTRY', 'fire.ENTRY', 3);
  queue.identity = IDENTITY;
  return queue;
}

/** Appends one record. */
function put(queue: PartitionQueue, now = 0, bytes = 1): PendingBatch {
  const pending = queue.open(bytes, now);
  pending.writer.add(1, now, Buffer.alloc(bytes, 'x'), 0, bytes);
  return pending;
}

/** Sequence number and number of records of the batch. */
function sent(queue: PartitionQueue): readonly [number, number] | undefined {
  const sealed = queue.next();
  return sealed && [sealed.readInt32BE(BASE_SEQUENCE_AT), sealed.readInt32BE(COUNT_AT)];
}

/** The queue's visible state. */
function stateOf({ topic, name, partition, place, idle, current, sending, attempts, notBefore, lastTime, reason }: PartitionQueue) {
  return { topic, name, partition, place, idle, current, sending, attempts, notBefore, lastTime, reason };
}

function waiting(): PartitionQueue {
  const queue = known();
  put(queue);
  queue.next();
  return queue;
}

describe('records for a partition', () => {
  it('gather in one batch until the previous one is settled, with the next sequence numbers', async () => {
    const queue = known();
    expect(stateOf(queue)).toMatchObject({ topic: 'ENTRY', name: 'fire.ENTRY', partition: 3, place: 'fire.ENTRY/3' });
    // It can be sent at once.
    expect(stateOf(queue)).toMatchObject({ idle: true, sending: false, attempts: 0, notBefore: 0, lastTime: 0 });
    expect(sent(queue)).toBeUndefined();
    const first = [put(queue), put(queue)];
    expect(queue.idle).toBe(false);
    expect(sent(queue)).toEqual([0, 2]);
    const second = [put(queue), put(queue), put(queue)];
    // Until the broker has answered, it is sent again unchanged.
    const sealed = queue.next();
    expect(queue.next()).toBe(sealed);
    // It belongs to no transaction.
    expect(sealed?.readInt16BE(ATTRIBUTES_AT)).toBe(0);
    expect(sent(queue)).toEqual([0, 2]);
    queue.acknowledge(70);
    expect(await Promise.all(first.map(({ acknowledged }) => acknowledged))).toEqual([70, 70]);
    expect([queue.idle, sent(queue)]).toEqual([false, [2, 3]]);
    queue.acknowledge(80);
    expect(await Promise.all(second.map(({ acknowledged }) => acknowledged))).toEqual([80, 80, 80]);
    expect([queue.idle, sent(queue)]).toEqual([true, undefined]);
    put(queue);
    expect(sent(queue)).toEqual([5, 1]);
  });

  it('wait while their producer is not known', () => {
    const queue = new PartitionQueue('ENTRY', 'ENTRY', 3);
    put(queue);
    expect([sent(queue), queue.idle]).toEqual([undefined, false]);
    queue.identity = IDENTITY;
    expect(sent(queue)).toEqual([0, 1]);
  });

  it('go into another batch if one would become larger than brokers accept', () => {
    const queue = known();
    const [one, two] = [put(queue, 0, MIB - 1_000), put(queue, 5, 100)];
    expect(two).toBe(one);
    const room = MIB - one.writer.size;
    expect(queue.open(room, 7)).toBe(one);
    const three = queue.open(room + 1, 7);
    expect(three).not.toBe(one);
    expect([one.since, three.since]).toEqual([0, 7]);
  });

  it('do not inherit the attempts of the previous batch', () => {
    const queue = waiting();
    Object.assign(queue, { attempts: 4, notBefore: 70, reason: 'the leader has moved' });
    queue.acknowledge(0);
    expect(stateOf(queue)).toMatchObject({ current: undefined, attempts: 0, notBefore: 0, reason: undefined });
  });

  it('are numbered from 0 on again after 2^31, as Kafka does', () => {
    let many = true;
    class Many extends BatchWriter {
      override get count(): number {
        return many ? 2 ** 31 - 1 : super.count;
      }
    }
    const queue = known();
    queue.current = new PendingBatch(new Many(), 0);
    queue.acknowledge(0);
    many = false;
    for (let n = 0; n < 2; n += 1) put(queue);
    expect(sent(queue)).toEqual([2 ** 31 - 1, 2]);
    queue.acknowledge(0);
    put(queue);
    expect(sent(queue)).toEqual([1, 1]);
  });

  it('that come after an acknowledged batch are alone in theirs, even after a batch that nobody waited for', () => {
    const queue = waiting();
    queue.acknowledge(0);
    queue.acknowledge(1);
    put(queue);
    put(queue);
    expect(sent(queue)).toEqual([1, 2]);
    // One gathers while another is under way.
    put(queue);
    expect(sent(queue)).toEqual([1, 2]);
    queue.acknowledge(0);
    expect(sent(queue)).toEqual([3, 1]);
  });
});

describe('a batch that is given up', () => {
  it('is rejected, and another producer starts over after it, since the broker may have the batch', async () => {
    const queue = waiting();
    queue.acknowledge(0);
    const given = put(queue);
    queue.next();
    const next = put(queue);
    queue.abandon(new PermanentError('record-too-large', 'too large'));
    await expect(given.acknowledged).rejects.toThrow('too large');
    expect([queue.identity, queue.idle, sent(queue)]).toEqual([undefined, false, undefined]);
    queue.identity = { producerId: 2, epoch: 0 };
    expect(sent(queue)).toEqual([0, 1]);
    queue.acknowledge(9);
    expect(await next.acknowledged).toBe(9);
  });

  it('may be none', () => {
    const queue = known();
    queue.abandon(new Error('fenced'));
    expect([queue.identity, queue.idle]).toEqual([undefined, true]);
  });
});

describe('records that waited too long', () => {
  it('are refused with the reason of their own partition', async () => {
    const queue = waiting();
    const { current } = queue;
    queue.reason = 'too few replicas are in sync';
    expect(reasonOf(queue.expire(0, 1))).toBe('Kafka: fire.ENTRY/3 took no records in time: too few replicas are in sync');
    await expect(current?.acknowledged).rejects.toThrow('too few replicas are in sync');
    // The old reason is gone with it.
    expect(queue.reason).toBeUndefined();
  });

  it('are refused with a text even if no broker answered', () => {
    expect(reasonOf(waiting().expire(0, 1))).toBe('Kafka: fire.ENTRY/3 took no records in time: brokers did not answer');
  });

  it('do not include those that wait only a moment', () => {
    const queue = waiting();
    expect(queue.expire(-1, 1)).toBeUndefined();
    expect(queue.idle).toBe(false);
    expect(known().expire(5, 5)).toBeUndefined();
  });

  it('include exactly those that have waited too long', async () => {
    const queue = known();
    const late = [put(queue, 10)];
    queue.next();
    late.push(put(queue, 20, MIB), put(queue, 30, MIB));
    const inTime = put(queue, 31, MIB);
    expect(queue.expire(30, 100)).toBeDefined();
    for (const { acknowledged } of late) await expect(acknowledged).rejects.toThrow('in time');
    expect(queue.identity).toBeUndefined();
    queue.identity = IDENTITY;
    expect(sent(queue)).toEqual([0, 1]);
    queue.acknowledge(3);
    expect(await inTime.acknowledged).toBe(3);
  });

  it('leave alone a batch under way that is in time, or missing', async () => {
    const queue = new PartitionQueue('ENTRY', 'ENTRY', 0);
    const late = put(queue, 10);
    expect(queue.expire(10, 100)).toBeDefined();
    await expect(late.acknowledged).rejects.toThrow('in time');
    expect(queue.idle).toBe(true);
  });
});

describe('a partition that took no records in time', () => {
  it('accepts one append every two seconds to see whether that has changed', () => {
    const queue = waiting();
    expect([queue.refusal(0), queue.troubledSince]).toEqual([undefined, undefined]);
    const error = queue.expire(0, 1_000);
    expect(queue.troubledSince).toBe(1_000);
    expect(queue.refusal(1_000)).toBe(error);
    expect(queue.refusal(2_999)).toBe(error);
    expect(queue.refusal(3_000)).toBeUndefined();
    put(queue, 3_000);
    expect(queue.refusal(3_000)).toBe(error);
    queue.identity = IDENTITY;
    queue.next();
    expect(queue.refusal(9_000)).toBe(error);
    queue.acknowledge(0);
    expect([queue.refusal(9_000), queue.troubledSince]).toEqual([undefined, undefined]);
  });

  it('accepts all appends again once brokers report that all is well', () => {
    const queue = waiting();
    queue.expire(0, 1_000);
    queue.calm();
    expect([queue.refusal(1_000), queue.troubledSince]).toEqual([undefined, undefined]);
  });
});
