import * as fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alarm, AlarmChange, AlarmChangeKind } from '../../../alarm/alarm.ts';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import { StateWriter, type StateWriterDeps, startStateWriter } from '../../../history/states.ts';
import type { PlacesPart } from '../../../directory/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { BUILT_IN_NAMES, SEVEN } from '../../support/alarm-types.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { batchOf, type TestRecord } from '../../support/batches.ts';
import { FaultyHistory } from '../../support/faulty-history.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { onePart } from '../../support/parts.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const AWAY = new TransientError('history', 'no connection');
const DAY_MS = 86_400_000;
const never = new AbortController().signal;
const ALL: ReadonlyMap<number, number> = new Map([[0, 1]]);

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.directory.put([1, 2, 3].map((id) => clientOf({ id })));
});
afterEach(() => vi.restoreAllMocks());

describe('state writer', () => {
  it('writes what is active at a sensor, gravest first, and since when', async () => {
    const motion = alarmOf({ id: 'm', sensor: 1, type: 'motion', severity: 'MINOR' });
    const smoke = alarmOf({ id: 's', sensor: 1, type: 'smoke', severity: 'CRITICAL' });
    await rig.take(raised(motion, NOON), raised(smoke, NOON + 5));
    expect(rig.history.latest.get(1)).toEqual({
      ...{ sensor: 1, geohash: 'gcwfhf0kz', region: 'UK', active: ['smoke', 'motion'], at: NOON + 5 },
    });
    await rig.take(cleared(smoke, NOON + 9));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['motion'], at: NOON + 9 });
    await rig.take(cleared(motion, NOON + 10));
    expect(rig.history.latest.get(1)).toMatchObject({ active: [], at: NOON + 10 });
  });

  it('writes nothing when nothing changes on the map', async () => {
    const alarm = alarmOf({ sensor: 1 });
    await rig.take(raised(alarm, NOON));
    const before = rig.history.written.length;
    await rig.take(changed('seen', alarm, NOON + 1), changed('acknowledged', { ...alarm, state: 'ACTIVE_ACK' }, NOON + 2));
    expect(rig.history.written).toHaveLength(before);
  });

  it('does not let the acknowledgement of an alarm that is over end the one after it', async () => {
    const first = alarmOf({ id: 'first', sensor: 1 });
    await rig.take(raised(first, NOON), cleared(first, NOON + 1), raised(alarmOf({ id: 'second', sensor: 1 }), NOON + 2));
    await rig.take(changed('acknowledged', { ...first, state: 'CLEARED_ACK' }, NOON + 3));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'] });
    await rig.restart();
    await rig.take(changed('noted', { ...first, state: 'CLEARED_ACK' }, NOON + 4));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'] });
  });

  it('shows a clearing whose proxy has an earlier clock', async () => {
    const alarm = alarmOf({ sensor: 1 });
    await rig.take(raised(alarm, NOON));
    await rig.take(cleared(alarm, NOON - 1_500));
    expect(rig.history.latest.get(1)).toMatchObject({ active: [], at: NOON });
  });

  it('writes all known sensors, quiet ones too, once until a day has passed', async () => {
    await rig.take(raised(alarmOf({ sensor: 2 }), NOON));
    rig.now = NOON + 1_000;
    await rig.refresh();
    expect([...rig.history.latest.values()].map(({ sensor, active }) => [sensor, active])).toEqual(
      expect.arrayContaining([
        [1, []],
        [2, ['smoke']],
        [3, []],
      ]),
    );
    const written = rig.history.written.length;
    rig.now += DAY_MS - 1;
    await rig.refresh();
    expect(rig.history.written).toHaveLength(written);
    rig.now += 1;
    await rig.refresh();
    expect(rig.history.written).toHaveLength(written + 3);
    expect(rig.history.latest.get(2)).toMatchObject({ active: ['smoke'], at: NOON + 1_000 + DAY_MS });
  });

  it('writes them again when clients were added, and after one that failed', async () => {
    await rig.refresh();
    await rig.directory.put([clientOf({ id: 4 })]);
    rig.history.fault = AWAY;
    await expect(rig.refresh()).rejects.toThrow('no connection');
    rig.history.fault = undefined;
    await rig.refresh();
    expect(rig.history.latest.get(4)).toMatchObject({ active: [] });
  });

  it('goes on where the directory failed, as one refresh', async () => {
    const rig = new Rig();
    const part = (id: number, next?: string): PlacesPart => ({
      placed: [{ sensor: id, latitude: 50, longitude: 8, geohash: 'u0y', region: 'CentroEurope' }],
      unplaced: [],
      next,
    });
    const asked: (string | undefined)[] = [];
    let failures = 1;
    rig.directory.size = async () => 3;
    rig.directory.places = async function* (from) {
      asked.push(from);
      if (from === undefined) yield part(1, 'second');
      if (failures-- > 0) throw new TransientError('cassandra-timeout', 'Cassandra did not answer within 5 s');
      yield part(2, 'third');
      yield part(3);
    };
    await expect(rig.refresh()).rejects.toMatchObject({ code: 'cassandra-timeout' });
    rig.now += 60_000;
    await rig.refresh();
    expect(asked).toEqual([undefined, 'second']);
    for (const sensor of [1, 2, 3]) expect(await rig.history.state(sensor)).toMatchObject({ at: NOON, active: [] });
    await rig.refresh();
    expect(asked).toHaveLength(2);
  });

  it('shows an event that was received before a refresh and read after it', async () => {
    rig.now = NOON + 60_000;
    await rig.refresh();
    await rig.take(raised(alarmOf({ sensor: 1 }), NOON));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'], at: NOON + 60_001 });
  });

  it('takes active alarms from the archive when the history was lost', async () => {
    const alarm = alarmOf({ sensor: 1 });
    await rig.take(raised(alarm, NOON));
    rig.open.push({ ...alarm, region: 'UK', geohash: 'gcwfhf0kz' });
    rig.history.latest.clear();
    await rig.restart();
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'], at: NOON });
    await rig.take(cleared(alarm, NOON + 5));
    expect(rig.history.latest.get(1)).toMatchObject({ active: [] });
  });

  it('believes the history rather than an archive that lags behind', async () => {
    const alarm = alarmOf({ sensor: 1 });
    await rig.take(raised(alarm, NOON), cleared(alarm, NOON + 5));
    rig.open.push({ ...alarm, region: 'UK', geohash: 'gcwfhf0kz' });
    await rig.restart();
    await rig.refresh();
    expect(rig.history.latest.get(1)).toMatchObject({ active: [] });
  });

  it('waits for a directory that is away, and shows a stranger without a place', async () => {
    rig.directory.fault = AWAY;
    const event = raised(alarmOf({ sensor: 1 }), NOON);
    await expect(rig.take(event)).rejects.toThrow('no connection');
    rig.directory.fault = undefined;
    await rig.take(event, raised(alarmOf({ id: 'b', sensor: 99 }), NOON));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'], region: 'UK' });
    expect(rig.history.latest.get(99)).toMatchObject({ active: ['smoke'], region: '', geohash: '' });
  });

  it('leaves out what it cannot read and counts it', async () => {
    await rig.writer.take(batchOf('ALARM', 0, [{ key: 1, at: NOON, value: '?' }, recordOf(raised(alarmOf({ sensor: 1 }), NOON))]));
    expect(rig.history.latest.get(1)).toMatchObject({ active: ['smoke'] });
    expect(await rig.registry.metrics()).toContain('tocsin_states_unreadable_total 1');
  });

  it('ends in the right states under any cutting into batches, deaths, outages, refreshes and skewed clocks', async () => {
    const step = fc.record({
      sensor: fc.integer({ min: 1, max: 3 }),
      type: fc.constantFrom(...BUILT_IN_NAMES, 'water', 'of-older-settings'),
      skew: fc.integer({ min: -1_000, max: 1_000 }),
    });
    const move = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), records: fc.integer({ min: 1, max: 8 }) }) },
      { weight: 2, arbitrary: fc.constantFrom({ kind: 'die' } as const, { kind: 'outage' } as const, { kind: 'refresh' } as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(move, { maxLength: 30 }), async (steps, moves) => {
        const run = new Rig();
        await run.directory.put([1, 2, 3].map((id) => clientOf({ id })));
        const { events, active } = storyOf(steps);
        let committed = 0;
        const read = async (records: number): Promise<void> => {
          const batch = events.slice(committed, committed + records);
          if (batch.length === 0) return;
          run.now = Math.max(run.now, ...batch.map(({ at }) => at));
          await run.take(...batch);
          committed += batch.length;
        };
        for (const action of moves) {
          run.now += 500;
          if (action.kind === 'read') await read(action.records);
          else if (action.kind === 'refresh') await run.refresh();
          else if (action.kind === 'outage') {
            run.history.fault = AWAY;
            await read(2).catch(() => undefined);
            run.history.fault = undefined;
          } else {
            // Died between writing and committing: the last records are read again.
            committed = Math.max(0, committed - 3);
            await run.restart();
          }
        }
        await read(Number.POSITIVE_INFINITY);
        for (const sensor of [1, 2, 3]) {
          const shown = run.history.latest.get(sensor)?.active ?? [];
          expect(new Set(shown)).toEqual(new Set(active.get(sensor)));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('runs by itself: recalls, follows the alarms, writes all sensors, and stops', async () => {
    const event = raised(alarmOf({ sensor: 1 }), NOON);
    await rig.log.append('ALARM', oneRecord(1, JSON.stringify(event)), NOON);
    const running = await startStateWriter({ ...rig.deps, registry: new Registry() });
    await expect.poll(() => rig.history.latest.get(1)).toMatchObject({ active: ['smoke'] });
    await expect.poll(() => rig.history.latest.get(3)).toMatchObject({ active: [] });
    await running.stop();
    const { written } = rig.history;
    const before = written.length;
    await rig.log.append('ALARM', oneRecord(2, JSON.stringify(raised(alarmOf({ sensor: 2 }), NOON))), NOON);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(written).toHaveLength(before);
  });
});

/** Alternately raises and clears, with times of a proxy whose clock is off by up to a second. */
function storyOf(steps: readonly { readonly sensor: number; readonly type: string; readonly skew: number }[]) {
  const events: AlarmChange[] = [];
  const active = new Map<number, Set<string>>();
  const current = new Map<string, Alarm>();
  for (const [i, { sensor, type, skew }] of steps.entries()) {
    const at = NOON + i * 400 + skew;
    const key = `${sensor} ${type}`;
    const alarm = current.get(key);
    const types = active.get(sensor) ?? new Set<string>();
    active.set(sensor, types);
    if (alarm) {
      events.push(cleared(alarm, at), changed('acknowledged', { ...alarm, state: 'CLEARED_ACK' }, at));
      current.delete(key);
      types.delete(type);
    } else {
      const next = alarmOf({ id: `a${i}`, sensor, type, raisedAt: at });
      events.push(raised(next, at));
      current.set(key, next);
      types.add(type);
    }
  }
  return { events, active };
}

function raised(alarm: Alarm, at: number): AlarmChange {
  return changed('raised', alarm, at);
}

function cleared(alarm: Alarm, at: number): AlarmChange {
  return changed('cleared', { ...alarm, state: 'CLEARED_UNACK', clearedAt: at }, at);
}

function changed(event: AlarmChangeKind, alarm: Alarm, at: number): AlarmChange {
  return { event, at, cause: { topic: 'ENTRY', partition: 0, offset: 1 }, alarm };
}

function recordOf(change: AlarmChange): TestRecord {
  return { key: change.alarm.sensor, at: change.at, value: JSON.stringify(change) };
}

class Rig {
  readonly log = new MemoryLog();
  readonly history = new FaultyHistory();
  readonly directory = new MemoryDirectory();
  /** The open alarms in the archive. */
  readonly open: ArchivedAlarm[] = [];
  registry = new Registry();
  now = NOON;
  #writer: StateWriter | undefined;
  #offset = 0;

  get deps(): StateWriterDeps {
    const { log, history, directory, registry, open } = this;
    const nothing = { put: async () => undefined, find: async () => undefined, custody: async () => [], close: async () => undefined };
    const archive = { ...nothing, query: async () => ({ alarms: [], cursor: undefined }), open: () => onePart(open) };
    const clock = () => this.now;
    return { log, history, directory, archive, registry, clock, types: SEVEN, logger: pino({ level: 'silent' }), health: new Health() };
  }

  get writer(): StateWriter {
    this.#writer ??= new StateWriter(this.deps, 0);
    return this.#writer;
  }

  async take(...events: AlarmChange[]): Promise<void> {
    await this.writer.share(ALL);
    await this.writer.take(batchOf('ALARM', this.#offset, events.map(recordOf)));
    this.#offset += events.length;
  }

  async refresh(): Promise<void> {
    await this.writer.share(ALL);
    await this.writer.refreshIfDue(never);
  }

  async restart(): Promise<void> {
    this.registry = new Registry();
    this.#writer = undefined;
    await this.writer.share(ALL);
  }
}
