import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alarm, AlarmChange, AlarmChangeKind, AlarmCount } from '../../../alarm/alarm.ts';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { Topic } from '../../../records/topics.ts';
import { startCounter } from '../../../history/counter.ts';
import { StateWriter, startStateWriter } from '../../../history/states.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { FaultyHistory } from '../../support/faulty-history.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { onePart } from '../../support/parts.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const PARTITIONS = 4;
const SENSORS = Array.from({ length: 40 }, (_, i) => i + 1);
const never = new AbortController().signal;

let log: MemoryLog;
let history: FaultyHistory;
let directory: MemoryDirectory;
let running: Running[];

beforeEach(async () => {
  log = new MemoryLog(PARTITIONS);
  history = new FaultyHistory();
  directory = new MemoryDirectory();
  running = [];
  await directory.put(SENSORS.map((id) => clientOf({ id })));
});
afterEach(async () => {
  for (const each of running) await each.stop();
});

describe('several processes that count', () => {
  it('have every alarm once, whoever has which partition meanwhile', async () => {
    const config = { flushMs: 5, days: 365 };
    const start = async (): Promise<Running> => {
      const counter = await startCounter(config, depsOfProcess());
      running.push(counter);
      return counter;
    };
    const first = await start();
    let written = 0;
    const write = async (): Promise<void> => {
      for (const sensor of SENSORS) {
        written += 1;
        await put('COUNT', sensor, { alarm: `a${written}`, sensor, type: 'smoke', at: NOON + written } satisfies AlarmCount);
      }
    };
    const counted = async (): Promise<number> => (await history.counts(0, NOON * 2, undefined)).reduce((sum, { count }) => sum + count, 0);
    await write();
    await expect.poll(() => counted()).toBe(written);
    const second = await start();
    await write();
    await start();
    await expect.poll(() => counted()).toBe(written);
    await first.stop();
    await write();
    await second.stop();
    await expect.poll(() => counted()).toBe(written);
    expect(new Set((await history.counts(0, NOON * 2, undefined)).map(({ partition }) => partition)).size).toBe(PARTITIONS);
  });
});

describe('several processes that write states', () => {
  it('each write the sensors of their own partitions only', async () => {
    const [one, other] = [new StateWriter(depsOfProcess(), 0), new StateWriter(depsOfProcess(), 0)];
    await one.share(
      new Map([
        [0, 1],
        [1, 1],
      ]),
    );
    await other.share(
      new Map([
        [2, 1],
        [3, 1],
      ]),
    );
    await one.refreshIfDue(never);
    const ofOne = history.written.map(({ sensor }) => partitionOf(sensor, PARTITIONS));
    expect(new Set(ofOne)).toEqual(new Set([0, 1]));
    await other.refreshIfDue(never);
    expect(history.written.map(({ sensor }) => sensor).sort((a, b) => a - b)).toEqual(SENSORS);
  });

  it('recall what is active when a partition comes, also when it had been another process’s in between', async () => {
    const [one, other] = [new StateWriter(depsOfProcess(), 0), new StateWriter(depsOfProcess(), 0)];
    const sensor = sensorIn(2);
    const alarm = alarmOf({ id: 'a', sensor });
    await one.share(new Map([[2, 1]]));
    await take(one, changed('raised', alarm, NOON));
    await other.share(new Map([[2, 1]]));
    await take(other, changed('cleared', { ...alarm, state: 'CLEARED_UNACK', clearedAt: NOON + 5 }, NOON + 5));
    expect(history.latest.get(sensor)).toMatchObject({ active: [] });
    // The partition has come back: what the first process knew is out of date.
    await one.share(new Map([[2, 7]]));
    await one.refreshIfDue(never);
    expect(history.latest.get(sensor)).toMatchObject({ active: [] });
  });

  it('write nothing of all sensors once they have not heard for a while that the partitions are theirs', async () => {
    const writer = new StateWriter(depsOfProcess(), 0);
    await writer.share(new Map([[0, 1]]));
    const now = performance.now();
    const elapsed = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
    await writer.refreshIfDue(never);
    expect(history.written).toEqual([]);
    elapsed.mockRestore();
    await writer.refreshIfDue(never);
    expect(history.written.length).toBeGreaterThan(0);
  });

  it('show the right states of all, whoever has which partition meanwhile', async () => {
    const start = async (): Promise<Running> => {
      const writer = await startStateWriter(depsOfProcess());
      running.push(writer);
      return writer;
    };
    const shown = () => SENSORS.filter((sensor) => (history.latest.get(sensor)?.active.length ?? 0) > 0);
    const first = await start();
    for (const sensor of SENSORS) await put('ALARM', sensor, changed('raised', alarmOf({ id: `a${sensor}`, sensor }), NOON + sensor));
    await expect.poll(() => shown()).toEqual(SENSORS);
    await start();
    await first.stop();
    for (const sensor of SENSORS.filter((id) => id % 2 === 0)) {
      const alarm = alarmOf({ id: `a${sensor}`, sensor, state: 'CLEARED_UNACK', clearedAt: NOON + 100 });
      await put('ALARM', sensor, changed('cleared', alarm, NOON + 100));
    }
    await expect.poll(() => shown()).toEqual(SENSORS.filter((id) => id % 2 === 1));
  });
});

function depsOfProcess() {
  const archive = { open: () => onePart([]) } as never;
  return {
    log,
    history,
    directory,
    archive,
    clock: () => NOON + 1_000,
    removalClock: () => NOON + 1_000,
    logger: pino({ level: 'silent' }),
    health: new Health(),
    registry: new Registry(),
    types: REFERENCE,
  };
}

function sensorIn(partition: number): number {
  return SENSORS.find((sensor) => partitionOf(sensor, PARTITIONS) === partition) ?? 0;
}

async function put(topic: Topic, sensor: number, value: object): Promise<void> {
  await log.append(topic, oneRecord(sensor, JSON.stringify(value)), NOON);
}

async function take(writer: StateWriter, change: AlarmChange): Promise<void> {
  await put('ALARM', change.alarm.sensor, change);
  const partition = partitionOf(change.alarm.sensor, PARTITIONS);
  const { next } = await log.bounds('ALARM', partition);
  const batch = log.batch('ALARM', partition, next - 1);
  if (batch) await writer.take(batch);
}

function changed(event: AlarmChangeKind, alarm: Alarm, at: number): AlarmChange {
  return { event, at, cause: { topic: 'ENTRY', partition: 0, offset: 1 }, alarm };
}
