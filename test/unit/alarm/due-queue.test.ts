import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../../alarm/due-queue.ts';
import { random } from './random-messages.ts';

/** Everything that is due, in the order in which it is taken. */
function taken(queue: DueQueue): [number, number][] {
  const all: [number, number][] = [];
  for (let next = queue.take(100); next; next = queue.take(100)) all.push([next.due, next.sensor]);
  return all;
}

function queueOf(entries: readonly (readonly [number, number])[]): DueQueue {
  const queue = new DueQueue();
  for (const [due, sensor] of entries) queue.push(due, sensor);
  return queue;
}

describe('DueQueue', () => {
  it('gives the earliest first, at the same time by ids', () => {
    const next = random(11);
    for (let round = 0; round < 200; round += 1) {
      const entries = Array.from({ length: round % 40 }, () => [Math.floor(next() * 12), Math.floor(next() * 12)] as const);
      expect(taken(queueOf(entries))).toEqual(entries.toSorted(([a, one], [b, other]) => a - b || one - other));
    }
  });

  it('accepts more while entries are taken', () => {
    const queue = queueOf([5, 1, 9, 7].map((due) => [due, due]));
    expect([queue.take(4), queue.next]).toEqual([{ due: 1, sensor: 1 }, 5]);
    queue.push(2, 2);
    queue.push(8, 8);
    expect(taken(queue)).toEqual([2, 5, 7, 8, 9].map((due) => [due, due]));
  });

  it('gives nothing before it is due, nor where there is nothing', () => {
    const queue = new DueQueue();
    expect([queue.next, queue.take(100), queue.next]).toEqual([Number.POSITIVE_INFINITY, undefined, Number.POSITIVE_INFINITY]);
    queue.push(3, 4);
    expect([queue.next, queue.take(2), queue.take(3), queue.take(3)]).toEqual([3, undefined, { due: 3, sensor: 4 }, undefined]);
  });
});
