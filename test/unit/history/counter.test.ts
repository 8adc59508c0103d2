import * as fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AlarmCount } from '../../../alarm/alarm.ts';
import { AlarmCounter, COUNTER_GROUP, type CounterDeps, startCounter } from '../../../history/counter.ts';
import { PartitionCounts } from '../../../history/partition-counts.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { clientOf } from '../../support/alarms.ts';
import { BUILT_IN_NAMES } from '../../support/alarm-types.ts';
import { batchOf, type TestRecord } from '../../support/batches.ts';
import { FaultyHistory } from '../../support/faulty-history.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { turnsDuring } from '../../support/turns.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 24, 13, 0);
const AWAY = new TransientError('history', 'no connection');

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.create();
});

describe('counter', () => {
  it('counts alarms per minute, type and region', async () => {
    await rig.write(
      countOf({}),
      countOf({ sensor: 2 }),
      countOf({ type: 'motion' }),
      countOf({ sensor: 4 }),
      countOf({ at: START + 59_999 }),
    );
    await rig.write(countOf({ at: START + MINUTE_MS }));
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 2, '0 smoke Asia': 1, '0 motion UK': 1, '0 smoke ': 1, '1 smoke UK': 1 });
  });

  it('counts an alarm once that stands in the log twice', async () => {
    const count = countOf({});
    await rig.write(count, count);
    await rig.run();
    await rig.write(count);
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 1 });
  });

  it('leaves the rest of the process its turns while it counts very many at once', async () => {
    await rig.write(...Array.from({ length: 5_000 }, () => countOf({})));
    expect(await turnsDuring(rig.run())).toBeGreaterThanOrEqual(10);
  });

  it('is not behind once all is written, and is as long as it is not', async () => {
    await rig.write(countOf({ at: START }), countOf({ at: START + 30 * MINUTE_MS }), countOf({ at: START + 31 * MINUTE_MS }));
    await rig.read(2);
    expect(await rig.committed()).toBe(0);
    vi.spyOn(rig.history, 'writeCounts').mockRejectedValueOnce(AWAY);
    await expect(rig.counter.flush()).rejects.toThrow();
    await rig.read(1);
    expect(await rig.committed()).toBe(0);
    await rig.run();
    expect(await rig.committed()).toBe(3);
  });

  it('does not take for written what came while others were being written', async () => {
    await rig.write(countOf({}), countOf({}), countOf({}));
    await rig.read(1);
    let over: () => void = () => undefined;
    const slow = vi.spyOn(rig.history, 'writeCounts').mockReturnValueOnce(
      new Promise<void>((resolve) => {
        over = resolve;
      }),
    );
    const flushing = rig.counter.flush();
    await rig.read(1);
    expect(await rig.committed()).toBe(0);
    over();
    await flushing;
    await rig.commitWritten();
    expect(await rig.committed()).toBe(1);
    slow.mockRestore();
    await rig.run();
    expect(await rig.committed()).toBe(3);
  });

  it('begins with whole minutes after a restart, wherever the records of the hour before lie', async () => {
    await rig.write(...Array.from({ length: 40 }, (_, i) => countOf({ at: START + i * MINUTE_MS + (i % 2) * 10 })));
    await rig.run();
    for (const at of [START + 39 * MINUTE_MS, START + 41 * MINUTE_MS, START + 20 * MINUTE_MS]) {
      await rig.restart();
      await rig.write(countOf({ at }));
      await rig.run();
    }
    expect(await rig.counts()).toMatchObject({ '0 smoke UK': 1, '20 smoke UK': 2, '39 smoke UK': 2, '41 smoke UK': 1 });
  });

  it('gives the exact counts under any cutting into batches, deaths, outages and reading again', async () => {
    const event = fc.record({
      // Up to 50 minutes behind the newest, and sometimes a jump of hours.
      step: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 9_000_000 }) },
      ),
      behind: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 50 * MINUTE_MS }) }),
      sensor: fc.integer({ min: 1, max: 4 }),
      type: fc.constantFrom(...BUILT_IN_NAMES, 'water'),
      twice: fc.boolean(),
    });
    const move = fc.oneof(
      fc.record({ kind: fc.constant('read' as const), records: fc.integer({ min: 1, max: 12 }) }),
      fc.constantFrom({ kind: 'flush' } as const, { kind: 'die' } as const, { kind: 'outage' } as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.array(move, { maxLength: 40 }), async (events, moves) => {
        const run = await Rig.create();
        const expected: Record<string, number> = {};
        let newest = START + 1_000 * MINUTE_MS;
        for (const { step, behind, sensor, type, twice } of events) {
          newest += step;
          const count = countOf({ sensor, type, at: newest - behind });
          await run.write(count, ...(twice ? [count] : []));
          const key = `${Math.floor((count.at - START) / MINUTE_MS)} ${type} ${REGIONS[sensor] ?? ''}`;
          expected[key] = (expected[key] ?? 0) + 1;
        }
        for (const action of moves) {
          if (action.kind === 'read') await run.read(action.records);
          else if (action.kind === 'flush') {
            await run.counter.flush();
            await run.commitWritten();
          } else if (action.kind === 'die') await run.restart();
          else {
            run.history.fault = AWAY;
            await run.read(3).catch(() => undefined);
            await run.counter.flush().catch(() => undefined);
            run.history.fault = undefined;
          }
        }
        await run.run();
        expect(await run.counts()).toEqual(expected);
        await run.restart();
        await run.run();
        expect(await run.counts()).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it('does not show fewer while a restart reads an hour again', async () => {
    await rig.write(...Array.from({ length: 10 }, () => countOf({})));
    await rig.run();
    await rig.write(countOf({ type: 'motion' }));
    await rig.restart();
    const shown: unknown[] = [];
    const write = rig.history.writeCounts.bind(rig.history);
    vi.spyOn(rig.history, 'writeCounts').mockImplementation(async (rows) => {
      await write(rows);
      shown.push((await rig.counts())['0 smoke UK']);
    });
    await rig.run();
    expect(new Set(shown)).toEqual(new Set([10]));
  });

  it('moves the count of a client that became known before a restart, without counting twice', async () => {
    await rig.write(countOf({ sensor: 4 }));
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke ': 1 });
    await rig.directory.put([clientOf({ id: 4, region: 'Africa' })]);
    await rig.restart();
    await rig.write(countOf({ type: 'motion' }));
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke Africa': 1, '0 motion UK': 1 });
  });

  it('adds alarms that come after their hour to what is stored, once, also after a restart', async () => {
    await rig.write(countOf({}), countOf({ at: START + 62 * MINUTE_MS }));
    await rig.run();
    await rig.write(countOf({}), countOf({ at: START + 63 * MINUTE_MS }), countOf({}));
    await rig.run();
    const expected = { '0 smoke UK': 3, '62 smoke UK': 1, '63 smoke UK': 1 };
    expect(await rig.counts()).toEqual(expected);
    expect(await rig.registry.metrics()).toContain('tocsin_counts_late_total 2');
    for (const from of [undefined, 0, 1, 2, 3, 4]) {
      for (const records of [1, 2, 5]) {
        await rig.restart(from);
        for (let i = 0; i < 5; i += records) await rig.read(records);
        await rig.run();
        expect([from, records, await rig.counts()]).toEqual([from, records, expected]);
      }
    }
  });

  it('leaves a closed minute alone of which only the last alarms are read again', async () => {
    await rig.write(countOf({}), countOf({ at: START + 55 * MINUTE_MS }), countOf({}), countOf({ at: START + 61 * MINUTE_MS }));
    await rig.run();
    for (const records of [1, 3]) {
      await rig.restart(1);
      for (let i = 0; i < 3; i += records) await rig.read(records);
      await rig.run();
      expect(await rig.counts()).toEqual({ '0 smoke UK': 2, '55 smoke UK': 1, '61 smoke UK': 1 });
    }
  });

  it('goes on counting right after a clock was set back by a day', async () => {
    await rig.write(countOf({ at: START + 1_440 * MINUTE_MS }));
    await rig.run();
    await rig.write(...Array.from({ length: 5 }, (_, i) => countOf({ at: START + i * 20_000 })));
    await rig.run();
    await rig.restart();
    for (let i = 0; i < 6; i += 1) await rig.read(1);
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 3, '1 smoke UK': 2, '1440 smoke UK': 1 });
  });

  it('keeps partitions apart, and starts anew with one that comes back from another process', async () => {
    const partition1 = (base: number, ...counts: AlarmCount[]) => batchOf('COUNT', base, counts.map(recordOf), 1);
    await rig.write(countOf({}));
    await rig.run();
    const counts = [countOf({}), countOf({})];
    await rig.counter.take(partition1(0, ...counts));
    await rig.counter.flush();
    expect((await rig.history.counts(START, START + MINUTE_MS, 'smoke')).map(({ partition, count }) => [partition, count])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    // Another process has counted a third alarm and gives the partition back.
    await rig.history.writeCounts([{ minute: START, type: 'smoke', region: 'UK', partition: 1, count: 3 }]);
    await rig.counter.take(partition1(0, ...counts, countOf({}), countOf({})));
    await rig.counter.flush();
    expect((await rig.history.counts(START, START + MINUTE_MS, 'smoke')).at(-1)).toMatchObject({ partition: 1, count: 4 });
  });

  it('starts anew also where only its last record is read again', async () => {
    await rig.write(countOf({}), countOf({}));
    await rig.run();
    await rig.write(countOf({}));
    // Another process has counted more meanwhile.
    await rig.history.writeCounts([{ minute: START, type: 'smoke', region: 'UK', partition: 0, count: 5 }]);
    await rig.counter.take(batchOf('COUNT', 1, rig.log.all('COUNT').slice(1)));
    await rig.counter.flush();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 5 });
  });

  it('writes a minute once more when its hour is over, since another process that had it may have written late', async () => {
    await rig.write(countOf({}), countOf({}));
    await rig.run();
    await rig.history.writeCounts([{ minute: START, type: 'smoke', region: 'UK', partition: 0, count: 1 }]);
    await rig.write(countOf({ at: START + 62 * MINUTE_MS }));
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 2, '62 smoke UK': 1 });
  });

  it('commits no minute that it may not write, since it has not heard for long that the partition is its own', async () => {
    await rig.write(countOf({}), countOf({ at: START + 62 * MINUTE_MS }), countOf({ at: START + 63 * MINUTE_MS }));
    rig.counter.share(new Map([[0, 1]]));
    const later = performance.now() + 60_000;
    const now = vi.spyOn(performance, 'now').mockReturnValue(later);
    await rig.read(2);
    expect(await rig.counts()).toEqual({});
    expect(await rig.committed()).toBe(0);
    rig.counter.share(new Map([[0, 1]]));
    await rig.run();
    now.mockRestore();
    expect(await rig.committed()).toBe(3);
    expect(await rig.counts()).toEqual({ '0 smoke UK': 1, '62 smoke UK': 1, '63 smoke UK': 1 });
  });

  it('waits for a directory that is away: an alarm is counted in its region or not yet', async () => {
    await rig.write(countOf({}));
    rig.directory.fault = new TransientError('directory', 'no connection');
    await expect(rig.read(1)).rejects.toThrow('no connection');
    rig.directory.fault = undefined;
    await rig.run();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 1 });
  });

  it('parks what it cannot read, once, and counts the rest', async () => {
    await rig.write(countOf({}));
    const batch = batchOf('COUNT', 1, [{ key: 3, at: START, value: '{"alarm":7}' }, recordOf(countOf({ sensor: 2 }))]);
    await rig.run();
    await rig.counter.take(batch);
    await rig.counter.flush();
    expect(await rig.counts()).toEqual({ '0 smoke UK': 1, '0 smoke Asia': 1 });
    expect(rig.log.all('DEAD').map(({ value }) => JSON.parse(value))).toMatchObject([{ topic: 'COUNT', offset: 1, by: 'counter' }]);
  });

  it('writes by itself, and at its end', async () => {
    await rig.write(countOf({}));
    const running = await startCounter({ flushMs: 5, days: 365 }, { ...rig.deps, registry: new Registry() });
    await expect.poll(() => rig.counts()).toEqual({ '0 smoke UK': 1 });
    // Even while nothing more comes.
    await expect.poll(() => rig.committed()).toBe(1);
    await running.stop();
    expect(rig.deps.health.ready).toBe(true);
    // No more after that.
    await rig.write(countOf({}));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([await rig.counts(), await rig.committed()]).toEqual([{ '0 smoke UK': 1 }, 1]);
  });
});

