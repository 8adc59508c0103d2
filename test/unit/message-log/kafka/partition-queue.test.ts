import { describe, expect, it } from 'vitest';
import { PartitionQueue } from '../../../../message-log/kafka/partition-queue.ts';
import { reasonOf } from '../../../../runtime/errors.ts';

const IDENTITY = { producerId: 1, epoch: 0 };

function waiting(): PartitionQueue {
  const queue = new PartitionQueue('ENTRY', 'ENTRY', 3);
  queue.identity = IDENTITY;
  queue.open(10, 0).writer.add(1, 0, Buffer.from('x'), 0, 1);
  queue.next();
  return queue;
}

describe('records that waited too long', () => {
  it('are refused with what kept their own partition from taking them', async () => {
    const queue = waiting();
    const { current } = queue;
    queue.reason = 'too few replicas are in sync';
    expect(reasonOf(queue.expire(0, 1))).toBe('Kafka: ENTRY/3 took no records in time: too few replicas are in sync');
    await expect(current?.acknowledged).rejects.toThrow('too few replicas are in sync');
    // What was is over with it.
    expect(queue.reason).toBeUndefined();
  });

  it('are refused with words also where nothing was heard at all', () => {
    expect(reasonOf(waiting().expire(0, 1))).toBe('Kafka: ENTRY/3 took no records in time: brokers did not answer');
  });

  it('are not those that wait for a moment', () => {
    const queue = waiting();
    expect(queue.expire(-1, 1)).toBeUndefined();
    expect(queue.idle).toBe(false);
  });
});
