/** Faults of a real InfluxDB behind the consumers, and of the points themselves. */
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlarmChange, AlarmCount } from '../../../alarm/alarm.ts';
import { startCounter } from '../../../history/counter.ts';
import { checkInflux, prepareInflux } from '../../../history/influx/prepare.ts';
import type { History } from '../../../history/port.ts';
import { STATES_GROUP, StateWriter, startStateWriter } from '../../../history/states.ts';
import { Health } from '../../../runtime/health.ts';
import { REFERENCE, BUILT_IN_NAMES } from '../../support/alarm-types.ts';
import { changeOf, clientOf } from '../../support/alarms.ts';
import { FaultyHistory } from '../../support/faulty-history.ts';
import { influxHistory, newInfluxHistory } from '../../support/influx-rig.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { INFLUX_VERSIONS, type InfluxServer, startInflux } from '../../support/servers/influx.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const BUILD_MS = 900_000;
const silent = pino({ level: 'silent' });

describe.each(INFLUX_VERSIONS)('InfluxDB %s', (version) => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux(version);
  }, BUILD_MS);
  afterAll(() => server?.destroy());

  const now = Date.now();
  const quiet = { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: [], at: now } as const;
  const stateLines = (count: number, at: number) => Array.from({ length: count }, (_, sensor) => ({ ...quiet, sensor, at }));

  it('permanently refused points are left out of a write, and that is logged', async () => {
    const { history, config, health, metric, lines, close } = await newInfluxHistory(server);
    const long = now - 30 * DAY_MS;
    // A field of another type, in the shard of that week only.
    expect(await server.write(config.bucket, `sensor_state,sensor=1 active=1.5 ${long}`)).toBe(204);
    await history.writeStates([...stateLines(40, now), { ...quiet, sensor: 41, at: long }, ...stateLines(40, now + 1)]);
    expect(await history.state(39)).toMatchObject({ at: now + 1 });
    expect(await history.state(41)).toBeUndefined();
    expect(await metric('tocsin_history_points_written_total')).toBe(80);
    expect(await metric('tocsin_history_points_refused_total')).toBe(1);
    expect(Object.values(health.problems())).toEqual([
      expect.stringMatching(/refuses 1 points for good: active is of type float there and not integer/),
    ]);
    expect(lines.filter(({ msg }) => msg.startsWith('InfluxDB refuses points'))).toHaveLength(1);
    await history.writeStates(stateLines(1, now + 2));
    expect(health.ready).toBe(true);
    await close();
  });

  it('when it refuses every point, all of them wait, the start says so, and they are written once it is corrected', async () => {
    const { config, close } = await newInfluxHistory(server);
    expect(await server.write(config.bucket, `sensor_state,sensor=1 active=1.5 ${now}`)).toBe(204);
    expect(await checkInflux(config)).toContain('sensor_state.active is of type float, not integer');
    const second = influxHistory(config);
    await expect(second.history.writeStates(stateLines(100, now))).rejects.toMatchObject({ code: 'history-refused' });
    expect(second.lines.filter(({ level, msg }) => level === 50 && msg === 'the history cannot be kept')).toHaveLength(1);
    await server.query('DROP MEASUREMENT "sensor_state"', config.bucket);
    await second.history.writeStates(stateLines(100, now));
    expect(await second.metric('tocsin_history_points_refused_total')).toBe(0);
    await second.close();
    await close();
  });

  it('says that the bucket is missing at the start and at every write, and continues once it is created', async () => {
    const { config, close } = await newInfluxHistory(server);
    const elsewhere = { ...config, bucket: `${config.bucket}-missing` };
    const { history, lines, close: closeToo } = influxHistory(elsewhere);
    const missing = { name: 'TransientError', code: 'history-missing', message: expect.stringContaining('npm run schema') };
    await expect(history.writeStates([quiet])).rejects.toMatchObject(missing);
    await expect(history.state(7)).rejects.toMatchObject(missing);
    expect(await checkInflux(elsewhere)).toContain('npm run schema');
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
    await prepareInflux(elsewhere);
    expect(await checkInflux(elsewhere)).toBeUndefined();
    await history.writeStates([quiet]);
    expect(await history.state(7)).toEqual(quiet);
    await closeToo();
    await close();
  });

  it('sets a retention that can be changed later, and keeps existing points', async () => {
    const { history, config, metric, close } = await newInfluxHistory(server, { retentionMs: 0 });
    await history.writeStates([quiet]);
    expect(await prepareInflux({ ...config, retentionMs: 365 * DAY_MS })).toContain('keeps points for 365 days');
    expect(await prepareInflux({ ...config, retentionMs: 30 * DAY_MS })).toContain('keeps points for 30 days');
    expect(await history.state(7)).toEqual(quiet);
    // Older than the retention: dropped by the server without a fault.
    await history.writeStates([
      { ...quiet, sensor: 8, at: now - 40 * DAY_MS },
      { ...quiet, sensor: 9 },
    ]);
    expect(await history.state(9)).toEqual({ ...quiet, sensor: 9 });
    expect(await metric('tocsin_history_points_expired_total')).toBe(1);
    expect(await metric('tocsin_history_points_refused_total')).toBe(0);
    await close();
  });

  it('keeps the state of every sensor although points are removed after their retention', async () => {
    const { history, config, close } = await newInfluxHistory(server, { retentionMs: 0 });
    const directory = new MemoryDirectory();
    await directory.put(Array.from({ length: 500 }, (_, id) => clientOf({ id })));
    let time = now - 12 * DAY_MS;
    const writer = new StateWriter(
      {
        ...{ history, directory, log: new MemoryLog(), archive: { open: async function* () {} } as never },
        ...{ types: REFERENCE, clock: () => time, logger: silent, health: new Health(), registry: new Registry() },
      },
      0,
    );
    await writer.share(new Map([[0, 1]]));
    for (; time <= now; time += DAY_MS) await writer.refreshIfDue(new AbortController().signal);
    const points = async () =>
      Number(/"values":\[\[.*?,(\d+)\]/.exec(await server.query('SELECT count("active") FROM sensor_state', config.bucket))?.[1]);
    expect(await points()).toBe(13 * 500);
    await prepareInflux({ ...config, retentionMs: 2 * DAY_MS });
    // The server checks every second for shards that it may remove; the first one spans a week.
    while ((await points()) === 13 * 500) {
      expect(await sensorsIn(history)).toBe(500);
      await delay(100);
    }
    await delay(1_500);
    expect(await sensorsIn(history)).toBe(500);
    await close();
  });

  it('has the same counts in the end when it is killed, frozen and started again in mid-run', async () => {
    const impatient = await newInfluxHistory(server, { timeoutMs: 500 });
    const records = Array.from({ length: 3_000 }, (_, i): AlarmCount => {
      return {
        alarm: `a${i}`,
        sensor: i % 40,
        type: BUILT_IN_NAMES[i % 3] ?? 'smoke',
        at: now - (now % MINUTE_MS) + Math.floor(i / 300) * MINUTE_MS,
      };
    });
    const faultless = new FaultyHistory();
    await countAll(faultless, records, async () => undefined);
    await countAll(impatient.history, records, faults);
    const expected = sorted(await faultless.counts(0, now * 2, undefined));
    expect(expected.reduce((sum, { count }) => sum + count, 0)).toBe(3_000);
    expect(sorted(await impatient.history.counts(0, now * 2, undefined))).toEqual(expected);
    await impatient.close();
  });

  it('has the same states in the end when it is killed, frozen and started again in mid-run', async () => {
    const impatient = await newInfluxHistory(server, { timeoutMs: 500 });
    const events = Array.from({ length: 900 }, (_, i) => {
      const alarm = { id: `a${i % 300}`, sensor: i % 300, type: BUILT_IN_NAMES[i % 2] ?? 'smoke' } as const;
      // Raised; two thirds of them cleared; a quarter raised again.
      if (i < 300) return changeOf('raised', alarm);
      if (i < 600) return i % 3 === 0 ? undefined : changeOf('cleared', alarm);
      return i % 4 === 0 ? changeOf('raised', { ...alarm, id: `b${i}` }) : undefined;
    }).filter((event) => event !== undefined);
    const faultless = new FaultyHistory();
    await showAll(faultless, events, async () => undefined);
    await showAll(impatient.history, events, faults);
    const shown = async (history: History) => {
      const all = [];
      for await (const batch of history.states()) all.push(...batch.map(({ sensor, region, active }) => ({ sensor, region, active })));
      return all.toSorted((a, b) => a.sensor - b.sensor);
    };
    const expected = await shown(faultless);
    expect(expected).toHaveLength(400);
    expect(expected.filter(({ active }) => active.length > 0).length).toBeGreaterThan(100);
    expect(await shown(impatient.history)).toEqual(expected);
    await impatient.close();
  });

  const faults = async (step: number): Promise<void> => {
    if (step === 2) await server.kill();
    if (step === 4) await delay(700);
    if (step === 5) await server.restart();
    if (step === 7) await server.freeze();
    if (step === 8) await delay(1_200);
    if (step === 9) server.continue();
  };
});

