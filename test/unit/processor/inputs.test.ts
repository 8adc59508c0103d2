import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reader, RecordBatch, TaskLog } from '../../../message-log/port.ts';
import type { InputTopic, Topic } from '../../../message-log/topics.ts';
import { Inputs } from '../../../processor/inputs.ts';
import { batchOf } from '../../support/batches.ts';

type Times = Readonly<Record<InputTopic, readonly number[]>>;

/** A log whose readers give `sizes` records a poll, from lists of record times; with `delay` after so many turns, and only to who waits. */
function logOf(times: Times, size: () => number, delay?: () => number): Pick<TaskLog, 'reader'> {
  return {
    reader: async (topic): Promise<Reader> => {
      const all = times[topic];
      let position = 0;
      return {
        get position() {
          return position;
        },
        get behind() {
          return delay !== undefined && position < all.length;
        },
        onGap: undefined,
        poll: async (waitMs: number): Promise<readonly RecordBatch[]> => {
          if (delay && waitMs === 0) return [];
          if (delay) await turns(delay());
          const records = all.slice(position, position + size()).map((at, i) => ({ key: 1, at, value: `${topic}@${position + i}` }));
          if (records.length === 0) return [];
          const batch = batchOf(topic, position, records);
          position = batch.nextOffset;
          return [batch];
        },
        close: async () => undefined,
      };
    },
  };
}

async function drain(times: Times, size: () => number, delay?: () => number): Promise<{ topic: Topic; at: number; offset: number }[]> {
  const inputs = await Inputs.open(logOf(times, size, delay), { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
  const seen: { topic: Topic; at: number; offset: number }[] = [];
  const left = (): boolean => (['ENTRY', 'OK', 'ACTION'] as const).some((topic) => inputs.positions[topic] < times[topic].length);
  while ((await inputs.fill()) || left()) {
    for (let run = inputs.take(); run; run = inputs.take()) {
      for (let i = run.from; i < run.to; i += 1) seen.push({ topic: run.batch.topic, at: run.batch.time(i), offset: run.batch.offset(i) });
    }
  }
  expect(inputs.positions).toEqual({ ENTRY: times.ENTRY.length, OK: times.OK.length, ACTION: times.ACTION.length });
  await inputs.close();
  return seen;
}

const ascending = fc.array(fc.nat(30), { maxLength: 20 }).map((times) => times.sort((a, b) => a - b));

describe('merging the inputs of a task', () => {
  it('gives all records in order of time, recoveries before readings before actions at equal times, whatever the size of polls', async () => {
    await fc.assert(
      fc.asyncProperty(
        ascending,
        ascending,
        ascending,
        fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
        async (ENTRY, OK, ACTION, sizes) => {
          const seen = await drain({ ENTRY, OK, ACTION }, () => sizes.next().value ?? 1);
          const rank = (topic: Topic): number => ['OK', 'ENTRY', 'ACTION'].indexOf(topic);
          const sorted = [...seen].sort((a, b) => a.at - b.at || rank(a.topic) - rank(b.topic) || a.offset - b.offset);
          expect(seen).toEqual(sorted);
          expect(seen).toHaveLength(ENTRY.length + OK.length + ACTION.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps each input's own order and loses nothing when clocks step back", async () => {
    const anyTimes = fc.array(fc.nat(30), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(anyTimes, anyTimes, anyTimes, async (ENTRY, OK, ACTION) => {
        const times = { ENTRY, OK, ACTION };
        const seen = await drain(times, () => 3);
        for (const topic of ['ENTRY', 'OK', 'ACTION'] as const) {
          expect(seen.filter((record) => record.topic === topic).map(({ offset }) => offset)).toEqual(times[topic].map((_, i) => i));
        }
      }),
    );
  });

  it('gives readings and recoveries in order of time too when they come over a network, each as late as it likes', async () => {
    await fc.assert(
      fc.asyncProperty(ascending, ascending, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), async (ENTRY, OK, sizes) => {
        const number = (): number => sizes.next().value ?? 1;
        const seen = await drain({ ENTRY, OK, ACTION: [] }, number, number);
        const sorted = [...seen].sort((a, b) => a.at - b.at || Number(b.topic === 'OK') - Number(a.topic === 'OK') || a.offset - b.offset);
        expect(seen).toEqual(sorted);
      }),
    );
  });

  it('holds back recoveries for as long as readings before them are on their way, even when it is woken to stop', async () => {
    const log = logOf(
      { ENTRY: [1], OK: [2], ACTION: [] },
      () => 1,
      () => 1,
    );
    const lost = {
      reader: async (topic: InputTopic, from: number) => (topic === 'ENTRY' ? never() : log.reader(topic, from)),
    };
    const inputs = await Inputs.open(lost, { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    const filled = inputs.fill();
    await turns(20);
    await inputs.wake();
    expect(await filled).toBe(false);
    expect(inputs.take()).toBeUndefined();
    expect(inputs.positions).toEqual({ ENTRY: 0, OK: 0, ACTION: 0 });
  });

  it('gives readings although recoveries before them do not come: an alarm does not wait for ever', async () => {
    const log = logOf({ ENTRY: [1], OK: [], ACTION: [] }, () => 1);
    const lost = {
      reader: async (topic: InputTopic, from: number) => (topic === 'OK' ? never() : log.reader(topic, from)),
    };
    const inputs = await Inputs.open(lost, { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    expect(await inputs.fill()).toBe(true);
    expect(inputs.take()?.batch.topic).toBe('ENTRY');
    await inputs.close();
  });
});

/** Of a partition whose brokers don't answer: there may be more, and nothing comes. */
function never(): Reader {
  return {
    position: 0,
    behind: true,
    onGap: undefined,
    poll: async () => {
      await turns(1);
      return [];
    },
    close: async () => undefined,
  };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}
