/** Sensors with a detector that can't be read: operators must know, and must never be shown "none" if it isn't known. */
import { get } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { SensorFaults } from '../../../alarm/faults.ts';
import { faultsAnswer, sensorAnswer } from '../../../console/api/schemas.ts';
import { FaultySensors } from '../../../console/live/faulty-sensors.ts';
import { FaultView } from '../../../console/live/fault-view.ts';
import { SensorChanges } from '../../../console/live/sensor-changes.ts';
import { OpenAlarms } from '../../../console/live/open-alarms.ts';
import { faultsShown } from '../../../console/live/snapshot.ts';
import { EventParser, type ServerEvent } from '../../../page/sse.ts';
import type { Reader } from '../../../message-log/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { pino } from 'pino';
import { REFERENCE } from '../../support/alarm-types.ts';
import { NOON } from '../../support/alarms.ts';
import { call, eventually, OPERATOR_TOKEN, startTestConsole, type TestConsole, VIEWER_TOKEN } from '../../support/console.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let ends: (() => unknown)[] = [];
const start = async (options: Parameters<typeof startTestConsole>[0] = {}): Promise<TestConsole> => {
  const on = await startTestConsole({ processor: false, ...options });
  ends.push(() => on.stop());
  return on;
};
afterEach(async () => {
  const all = ends.reverse();
  ends = [];
  for (const end of all) await end();
});

const SINCE = new Date(NOON).toISOString();
const cause = { topic: 'ENTRY', partition: 0, offset: 1 };
const faultOf = (detector: 'motion' | 'smoke' | 'temperature', since = NOON) => ({ detector, reason: 'unreadable' as const, since });
const supervise = (log: MemoryLog, sensor: number, ...faults: SensorFaults['faults']) =>
  log.append('SUPERVISION', oneRecord(sensor, JSON.stringify({ sensor, at: NOON, cause, faults })), NOON);

async function listen(on: TestConsole): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  await new Promise<void>((resolve) => {
    const request = get(`${on.console.url}/api/live`, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } }, (response) => {
      const parser = new EventParser();
      response.setEncoding('utf8').on('data', (chunk: string) => events.push(...parser.push(chunk)));
      response.on('error', () => undefined);
      resolve();
    });
    ends.push(() => request.destroy());
  });
  return events;
}
const named = (events: readonly ServerEvent[], name: string) =>
  events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data));

