/** The history on real servers of every supported version. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { influxHistory, newInfluxHistory } from '../../support/influx-rig.ts';
import { INFLUX_VERSIONS, type InfluxServer, startInflux } from '../../support/servers/influx.ts';
import { historyContract } from '../../contract/history.ts';

const NOON = Date.UTC(2026, 10, 24, 12);
const quiet = { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: [], at: NOON } as const;

/** The first start builds the server. */
const BUILD_MS = 900_000;

describe.each(INFLUX_VERSIONS)('InfluxDB %s', (version) => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux(version);
  }, BUILD_MS);
  afterAll(() => server?.destroy());

  historyContract(version, () => newInfluxHistory(server));

  it('keeps points in the agreed form', async () => {
    const { history, config, close } = await newInfluxHistory(server);
    await history.writeStates([{ ...quiet, active: ['smoke', 'motion'] }]);
    await history.writeCounts([{ minute: NOON, type: 'smoke', region: 'UK', partition: 3, count: 12 }]);
    const ask = async (measurement: string) => {
      const answer = JSON.parse(await server.query(`SELECT * FROM ${measurement} GROUP BY *`, config.bucket));
      return answer.results[0].series;
    };
    const time = '2026-11-24T12:00:00Z';
    expect(await ask('sensor_state')).toEqual([
      {
        name: 'sensor_state',
        tags: { geohash: 'u10j1xx00', region: 'UK', sensor: '7' },
        columns: ['time', 'active', 'type'],
        values: [[time, 1, 'smoke,motion']],
      },
    ]);
    expect(await ask('alarm_count')).toEqual([
      { name: 'alarm_count', tags: { p: '3', region: 'UK', type: 'smoke' }, columns: ['time', 'count'], values: [[time, 12]] },
    ]);
    await close();
  });

  it('shows a sensor whose client has moved once, where it is now', async () => {
    const { history, close } = await newInfluxHistory(server);
    await history.writeStates([quiet, { ...quiet, sensor: 8 }]);
    const moved = { ...quiet, geohash: 'ezs42xx00', region: 'Mediterranean', at: NOON + 1 };
    await history.writeStates([moved]);
    const states = [];
    for await (const batch of history.states()) states.push(...batch);
    expect(states.toSorted((a, b) => a.sensor - b.sensor)).toEqual([moved, { ...quiet, sensor: 8 }]);
    expect(await history.state(7)).toEqual(moved);
    await close();
  });

  it('stores unusual text, and reads back nothing that is invalid', async () => {
    const { history, config, close } = await newInfluxHistory(server);
    const odd = { ...quiet, geohash: 'u1,0=j "1\\', region: "O'Neill ñ" };
    await history.writeStates([odd, { ...quiet, sensor: 8, geohash: '', region: '' }]);
    expect(await history.state(7)).toEqual({ ...odd, geohash: 'u1,0=j "1_' });
    expect(await history.state(8)).toEqual({ ...quiet, sensor: 8, geohash: '', region: '' });
    expect(
      await server.write(
        config.bucket,
        `sensor_state,sensor=x active=1i,type="smoke" ${NOON}\nsensor_state,sensor=9 active=1i,type="flood" ${NOON}`,
      ),
    ).toBe(204);
    const states = [];
    for await (const batch of history.states()) states.push(...batch);
    expect(states.map(({ sensor, active }) => [sensor, active])).toEqual(expect.arrayContaining([[9, ['flood']]]));
    expect(states).toHaveLength(3);
    await close();
  });

  it('gives the same result when points are written again, in any order', async () => {
    const { history, config, close } = await newInfluxHistory(server);
    const states = Array.from({ length: 300 }, (_, i) => ({
      ...quiet,
      sensor: i % 30,
      at: NOON + (i % 10),
      active: i % 3 === 0 ? (['smoke'] as const) : [],
    }));
    const counts = Array.from({ length: 60 }, (_, i) => ({
      minute: NOON + i * 60_000,
      type: 'motion' as const,
      region: 'UK',
      partition: 0,
      count: i + 1,
    }));
    const all = async () => [
      await server.query('SELECT * FROM sensor_state', config.bucket),
      await server.query('SELECT * FROM alarm_count', config.bucket),
    ];
    await history.writeStates(states);
    await history.writeCounts(counts);
    const once = await all();
    expect(once.join()).toContain('60');
    await history.writeCounts(counts.toReversed());
    await history.writeStates(states.slice(100));
    await history.writeStates(states);
    expect(await all()).toEqual(once);
    await close();
  });

  it('loses no acknowledged point when the server is killed, and continues when it is back', async () => {
    const { history, close } = await newInfluxHistory(server);
    const states = Array.from({ length: 2_000 }, (_, sensor) => ({ ...quiet, sensor }));
    await history.writeStates(states.slice(0, 1_000));
    await server.kill();
    await expect(history.writeStates(states.slice(1_000))).rejects.toMatchObject({ name: 'TransientError', code: 'history-unavailable' });
    await expect(history.state(1)).rejects.toMatchObject({ name: 'TransientError', code: 'history-unavailable' });
    await server.restart();
    await history.writeStates(states.slice(1_000));
    const found = new Set<number>();
    for await (const batch of history.states()) for (const { sensor } of batch) found.add(sensor);
    expect(found.size).toBe(2_000);
    await close();
  });

  it('gives up on a server that does not answer, and writes when it does again', async () => {
    const { history, config, close } = await newInfluxHistory(server);
    const impatient = influxHistory({ ...config, timeoutMs: 300 });
    await history.writeStates([quiet]);
    await server.freeze();
    const away = { name: 'TransientError', code: 'history-unavailable', message: expect.stringContaining('no answer in 300 ms') };
    await expect(impatient.history.writeStates([{ ...quiet, at: NOON + 1 }])).rejects.toMatchObject(away);
    await expect(impatient.history.state(7)).rejects.toMatchObject(away);
    await expect(impatient.history.counts(0, NOON, undefined)).rejects.toMatchObject(away);
    server.continue();
    const write = () => impatient.history.writeStates([{ ...quiet, at: NOON + 2, active: ['smoke'] }]);
    await expect.poll(() => write().then(() => 'written', String)).toBe('written');
    expect(await history.state(7)).toMatchObject({ active: ['smoke'], at: NOON + 2 });
    await impatient.close();
    await close();
  });
});
