/** Every InfluxQL query of the dashboards on a real InfluxDB that holds 2,000 sensors and a day of alarms, written by our own adapter. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MinuteCount, SensorState } from '../../../history/port.ts';
import { geohashOf, REGIONS, type Region, regionOf } from '../../../alarm/regions.ts';
import { allDashboards } from '../../../grafana/dashboards.ts';
import type { InfluxTarget } from '../../../grafana/queries.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';
import { BUILT_IN_NAMES } from '../../support/alarm-types.ts';
import { type DataPanel, dataPanels, isInflux } from '../../support/dashboards.ts';
import { type InfluxHistory, newInfluxHistory } from '../../support/influx-rig.ts';
import { type InfluxServer, startInflux } from '../../support/servers/influx.ts';

const SENSORS = 2_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOW = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

/** One sensor in twenty is in alarm, some of them for five days. */
const states = [...generateClients(SENSORS, 7)].map(({ id, latitude, longitude }, i): SensorState => {
  const geohash = geohashOf(Number(latitude), Number(longitude));
  const active: string[] = i % 20 > 0 ? [] : i % 40 === 0 ? ['smoke'] : ['smoke', 'motion'];
  return { sensor: Number(id), geohash, region: regionOf(geohash), active, at: active.length > 0 ? NOW - 5 * DAY_MS : NOW - 1_000 };
});
/** Alarms without a region belong to sensors whose place isn't known. */
const counts = [...REGIONS, ''].flatMap((region, r) =>
  BUILT_IN_NAMES.flatMap((type, t) =>
    Array.from(
      { length: 12 },
      (_, i): MinuteCount => ({ minute: NOW - (i + 1) * 100 * MINUTE_MS, type, region, partition: i % 3, count: 1 + r + t }),
    ),
  ),
);

/** Regions without sensors, or without one in alarm; Other is one of them. */
const emptyRegions = REGIONS.filter((region) => states.every((state) => state.region !== region || state.active.length === 0));