describe('faults of sensors', () => {
  it('are listed, the gravest first, shown at the sensor, and over when its newest record says so', async () => {
    const log = new MemoryLog(2);
    await supervise(log, 1, faultOf('motion'));
    await supervise(log, 2, faultOf('temperature'), { detector: 'smoke', reason: 'absent', since: NOON });
    await supervise(log, 3, faultOf('smoke', NOON + 1_000));
    await supervise(log, 0, faultOf('smoke', NOON));
    await supervise(log, 4, faultOf('smoke'));
    await supervise(log, 4);
    const on = await start({ log });
    const { json } = await eventually(
      () => call(on, '/api/faults'),
      ({ status }) => status === 200,
    );
    expect(faultsAnswer.parse(json).faults.map(({ sensor, detector, reason }) => [sensor, detector, reason])).toEqual([
      [3, 'smoke', 'unreadable'],
      [0, 'smoke', 'unreadable'],
      [2, 'smoke', 'absent'],
      [2, 'temperature', 'unreadable'],
      [1, 'motion', 'unreadable'],
    ]);
    expect((await call(on, '/api/faults?limit=1', { token: VIEWER_TOKEN })).json).toMatchObject({ faults: [{ sensor: 3 }], total: 5 });
    const sensor = await call(on, '/api/sensors/1');
    expect(sensorAnswer.parse(sensor.json).faults).toEqual([{ detector: 'motion', reason: 'unreadable', since: SINCE }]);
    const metrics = await (await fetch(`${on.console.url}/metrics`)).text();
    expect(metrics).toMatch(/^tocsin_console_faulty_sensors 4$/m);
    await supervise(log, 1);
    await eventually(
      () => call(on, '/api/faults'),
      ({ json: now }) => now.total === 4,
    );
  });

  it('come with the snapshot, and as they change with the stream; beats count the sensors', { timeout: 20_000 }, async () => {
    const on = await start();
    await supervise(on.log, 1, faultOf('smoke'));
    await eventually(
      () => call(on, '/api/faults'),
      ({ json }) => json.total === 1,
    );
    const events = await listen(on);
    await eventually(
      async () => named(events, 'snapshot'),
      (all) => all.length > 0,
    );
    expect(named(events, 'snapshot')[0].faults).toEqual([
      { sensor: 1, faults: [{ detector: 'smoke', reason: 'unreadable', since: SINCE }] },
    ]);
    await supervise(on.log, 2, faultOf('motion'));
    await supervise(on.log, 1);
    const told = await eventually(
      async () => named(events, 'faults').flat(),
      (all) => all.some(({ sensor, faults }) => sensor === 1 && faults.length === 0),
    );
    expect(told).toContainEqual({ sensor: 2, faults: [{ detector: 'motion', reason: 'unreadable', since: SINCE }] });
    await eventually(
      async () => named(events, 'beat'),
      (beats) => beats.some(({ faults }) => faults === 1),
    );
  });

  it('are not said to be none while they cannot be read, and the queue works all the same', async () => {
    const log = new MemoryLog();
    const reader = log.reader.bind(log);
    let away = true;
    log.reader = async (topic, ...rest): Promise<Reader> => {
      if (topic === 'SUPERVISION' && away) throw new TransientError('log-unavailable', 'no broker answers');
      return reader(topic, ...rest);
    };
    await supervise(log, 7, faultOf('smoke'));
    const on = await start({ log, processor: true });
    expect((await call(on, '/api/faults')).status).toBe(503);
    await on.report(42_959);
    await eventually(
      () => call(on, '/api/alarms'),
      ({ json }) => json.alarms.length === 1,
    );
    expect((await call(on, '/api/sensors/42959')).json.faults).toBeNull();
    const events = await listen(on);
    await eventually(
      async () => named(events, 'snapshot'),
      (all) => all.length > 0,
    );
    expect(named(events, 'snapshot')[0].faults).toBeNull();
    expect((await fetch(`${on.console.url}/readyz`)).status).toBe(200);
    away = false;
    // Listeners that are connected already get all of them.
    await eventually(
      async () => named(events, 'faults').flat(),
      (all) => all.some(({ sensor }) => sensor === 7),
    );
  });

  it('that another program wrote wrongly are skipped, and hide no others', async () => {
    const log = new MemoryLog();
    for (const text of [
      '',
      'null',
      '[]',
      '{"sensor":"1","faults":[]}',
      '{"sensor":1}',
      '{"sensor":1,"faults":[{"detector":"heat"}]}',
      '{"sensor":1,"faults":[null]}',
    ])
      await log.append('SUPERVISION', oneRecord(1, text), NOON);
    await log.append(
      'SUPERVISION',
      oneRecord(1, JSON.stringify({ sensor: 1, faults: [{ detector: 'smoke', reason: 'absent', since: 1e300 }] })),
      NOON,
    );
    await supervise(log, 2, faultOf('smoke'));
    const on = await start({ log });
    await eventually(
      () => call(on, '/api/faults'),
      ({ json }) => json.total === 1,
    );
  });
});