async function sensorsIn(history: History): Promise<number> {
  let count = 0;
  for await (const batch of history.states()) count += batch.length;
  return count;
}

/** Runs a counter over the records, in ten pieces one after another, until everything is counted. */
async function countAll(history: History, records: readonly AlarmCount[], between: (step: number) => Promise<void>): Promise<void> {
  const deps = await depsOf(history);
  const counter = await startCounter({ flushMs: 20, days: 365 }, deps);
  await writeInPieces(deps.log, 'COUNT', records, between);
  const total = async () => (await history.counts(0, Date.now() * 2, undefined)).reduce((sum, { count }) => sum + count, 0);
  while ((await total().catch(() => 0)) < records.length) await delay(50);
  await counter.stop();
}

/** Runs a state writer over the events, until it has read all of them and written all sensors once. */
async function showAll(
  history: History,
  events: readonly Pick<AlarmChange, 'alarm'>[],
  between: (step: number) => Promise<void>,
): Promise<void> {
  const deps = await depsOf(history);
  const writer = await startStateWriter({ ...deps, types: REFERENCE, archive: { open: async function* () {} } as never });
  await writeInPieces(deps.log, 'ALARM', events, between);
  while ((await deps.log.committed(STATES_GROUP, 'ALARM', 0)) !== events.length) await delay(20);
  while ((await sensorsIn(history).catch(() => 0)) < deps.directory.clients.size) await delay(50);
  await writer.stop();
}

