import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alarm, AlarmChange } from '../../../alarm/alarm.ts';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import { StateWriter } from '../../../history/states.ts';
import type { PlacesPart } from '../../../directory/port.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { batchOf } from '../../support/batches.ts';
import { FaultyHistory } from '../../support/faulty-history.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const sensorsIn = (partition: number): number[] =>
  Array.from({ length: 50 }, (_, id) => id).filter((id) => id > 0 && partitionOf(id, 2) === partition);
const [OURS = 0, OURS_TOO = 0] = sensorsIn(0);
const [OTHERS = 0] = sensorsIn(1);
const AWAY = new TransientError('history', 'no connection');
const HOUR = 3_600_000;

let history: FaultyHistory;
let directory: MemoryDirectory;
let open: ArchivedAlarm[];
let archiveFault: Error | undefined;
let now: number;
beforeEach(async () => {
  archiveFault = undefined;
  history = new FaultyHistory();
  directory = new MemoryDirectory();
  await directory.put([OURS, OURS_TOO, OTHERS].map((id) => clientOf({ id })));
  open = [];
  now = NOON;
});
afterEach(() => vi.restoreAllMocks());

async function* openInArchive(): AsyncGenerator<readonly ArchivedAlarm[]> {
  if (archiveFault) throw archiveFault;
  yield open;
}

/** A process over two partitions. */
function process() {
  const nothing = { put: async () => undefined, find: async () => undefined, custody: async () => [], close: async () => undefined };
  const writer = new StateWriter(
    {
      ...{ log: new MemoryLog(2), history, directory, registry: new Registry(), clock: () => now },
      archive: { ...nothing, query: async () => ({ alarms: [], cursor: undefined }), open: openInArchive },
      ...{ types: REFERENCE, logger: pino({ level: 'silent' }), health: new Health() },
    },
    0,
  );
  let offset = 0;
  const take = async (...changes: AlarmChange[]): Promise<void> => {
    const records = changes.map((change) => ({ key: change.alarm.sensor, at: change.at, value: JSON.stringify(change) }));
    await writer.take(batchOf('ALARM', offset, records));
    offset += records.length;
  };
  /** Partitions with the numbers of their assignments. */
  const share = (...partitions: (readonly [number, number])[]): Promise<void> => writer.share(new Map(partitions));
  const refresh = (signal = new AbortController().signal): Promise<void> => writer.refreshIfDue(signal);
  return { take, share, refresh };
}

const smokeAt = (sensor: number): Alarm => alarmOf({ id: `a${sensor}`, sensor });
const change = (event: 'raised' | 'cleared', alarm: Alarm, at: number): AlarmChange => ({
  ...{ event, at, cause: { topic: 'ENTRY', partition: 0, offset: 1 } },
  alarm: event === 'raised' ? alarm : { ...alarm, state: 'CLEARED_UNACK', clearedAt: at },
});
const shown = (sensor: number) => history.latest.get(sensor)?.active;
/** Another process writes its states. */
const writtenElsewhere = (sensor: number, active: readonly 'smoke'[], at: number) =>
  history.writeStates([{ sensor, geohash: 'gcwfhf0kz', region: 'UK', active, at }]);

