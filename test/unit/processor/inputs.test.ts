import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reader, RecordBatch, TaskLog } from '../../../message-log/port.ts';
import type { InputTopic, Topic } from '../../../records/topics.ts';
import { Inputs } from '../../../processor/inputs.ts';
import { batchOf } from '../../support/batches.ts';

type Times = Readonly<Record<InputTopic, readonly number[]>>;

/** A log whose readers give `sizes` records per poll, from lists of record times; with `delay` only after that many turns, and only to a waiting poll. */
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
  for (let fills = 0; (await inputs.fill()) || left(); fills += 1) {
    if (fills > 500) throw new Error('it goes round in circles');
    for (let run = inputs.take(); run; run = inputs.take()) {
      for (let i = run.from; i < run.to; i += 1) seen.push({ topic: run.batch.topic, at: run.batch.time(i), offset: run.batch.offset(i) });
      // A restart now would continue after what was taken.
      expect(inputs.positions[run.batch.topic as InputTopic]).toBe((seen.at(-1)?.offset ?? 0) + 1);
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

  it('gives readings and recoveries in order of time even over a network with any delays', async () => {
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

  it('gives readings even if recoveries before them do not come: an alarm does not wait for ever', async () => {
    const log = logOf({ ENTRY: [1], OK: [], ACTION: [] }, () => 1);
    const lost = {
      reader: async (topic: InputTopic, from: number) => (topic === 'OK' ? never() : log.reader(topic, from)),
    };
    const inputs = await Inputs.open(lost, { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    expect(await inputs.fill()).toBe(true);
    expect(inputs.take()?.batch.topic).toBe('ENTRY');
    await inputs.close();
  });

  it('lets readings wait five seconds for recoveries that are on their way, and those after them not again before recoveries come', async () => {
    const [readings, recoveries] = [scripted(), scripted()];
    recoveries.behind = true;
    const inputs = await Inputs.open(of({ ENTRY: readings, OK: recoveries }), { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    const next = async (): Promise<string | undefined> => ((await inputs.fill()) ? inputs.take()?.batch.topic : undefined);
    readings.gives('ENTRY', 1);
    expect([await next(), recoveries.waitedMs]).toEqual(['ENTRY', 5_000]);
    readings.gives('ENTRY', 2);
    expect([await next(), recoveries.waitedMs]).toEqual(['ENTRY', 5_000]);
    recoveries.gives('OK', 3);
    expect(await next()).toBe('OK');
    readings.gives('ENTRY', 4);
    expect([await next(), recoveries.waitedMs]).toEqual(['ENTRY', 10_000]);
    recoveries.behind = false;
    readings.gives('ENTRY', 5);
    expect([await next(), recoveries.waitedMs]).toEqual(['ENTRY', 10_000]);
    recoveries.behind = true;
    readings.gives('ENTRY', 6);
    expect([await next(), recoveries.waitedMs]).toEqual(['ENTRY', 15_000]);
    await inputs.close();
  });

  it('never waits for actions of operators', async () => {
    const [readings, actions] = [scripted(), scripted()];
    actions.behind = true;
    readings.gives('ENTRY', 1);
    const inputs = await Inputs.open(of({ ENTRY: readings, ACTION: actions }), { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    expect([await inputs.fill(), inputs.take()?.batch.topic, actions.waitedMs]).toEqual([true, 'ENTRY', 0]);
    await inputs.close();
  });

  it('gives many records in pieces of about a thousand, so that alarms are committed in between', async () => {
    const ENTRY = Array.from({ length: 2_500 }, (_, at) => at);
    const inputs = await Inputs.open(
      logOf({ ENTRY, OK: [], ACTION: [] }, () => 2_500),
      { ENTRY: 0, OK: 0, ACTION: 0 },
      () => undefined,
    );
    await inputs.fill();
    const pieces: number[] = [];
    for (let run = inputs.take(); run; run = inputs.take()) pieces.push(run.to - run.from);
    expect(pieces).toEqual([1_024, 1_024, 452]);
    await inputs.close();
  });

  it.each([0, 1])(
    'stops at once where it is told to while it looks around, after %i looks, and asks no input that is closed',
    async (looks) => {
      const readers = { ENTRY: scripted(), OK: scripted(), ACTION: scripted() };
      const inputs = await Inputs.open(of(readers), { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
      for (let look = 0; look < looks; look += 1) {
        readers.ENTRY.gives('ENTRY', look);
        await inputs.fill();
        inputs.take();
      }
      readers.ENTRY.gives('ENTRY', 9);
      const filled = inputs.fill();
      await inputs.wake();
      expect([await filled, inputs.take(), inputs.positions.ENTRY, readers.OK.waitedMs]).toEqual([false, undefined, looks, 0]);
      await inputs.close();
    },
  );

  it('does not begin to wait if it is told to stop while it polls', async () => {
    const readers = { ENTRY: scripted(), OK: scripted(), ACTION: scripted() };
    const inputs = await Inputs.open(of(readers), { ENTRY: 0, OK: 0, ACTION: 0 }, () => undefined);
    const filled = inputs.fill();
    await inputs.wake();
    expect([await filled, readers.ENTRY.waitedMs]).toEqual([false, 0]);
    await inputs.close();
  });

  it('reports records that were gone before they were read', async () => {
    const readings = scripted();
    const gaps: unknown[] = [];
    const inputs = await Inputs.open(of({ ENTRY: readings }), { ENTRY: 5, OK: 0, ACTION: 0 }, (...gap) => gaps.push(gap));
    readings.onGap?.(5, 9);
    expect(gaps).toEqual([['ENTRY', 5, 9]]);
    await inputs.close();
  });
});

/** A reader that gives what the test says, and lets the time pass at once that a poll would wait. */
function scripted() {
  const batches: RecordBatch[] = [];
  let given = 0;
  let closed = false;
  return {
    behind: false,
    waitedMs: 0,
    onGap: undefined as Reader['onGap'],
    gives(topic: Topic, at: number) {
      batches.push(batchOf(topic, given, [{ key: 1, at, value: '' }]));
      given += 1;
    },
    position: 0,
    async poll(waitMs: number) {
      if (closed) throw new Error('it is closed');
      await turns(1);
      if (batches.length === 0) this.waitedMs += waitMs;
      return batches.splice(0);
    },
    async close() {
      closed = true;
    },
  };
}

function of(readers: Partial<Record<InputTopic, Reader>>): Pick<TaskLog, 'reader'> {
  return { reader: async (topic) => readers[topic] ?? { ...never(), behind: false } };
}

/** A reader of a partition whose brokers don't answer: there may be more, and nothing comes. */
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
