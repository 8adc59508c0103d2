import { describe, expect, it } from 'vitest';
import type { MessageLog, Reader, RecordBatch } from '../../../message-log/port.ts';
import { lookBack } from '../../../history/looking-back.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { recordsBetween } from '../../../processor/records-between.ts';
import { batchOf } from '../../support/batches.ts';
import { turnsDuring } from '../../support/turns.ts';
import { MemoryLog } from '../../support/memory-log.ts';

async function logOf(times: readonly number[]): Promise<MemoryLog> {
  const log = new MemoryLog();
  for (const [i, at] of times.entries()) await log.append('COUNT', oneRecord(1, `${i}`), at);
  return log;
}

async function offsetsOf(log: MessageLog, from: number, end: number): Promise<number[]> {
  const offsets: number[] = [];
  for await (const batch of recordsBetween(log, 'COUNT', 0, from, end))
    for (let i = 0; i < batch.length; i += 1) if (batch.offset(i) < end) offsets.push(batch.offset(i));
  return offsets;
}

/** Its position moves by one with each poll. */
function movingReader(polled: (position: number) => readonly RecordBatch[]): Reader {
  let next = 0;
  return {
    get position() {
      return next;
    },
    behind: false,
    onGap: undefined,
    poll: async () => polled(next++),
    close: async () => undefined,
  };
}

describe('the records between two places', () => {
  it('are all of them, or none if there are none', async () => {
    const log = await logOf([1, 2, 3, 4, 5]);
    expect(await offsetsOf(log, 1, 4)).toEqual([1, 2, 3]);
    expect(await offsetsOf(log, 3, 3)).toEqual([]);
  });

  it('leave the rest of the process its turns, however fast the log gives them', async () => {
    const eager = movingReader((position) => [batchOf('COUNT', position, [{ key: 1, at: 1, value: '' }])]);
    const log: MessageLog = Object.assign(new MemoryLog(), { reader: async () => eager });
    expect(await turnsDuring(offsetsOf(log, 0, 100))).toBeGreaterThanOrEqual(99);
  });

  it('are given up after some ten seconds in which the log gives nothing', async () => {
    let [waitedMs, closed] = [0, false];
    const silent: Reader = {
      position: 0,
      behind: false,
      onGap: undefined,
      poll: async (ms) => {
        waitedMs += ms;
        return [];
      },
      close: async () => {
        closed = true;
      },
    };
    const broken: MessageLog = Object.assign(new MemoryLog(), { reader: async () => silent });
    await expect(offsetsOf(broken, 0, 2)).rejects.toMatchObject({ name: 'TransientError', code: 'log-unavailable' });
    expect([waitedMs, closed]).toEqual([10_500, true]);
  });

  it('do not begin at the end, whatever the log gives with them', async () => {
    const both = [0, 1].map((offset) => batchOf('COUNT', offset, [{ key: 1, at: 1, value: '' }]));
    let position = 0;
    const ahead: Reader = {
      get position() {
        return position;
      },
      behind: false,
      onGap: undefined,
      poll: async () => {
        position = 2;
        return both;
      },
      close: async () => undefined,
    };
    const log: MessageLog = Object.assign(new MemoryLog(), { reader: async () => ahead });
    const given: number[] = [];
    for await (const batch of recordsBetween(log, 'COUNT', 0, 0, 1)) given.push(batch.offset(0));
    expect(given).toEqual([0]);
  });

  it('are not given up while the position moves, even if no record is shown', async () => {
    const markers = movingReader(() => []);
    const broken: MessageLog = Object.assign(Object.create(await logOf([])) as MessageLog, { reader: async () => markers });
    expect(await offsetsOf(broken, 0, 100)).toEqual([]);
  });
});

describe('looking back', () => {
  it('goes as far as the span, wherever in the log that is, and not much further', async () => {
    const log = await logOf(Array.from({ length: 1_000 }, (_, i) => i * 10));
    const back = await lookBack(log, 'COUNT', 0, 900, 1_000, 10);
    expect(back?.newest).toBe(8_990);
    // 100 records are the span; four times as many are looked at, at most.
    expect(back?.from).toBeLessThanOrEqual(798);
    expect(back?.from).toBeGreaterThan(400);
  });

  it('ends at the first record held, and finds nothing before it', async () => {
    const log = await logOf([5, 6, 7]);
    expect(await lookBack(log, 'COUNT', 0, 2, 1_000, 1)).toEqual({ from: 0, newest: 6 });
    expect(await lookBack(log, 'COUNT', 0, 0, 1_000)).toBeUndefined();
  });
});