async function depsOf(history: History) {
  const directory = new MemoryDirectory();
  await directory.put(Array.from({ length: 400 }, (_, id) => clientOf({ id, region: id % 2 === 0 ? 'UK' : 'Asia' })));
  return {
    log: new MemoryLog(),
    history,
    directory,
    clock: Date.now,
    removalClock: Date.now,
    logger: silent,
    registry: new Registry(),
    health: new Health(),
  };
}

async function writeInPieces(
  log: MemoryLog,
  topic: 'COUNT' | 'ALARM',
  values: readonly (Pick<AlarmCount, 'sensor'> | Pick<AlarmChange, 'alarm'>)[],
  between: (step: number) => Promise<void>,
): Promise<void> {
  const PIECES = 10;
  for (let step = 0; step < PIECES; step += 1) {
    const [from, to] = [step, step + 1].map((piece) => Math.floor((piece * values.length) / PIECES));
    const part = values.slice(from, to);
    const keys = part.map((value) => ('sensor' in value ? value : value.alarm).sensor);
    const some = part.map((value) => Buffer.from(JSON.stringify(value)));
    let end = 0;
    const ends = some.map(({ length }) => (end += length));
    const starts = ends.map((last, i) => last - (some[i]?.length ?? 0));
    await log.append(topic, { length: some.length, bytes: Buffer.concat(some), keys, starts, ends }, 0);
    await between(step);
    await delay(60);
  }
}

function sorted<T extends object>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
