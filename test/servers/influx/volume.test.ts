/** More sensors than one write or one answer takes; VOLUME_SENSORS=50000 is as many as the reference system has. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SensorState } from '../../../history/port.ts';
import { newInfluxHistory } from '../../support/influx-rig.ts';
import { INFLUX_VERSIONS, type InfluxServer, startInflux } from '../../support/servers/influx.ts';

const SENSORS = Number(process.env.VOLUME_SENSORS ?? 12_000);
const BUILD_MS = 900_000;
const NOON = Date.UTC(2026, 10, 24, 12);

describe.each(INFLUX_VERSIONS)('InfluxDB %s', (version) => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux(version);
  }, BUILD_MS);
  afterAll(() => server?.destroy());

  it(`stores the states of ${SENSORS} sensors three times, and reads each of them once`, async () => {
    const { history, config, metric, close } = await newInfluxHistory(server);
    const statesAt = (at: number): SensorState[] =>
      Array.from({ length: SENSORS }, (_, sensor) => {
        return {
          sensor,
          geohash: `u10j${sensor.toString(36).padStart(5, '0')}`,
          region: 'UK',
          active: sensor % 50 === 0 ? ['smoke'] : [],
          at,
        };
      });
    const timed: Record<string, number> = {};
    const time = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const result = await work();
      timed[name] = Math.round(performance.now() - began);
      return result;
    };
    await time('first', () => history.writeStates(statesAt(NOON)));
    await time('again', () => history.writeStates(statesAt(NOON)));
    await time('next day', () => history.writeStates(statesAt(NOON + 86_400_000)));
    const found = new Map<number, SensorState>();
    const rows = await time('read', async () => {
      let rows = 0;
      for await (const batch of history.states()) {
        expect(batch.length).toBeLessThanOrEqual(5_000);
        rows += batch.length;
        for (const state of batch) found.set(state.sensor, state);
      }
      return rows;
    });
    await time('one', () => history.state(SENSORS - 1));
    console.log(version, timed);
    expect(rows).toBe(SENSORS);
    expect([...found.values()].toSorted((a, b) => a.sensor - b.sensor)).toEqual(statesAt(NOON + 86_400_000));
    expect(await server.query('SELECT count("active") FROM sensor_state', config.bucket)).toContain(`${2 * SENSORS}]`);
    expect(await metric('tocsin_history_points_written_total')).toBe(3 * SENSORS);
    await close();
  });
});