describe('what is known of faults', () => {
  it('starts over in a partition of which records were removed unread: a fault that ended there must not stay for ever', async () => {
    const log = new MemoryLog(2);
    const readers: Reader[] = [];
    const reader = log.reader.bind(log);
    log.reader = async (...args): Promise<Reader> => {
      const opened = await reader(...args);
      readers[args[1]] = opened;
      return opened;
    };
    for (let sensor = 0; sensor < 20; sensor += 1) await supervise(log, sensor, faultOf('smoke'));
    const changed = new Set<number>();
    const view = new FaultView(
      { log, logger: pino({ level: 'silent' }), health: new Health(), types: REFERENCE },
      { known: () => undefined, changed: (sensor) => changed.add(sensor) },
    );
    ends.push(() => view.stop());
    view.start();
    await eventually(
      async () => view.sensors?.size,
      (size) => size === 20,
    );
    expect(view.sensors?.list()).toHaveLength(20);
    readers[0]?.onGap?.(10, 20);
    const left = view.sensors?.size ?? 0;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(20);
    expect(changed.size).toBe(20 - left);
    expect(view.sensors?.list()).toHaveLength(left);
    const [again] = changed;
    await supervise(log, again ?? 0, faultOf('smoke'));
    await eventually(
      async () => view.sensors?.size,
      (size) => size === left + 1,
    );
  });

  it('starts over with a topic that was deleted and created again', async () => {
    const log = new MemoryLog();
    let made: MemoryLog = log;
    const reader = log.reader.bind(log);
    log.reader = async (...args): Promise<Reader> => {
      const first = await reader(...args);
      let second: Reader | undefined;
      const poll = async (waitMs: number) => {
        if (made === log) return first.poll(Math.min(waitMs, 20));
        second ??= await made.reader(args[0], args[1], 'earliest');
        return second.poll(waitMs);
      };
      return {
        behind: false,
        onGap: undefined,
        get position() {
          return first.position;
        },
        poll,
        close: async () => {
          await Promise.all([first.close(), second?.close()]);
        },
      };
    };
    for (let sensor = 0; sensor < 5; sensor += 1) await supervise(log, sensor, faultOf('smoke'));
    const view = new FaultView(
      { log, logger: pino({ level: 'silent' }), health: new Health(), types: REFERENCE },
      { known: () => undefined, changed: () => undefined },
    );
    ends.push(() => view.stop());
    view.start();
    await eventually(
      async () => view.sensors?.size,
      (size) => size === 5,
    );
    const anew = new MemoryLog();
    await supervise(anew, 77, faultOf('motion'));
    made = anew;
    await eventually(
      async () => view.sensors?.list().map(({ sensor }) => sensor),
      (sensors) => `${sensors}` === '77',
    );
    await made.close();
  });

  it('is bounded, whoever sends under whatever ids', () => {
    const sensors = new FaultySensors(REFERENCE, 100);
    for (let sensor = 0; sensor < 1_000; sensor += 1) sensors.apply({ sensor, faults: [faultOf('smoke')] }, 0);
    expect([sensors.size, sensors.of(899), sensors.of(900).length]).toEqual([100, [], 1]);
  });

  it('goes out in portions that a slow reader can take, and none is lost', () => {
    const sensors = new FaultySensors(REFERENCE);
    const changes = new SensorChanges();
    for (let sensor = 0; sensor < 5_001; sensor += 1) {
      sensors.apply({ sensor, faults: [faultOf(sensor === 5_000 ? 'smoke' : 'motion')] }, 0);
      changes.ofFaults.add(sensor);
    }
    const told = new Set<number>();
    for (let i = 0; i < 3; i += 1)
      for (const { data } of changes.take(new OpenAlarms(REFERENCE), sensors)) {
        const portion = data('limited') as { sensor: number }[];
        expect(portion.length).toBeLessThanOrEqual(2_000);
        for (const { sensor } of portion) told.add(sensor);
      }
    expect(told.size).toBe(5_001);
    expect(changes.take(new OpenAlarms(REFERENCE), sensors)).toEqual([]);
    // The snapshot has room for fewer; the gravest are among them.
    const shown = faultsShown(sensors, 1_000);
    expect([shown?.length, shown?.[0]?.sensor]).toEqual([1_000, 5_000]);
  });
});