describe('the sensors of a partition', () => {
  it('are not written by a process that has none, nor by one that has another', async () => {
    const one = process();
    await one.refresh();
    await one.share([0, 1]);
    await one.refresh();
    expect([...history.latest.keys()].sort()).toEqual([OURS, OURS_TOO].sort());
  });

  it('are written where it comes later', async () => {
    const one = process();
    await one.share([0, 1]);
    await one.refresh();
    await one.share([0, 1], [1, 2]);
    await one.refresh();
    expect(shown(OTHERS)).toEqual([]);
  });

  it('are forgotten when it goes, and what another process has seen meanwhile holds when it comes back', async () => {
    const one = process();
    await one.share([0, 1], [1, 1]);
    await one.take(change('raised', smokeAt(OTHERS), NOON), change('raised', smokeAt(OURS), NOON));
    await one.share([0, 1]);
    await writtenElsewhere(OTHERS, [], NOON + 10);
    now = NOON + HOUR;
    await one.share([0, 1], [1, 2]);
    await one.refresh();
    expect([shown(OURS), shown(OTHERS)]).toEqual([['smoke'], []]);
  });

  it('are not written any more with all sensors once it went', async () => {
    const one = process();
    await one.share([0, 1], [1, 1]);
    await one.refresh();
    await one.share([0, 1]);
    await writtenElsewhere(OTHERS, ['smoke'], NOON + 10);
    now = NOON + 30 * HOUR;
    await one.refresh();
    expect([shown(OURS), shown(OTHERS)]).toEqual([[], ['smoke']]);
  });

  it('are asked for anew where the first try had failed, whatever it had found', async () => {
    await writtenElsewhere(OURS, ['smoke'], NOON);
    const one = process();
    archiveFault = AWAY;
    await expect(one.share([0, 1])).rejects.toBe(AWAY);
    archiveFault = undefined;
    await writtenElsewhere(OURS, [], NOON + 10);
    now = NOON + HOUR;
    await one.share([0, 1]);
    await one.refresh();
    expect(shown(OURS)).toEqual([]);
  });

  it('are asked for anew where it went and came between two looks', async () => {
    const one = process();
    await one.share([0, 1]);
    await one.take(change('raised', smokeAt(OURS), NOON));
    await writtenElsewhere(OURS, [], NOON + 10);
    await writtenElsewhere(OURS_TOO, ['smoke'], NOON + 10);
    now = NOON + HOUR;
    await one.share([0, 2]);
    await one.refresh();
    expect([shown(OURS), shown(OURS_TOO)]).toEqual([[], ['smoke']]);
  });

  it('are not written any more once it went, though their states still waited for the history', async () => {
    const one = process();
    await one.share([0, 1], [1, 1]);
    history.fault = AWAY;
    await expect(one.take(change('raised', smokeAt(OTHERS), NOON))).rejects.toBe(AWAY);
    history.fault = undefined;
    await one.share([0, 1]);
    await one.take(change('raised', smokeAt(OURS), NOON));
    expect([shown(OURS), shown(OTHERS)]).toEqual([['smoke'], undefined]);
  });

  it('are told when the history failed at first, though nothing more happens to them', async () => {
    const one = process();
    await one.share([0, 1]);
    history.fault = AWAY;
    const raised = change('raised', smokeAt(OURS), NOON);
    await expect(one.take(raised)).rejects.toBe(AWAY);
    history.fault = undefined;
    await one.take(raised);
    expect(shown(OURS)).toEqual(['smoke']);
  });

  it('are taken from the archive where the history has lost them, those of this process alone, and those that are active', async () => {
    const place = { region: 'UK', geohash: 'gcwfhf0kz' };
    open.push({ ...smokeAt(OURS), ...place }, { ...smokeAt(OTHERS), ...place });
    open.push({ ...smokeAt(OURS_TOO), ...place, state: 'CLEARED_UNACK' });
    const one = process();
    await one.share([0, 1]);
    expect([history.latest.get(OURS), shown(OURS_TOO), shown(OTHERS)]).toMatchObject([
      { active: ['smoke'], at: NOON },
      undefined,
      undefined,
    ]);
  });

  it('are taken from the archive whole, where several are active at one', async () => {
    const place = { region: 'UK', geohash: 'gcwfhf0kz' };
    open.push({ ...smokeAt(OURS), ...place, raisedAt: NOON - 5 });
    open.push({ ...alarmOf({ id: 'm', sensor: OURS, type: 'motion', severity: 'MINOR' }), ...place, raisedAt: NOON - 9 });
    const one = process();
    await one.share([0, 1]);
    expect(history.latest.get(OURS)).toMatchObject({ active: ['smoke', 'motion'], at: NOON - 5 });
  });

  it('are over when the very alarm is over that the archive knows, not another one', async () => {
    await writtenElsewhere(OURS, ['smoke'], NOON);
    open.push({ ...smokeAt(OURS), region: 'UK', geohash: 'gcwfhf0kz' });
    const one = process();
    await one.share([0, 1]);
    await one.take(change('cleared', alarmOf({ id: 'earlier', sensor: OURS }), NOON + 5));
    expect(shown(OURS)).toEqual(['smoke']);
    await one.take(change('cleared', smokeAt(OURS), NOON + 6));
    expect(shown(OURS)).toEqual([]);
  });
});