interface Series {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

const boards = [...allDashboards().values()];
const panels = boards.flatMap((board) => dataPanels(board).map((panel) => ({ board: board.title ?? '', panel })));
const queried = panels.filter(({ panel }) => panel.targets.some(isInflux));

describe.each(['1.6', '2.7'] as const)('the dashboards on InfluxDB %s', (version) => {
  let server: InfluxServer;
  let rig: InfluxHistory;
  beforeAll(async () => {
    server = await startInflux(version);
    rig = await newInfluxHistory(server);
    await rig.history.writeStates(states.map((state) => ({ ...state, active: [], at: NOW - 6 * DAY_MS })));
    await rig.history.writeStates(states);
    await rig.history.writeCounts(counts);
  });
  afterAll(async () => {
    await rig?.close();
    await server?.destroy();
  });

  const ask = async ({ query }: InfluxTarget, choice = '.*'): Promise<readonly Series[]> => {
    const asked = query
      .replaceAll('$timeFilter', `time >= ${NOW - DAY_MS}ms and time <= ${NOW}ms`)
      .replaceAll('$__interval', '10m')
      .replace(/\$\{\w+:regex\}/g, choice);
    expect(asked).not.toContain('$__');
    const { results } = JSON.parse(await server.query(asked, rig.config.bucket)) as { results: { series?: Series[]; error?: string }[] };
    expect(results[0]?.error).toBeUndefined();
    return results[0]?.series ?? [];
  };
  const rowsOf = async (target: InfluxTarget): Promise<Record<string, unknown>[]> =>
    (await ask(target)).flatMap(({ columns, values, tags }) =>
      values.map((row) => ({ ...tags, ...Object.fromEntries(row.map((value, i) => [columns[i], value])) })),
    );

  it('find every sensor at its place, on the map of the world and of its region, quiet or in alarm', async () => {
    const shown = new Map<string, { quiet: Set<unknown>; alarms: Set<unknown> }>();
    for (const { board, panel } of queried.filter(({ panel }) => panel.type === 'geomap')) {
      const [quiet = [], alarms = []] = await Promise.all(panel.targets.filter(isInflux).map(rowsOf));
      for (const row of [...quiet, ...alarms])
        expect(row).toMatchObject({
          active: expect.any(Number),
          geohash: expect.stringMatching(/^[0-9b-hjkmnp-z]{9}$/),
          type: expect.any(String),
        });
      expect(quiet.every(({ active }) => active === 0) && alarms.every(({ active }) => active === 1)).toBe(true);
      shown.set(board, { quiet: setOf(quiet), alarms: setOf(alarms) });
    }
    const expected = (region: Region | undefined, inAlarm: boolean) =>
      new Set(
        states
          .filter((state) => (region ?? state.region) === state.region && state.active.length > 0 === inAlarm)
          .map(({ sensor }) => String(sensor)),
      );
    expect(shown.get('Map: World')).toEqual({ quiet: expected(undefined, false), alarms: expected(undefined, true) });
    const names = [...shown.keys()].slice(1);
    expect(names).toHaveLength(REGIONS.length);
    for (const [i, region] of REGIONS.entries())
      expect(shown.get(names[i] ?? ''), region).toEqual({ quiet: expected(region, false), alarms: expected(region, true) });
  });

  it('count the alarms of the chosen span, by type and by region', async () => {
    const panel = (title: string): InfluxTarget => target(queried.find(({ panel }) => panel.title === title)?.panel);
    const total = counts.reduce((sum, { count }) => sum + count, 0);
    const [all] = await rowsOf(target(queried.find(({ board, panel }) => board === 'Alarms: history' && panel.title === 'Alarms')?.panel));
    expect(all?.alarms).toBe(total);
    for (const title of ['Alarms by type', 'Alarms by region', 'Total by region']) {
      const series = await ask(panel(title));
      expect(series).toHaveLength(title === 'Alarms by type' ? BUILT_IN_NAMES.length : REGIONS.length + 1);
      const sum = series.flatMap(({ values }) => values.map(([, count]) => Number(count))).reduce((a, b) => a + b, 0);
      expect(sum, title).toBe(total);
    }
    const matrix = await rowsOf(panel('Region by type'));
    expect(matrix).toHaveLength((REGIONS.length + 1) * BUILT_IN_NAMES.length);
    expect(matrix.find(({ region, type }) => region === 'UK' && type === 'smoke')?.alarms).toBe(
      counts.filter(({ region, type }) => region === 'UK' && type === 'smoke').reduce((sum, { count }) => sum + count, 0),
    );
  });

  it('leave out types and regions that were not chosen', async () => {
    const board = queried.find(({ panel }) => panel.title === 'Alarms by region');
    expect(await ask(target(board?.panel), '(smoke|UK)')).toEqual([expect.objectContaining({ tags: { region: 'UK' } })]);
  });

  it('each find something, in the columns that their panel names', async () => {
    for (const { board, panel } of queried) {
      const where = `${board}: ${panel.title}`;
      for (const asked of panel.targets.filter(isInflux)) {
        const [first] = await ask(asked);
        if (!first)
          expect(
            emptyRegions.some((region) => asked.query.includes(`'${region}'`)),
            where,
          ).toBe(true);
        else {
          const tag = asked.alias?.replace('$tag_', '');
          if (tag !== undefined) expect(Object.keys(first.tags ?? {}), where).toEqual([tag]);
          const columns = [...first.columns, ...Object.keys(first.tags ?? {})].map((name) => (name === 'time' ? 'Time' : name));
          for (const name of namedBy(panel)) expect(columns, where).toContain(name);
        }
      }
    }
  });
});

const target = (panel: DataPanel | undefined): InfluxTarget => {
  const found = panel?.targets.find(isInflux);
  if (!found) throw new Error('there is no such panel');
  return found;
};

const setOf = (rows: readonly Record<string, unknown>[]): Set<unknown> => new Set(rows.map(({ sensor }) => sensor));

/** The columns that a table's transformations name. */
function namedBy({ type, transformations = [] }: DataPanel): string[] {
  if (type !== 'table') return [];
  return transformations.flatMap(({ id, options }) => {
    if (id === 'organize') return [...Object.keys(options.excludeByName ?? {}), ...Object.keys(options.renameByName ?? {})];
    return [options.columnField, options.rowField, options.valueField].map(String);
  });
}
