import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageLog, Reader, RecordBatch } from '../../../message-log/port.ts';
import type { InputTopic, Topic } from '../../../message-log/topics.ts';
import { Inputs } from '../../../processor/inputs.ts';
import { batchOf } from '../../support/batches.ts';

type Times = Readonly<Record<InputTopic, readonly number[]>>;

/** A log whose readers give `sizes` records a poll, from lists of record times. */
function logOf(times: Times, size: () => number): Pick<MessageLog, 'reader'> {
  return {
    reader: async (topic: Topic): Promise<Reader> => {
      const all = times[topic as InputTopic];
      let position = 0;
      return {
        get position() {
          return position;
        },
        onGap: undefined,
        poll: async (): Promise<readonly RecordBatch[]> => {
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

async function drain(times: Times, size: () => number): Promise<{ topic: Topic; at: number; offset: number }[]> {
  const inputs = await Inputs.open(logOf(times, size) as MessageLog, 0, { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
  const seen: { topic: Topic; at: number; offset: number }[] = [];
  while (await inputs.fill()) {
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
});