describe('the time of a state', () => {
  it.each([[['smoke'] as const], [[] as const]])(
    'is not before that of the one before it (%j), whatever the clocks say',
    async (active) => {
      await writtenElsewhere(OURS, active, NOON + HOUR);
      const one = process();
      await one.share([0, 1]);
      const motion = alarmOf({ id: 'm', sensor: OURS, type: 'motion', severity: 'MINOR' });
      await one.take(change('raised', motion, NOON));
      expect(history.latest.get(OURS)).toMatchObject({ active: [...active, 'motion'], at: NOON + HOUR });
    },
  );

  it('is not before that of the one before it, though all were written at an earlier time meanwhile', async () => {
    const one = process();
    await one.share([0, 1]);
    await one.take(change('raised', smokeAt(OURS), NOON + HOUR), change('cleared', smokeAt(OURS), NOON + HOUR));
    await one.refresh();
    await one.take(change('raised', alarmOf({ id: 'second', sensor: OURS }), NOON + 5));
    expect(shown(OURS)).toEqual(['smoke']);
  });

  it('is after all that was written at once, also by an earlier process', async () => {
    await writtenElsewhere(OURS_TOO, [], NOON + 5);
    now = NOON + 5;
    const one = process();
    await one.share([0, 1]);
    await one.take(change('raised', smokeAt(OURS), NOON));
    expect(history.latest.get(OURS)).toMatchObject({ active: ['smoke'], at: NOON + 6 });
    now = NOON;
    await one.refresh();
    expect(history.latest.get(OURS_TOO)?.at).toBe(NOON + 6);
  });
});

describe('writing all states', () => {
  const part = (ids: readonly number[], next?: string): PlacesPart => ({
    placed: ids.map((sensor) => ({ sensor, latitude: 50, longitude: 8, geohash: 'u0y', region: 'CentroEurope' })),
    unplaced: [],
    next,
  });

  it('goes in steps of a thousand', async () => {
    await directory.put(Array.from({ length: 5_000 }, (_, id) => clientOf({ id })));
    const write = vi.spyOn(history, 'writeStates');
    const one = process();
    await one.share([0, 1], [1, 1]);
    await one.refresh();
    expect(write.mock.calls.map(([states]) => states.length)).toEqual(Array(5).fill(1_000));
    expect(history.latest.size).toBe(5_000);
  });

  it('is broken off by a stop, and by not having heard for five seconds that the partitions are still its own', async () => {
    const one = process();
    await one.share([0, 1]);
    const stopped = new AbortController();
    stopped.abort();
    await one.refresh(stopped.signal);
    // A whole number, so that sums are exact.
    const heard = Math.ceil(performance.now());
    const clock = vi.spyOn(performance, 'now').mockReturnValue(heard + 5_100);
    await one.refresh();
    expect(history.written).toEqual([]);
    clock.mockReturnValue(heard);
    await one.share([0, 1]);
    clock.mockReturnValue(heard + 4_999);
    await one.refresh();
    expect(history.written).toHaveLength(2);
    clock.mockReturnValue(heard + 5_000);
    await directory.put([clientOf({ id: 49 })]);
    await one.refresh();
    expect(history.written).toHaveLength(2);
  });

  it('is done once more for a partition that came while it was under way', async () => {
    const one = process();
    await one.share([0, 1]);
    directory.places = async function* () {
      yield part([OURS, OTHERS], 'more');
      await one.share([0, 1], [1, 1]);
      yield part([OURS_TOO]);
    };
    await one.refresh();
    expect(shown(OTHERS)).toBeUndefined();
    directory.places = async function* () {
      yield part([OURS, OURS_TOO, OTHERS]);
    };
    await one.refresh();
    expect(shown(OTHERS)).toEqual([]);
  });

  it('begins anew where the directory does not know any more where it was', async () => {
    const asked: (string | undefined)[] = [];
    const fault = new PermanentError('bad-cursor', 'not given out here');
    directory.places = async function* (from) {
      asked.push(from);
      yield part([OURS], 'second');
      if (asked.length === 1) throw AWAY;
      if (asked.length === 2) throw fault;
      yield part([OURS_TOO]);
    };
    const one = process();
    await one.share([0, 1]);
    await expect(one.refresh()).rejects.toBe(AWAY);
    await expect(one.refresh()).rejects.toBe(fault);
    await one.refresh();
    expect(asked).toEqual([undefined, 'second', undefined]);
    await one.refresh();
    expect(asked).toHaveLength(3);
  });
});