describe('the counter of a process', () => {
  const logged: { level: number; msg: string; reason?: string; chore?: string }[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  beforeEach(() => {
    logged.length = 0;
  });
  const depsOf = (): CounterDeps => ({ ...rig.deps, registry: new Registry(), logger });

  it('is not well while counts cannot be written, says so once, and writes them when they can', async () => {
    await rig.write(countOf({}));
    const deps = depsOf();
    const write = vi.spyOn(rig.history, 'writeCounts').mockRejectedValue(AWAY);
    const running = await startCounter({ flushMs: 2, days: 365 }, deps);
    await expect.poll(() => deps.health.problems().counts).toBe('no connection');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(logged.filter(({ chore }) => chore === 'counts')).toEqual([expect.objectContaining({ level: 40, reason: 'no connection' })]);
    write.mockRestore();
    await expect.poll(() => rig.counts()).toEqual({ '0 smoke UK': 1 });
    await expect.poll(() => deps.health.problems()).toEqual({});
    await running.stop();
  });

  it('writes the last counts as it stops, or tells that it could not', async () => {
    for (const fault of [AWAY, undefined]) {
      rig = await Rig.create();
      await rig.write(countOf({}));
      const running = await startCounter({ flushMs: 3_600_000, days: 365 }, depsOf());
      await expect.poll(() => rig.committed()).toBe(0);
      rig.history.fault = fault;
      await running.stop();
      rig.history.fault = undefined;
      expect(await rig.counts()).toEqual(fault ? {} : { '0 smoke UK': 1 });
    }
    expect(logged).toEqual([expect.objectContaining({ level: 40, msg: 'the last counts were not written', reason: 'no connection' })]);
  });

  it('removes what is older than it is to be kept', async () => {
    const before: number[] = [];
    Object.assign(rig.history, { expire: async (time: number) => before.push(time) });
    const running = await startCounter({ flushMs: 3_600_000, days: 2 }, depsOf());
    await expect.poll(() => before).toEqual([START - 2 * 1_440 * MINUTE_MS]);
    await running.stop();
  });

  it('counts and tells what could not be read', async () => {
    const deps = depsOf();
    const batch = batchOf('COUNT', 0, [{ key: 3, at: START, value: '{' }]);
    await new AlarmCounter(deps).take(batch);
    expect(await deps.registry.metrics()).toContain('tocsin_counts_parked_total 1\n');
    expect(logged).toEqual([expect.objectContaining({ level: 50, offset: 0, problem: 'not JSON' })]);
  });
});

describe('open minutes', () => {
  it('are closed early, the oldest first, when there are too many alarms in them', async () => {
    const counts = new PartitionCounts(0, async () => [], 0, 3);
    for (const [i, minute] of [0, 0, 1, 2, 2].entries())
      await counts.take(countOf({ at: START + minute * MINUTE_MS }), i, async () => 'UK');
    expect(counts.due().map(({ minute }) => minute)).toEqual([START]);
    counts.close(counts.due());
    expect(await counts.take(countOf({}), 5, async () => 'UK')).toBe(true);
  });
});

const REGIONS: Readonly<Record<number, string>> = { 1: 'UK', 2: 'Asia', 3: 'UK' };
let ids = 0;

function countOf(changes: Partial<AlarmCount>): AlarmCount {
  ids += 1;
  return { alarm: `a${ids}`, sensor: 1, type: 'smoke', at: START, ...changes };
}

function recordOf(count: AlarmCount): TestRecord {
  return { key: count.sensor, at: count.at, value: JSON.stringify(count) };
}

/** A counter over partition 0 of a log, which reads as many records as the test says, and can die. */
class Rig {
  readonly log = new MemoryLog();
  readonly history = new FaultyHistory();
  readonly directory = new MemoryDirectory();
  registry = new Registry();
  #counter: AlarmCounter | undefined;
  #position = 0;

  static async create(): Promise<Rig> {
    const rig = new Rig();
    await rig.directory.put([1, 2, 3].map((id) => clientOf({ id, region: REGIONS[id] ?? '' })));
    return rig;
  }

  get deps(): CounterDeps {
    const { log, history, directory, registry } = this;
    return { log, history, directory, registry, removalClock: () => START, logger: pino({ level: 'silent' }), health: new Health() };
  }

  get counter(): AlarmCounter {
    this.#counter ??= new AlarmCounter(this.deps, 2);
    return this.#counter;
  }

  async write(...counts: AlarmCount[]): Promise<void> {
    for (const { key, at, value } of counts.map(recordOf)) {
      await this.log.append('COUNT', oneRecord(key, value), at);
    }
  }

  async read(records: number): Promise<void> {
    const batch = batchOf('COUNT', this.#position, this.log.all('COUNT').slice(this.#position, this.#position + records));
    if (batch.length === 0) return;
    const done = await this.counter.take(batch);
    this.#position = batch.nextOffset;
    await this.#commit(done);
  }

  /** What a consumer does after every poll. */
  async commitWritten(): Promise<void> {
    for (const { next } of this.counter.written()) await this.#commit(next);
  }

  /** Reads and writes everything. */
  async run(): Promise<void> {
    await this.read(Number.POSITIVE_INFINITY);
    await this.counter.flush();
    await this.commitWritten();
  }

  /** Loses what was not written; reading continues from the committed position, or from the given one. */
  async restart(from?: number): Promise<void> {
    this.registry = new Registry();
    this.#counter = undefined;
    this.#position = from ?? (await this.committed()) ?? 0;
  }

  async #commit(done: number): Promise<void> {
    const subscription = await this.log.subscribe(COUNTER_GROUP, ['COUNT']);
    await subscription.commit('COUNT', 0, done);
    await subscription.close();
  }

  committed(): Promise<number | undefined> {
    return this.log.committed(COUNTER_GROUP, 'COUNT', 0);
  }

  async counts(): Promise<Record<string, number>> {
    const rows = await this.history.counts(0, Number.MAX_SAFE_INTEGER, undefined);
    return Object.fromEntries(rows.map(({ minute, type, region, count }) => [`${(minute - START) / MINUTE_MS} ${type} ${region}`, count]));
  }
}
