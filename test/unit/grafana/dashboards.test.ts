import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REGIONS } from '../../../alarm/regions.ts';
import { allDashboards, textOf } from '../../../grafana/dashboards.ts';
import { dataPanels, isInflux, isProm, type Laid, panelsOf } from '../../support/dashboards.ts';

const GRAFANA = join(import.meta.dirname, '../../../grafana');
const COMMITTED = join(GRAFANA, 'dashboards');
const dashboards = allDashboards();
const boards = [...dashboards.values()];
const provisioned = readFileSync(join(GRAFANA, 'provisioning/datasources/tocsin.yaml'), 'utf8');

describe('dashboards', () => {
  it('that are committed are those that are generated: npm run dashboards', () => {
    const files = readdirSync(COMMITTED, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const committed = new Map(
      files.map(({ parentPath, name }) => [relative(COMMITTED, join(parentPath, name)), readFileSync(join(parentPath, name), 'utf8')]),
    );
    expect([...committed.keys()].sort()).toEqual([...dashboards.keys()].sort());
    for (const [file, board] of dashboards) expect(committed.get(file) === textOf(board), `${file} is out of date`).toBe(true);
  });

  it('have a map of the world, and one of each region', () => {
    const maps = boards.filter(({ tags }) => tags?.includes('map')).map(({ uid }) => uid);
    expect(maps).toEqual(['tocsin-map-world', ...REGIONS.map((region) => `tocsin-map-${region.toLowerCase()}`)]);
  });

  it('have names of their own, and no id, which is for Grafana to give', () => {
    for (const name of ['uid', 'title'] as const) expect(new Set(boards.map((board) => board[name])).size).toBe(boards.length);
    for (const board of boards) {
      expect(board.uid).toMatch(/^[a-z0-9-]{1,40}$/);
      expect(board).not.toHaveProperty('id');
    }
  });

  it('give each panel an id, and a place where no other panel is', () => {
    for (const board of boards) {
      const panels = panelsOf(board);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      for (const [i, panel] of panels.entries()) {
        const { x, y, w, h } = panel.gridPos;
        expect(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, `${board.title}: ${panel.title}`).toBe(true);
        for (const other of panels.slice(i + 1)) expect(overlap(panel, other), `${panel.title} lies over ${other.title}`).toBe(false);
      }
    }
  });

  it('ask only data sources that are provisioned', () => {
    const uids = [...provisioned.matchAll(/^ {4}uid: (\S+)\n {4}type: (\S+)$/gm)].map(([, uid, type]) => ({ type, uid }));
    expect(uids.map(({ type }) => type)).toEqual(['influxdb', 'prometheus', 'alertmanager']);
    for (const { targets } of boards.flatMap(dataPanels)) {
      expect(targets.length).toBeGreaterThan(0);
      for (const { datasource } of targets) expect(uids).toContainEqual(datasource);
    }
  });

  it('keep no secret and no address of a data source in the repository', () => {
    for (const line of provisioned.matchAll(/^ +(?:url|user|password|dbName): (.*)$/gm))
      expect(line[1]).toMatch(/^\$\{TOCSIN_GRAFANA_[A-Z_]+\}$/);
  });

  it('say what InfluxDB shall answer in the words that its data source understands', () => {
    for (const { type, targets } of boards.flatMap(dataPanels)) {
      for (const target of targets.filter(isInflux)) {
        expect(target).toMatchObject({ rawQuery: true, query: expect.stringMatching(/^SELECT /) });
        expect(target.resultFormat).toBe(type === 'timeseries' || type === 'bargauge' ? 'time_series' : 'table');
        expect(target.alias === undefined).toBe(target.resultFormat === 'table');
      }
    }
  });

  it('bound every rate by the interval of the screen', () => {
    for (const target of boards.flatMap(dataPanels).flatMap(({ targets }) => targets.filter(isProm))) {
      for (const [range] of target.expr.matchAll(/\[[^\]]*\]/g)) expect(['[$__rate_interval]', '[1m]', '[24h]']).toContain(range);
    }
  });

  it('name every line, and show all lines of a moment', () => {
    for (const { options } of boards.flatMap(dataPanels).filter(({ type }) => type === 'timeseries'))
      expect(options).toMatchObject({ legend: { showLegend: true }, tooltip: { mode: 'multi' } });
  });
});

describe('a map', () => {
  const maps = boards.flatMap(dataPanels).filter(({ type }) => type === 'geomap');

  it('draws quiet sensors first and alarms over them, each layer from a query of its own', () => {
    for (const { options, targets } of maps) {
      expect(options.layers.map(({ name, filterData }) => [name, filterData.options])).toEqual([
        ['Quiet', 'A'],
        ['Alarms', 'B'],
      ]);
      expect(targets.filter(isInflux).map(({ query }) => /WHERE ("active" [=>] 0)$/.exec(query)?.[1])).toEqual([
        '"active" = 0',
        '"active" > 0',
      ]);
    }
  });

  it('shows an alarm however long it stands: the time of the dashboard is no bound', () => {
    for (const { query } of maps.flatMap(({ targets }) => targets.filter(isInflux))) {
      expect(query).not.toContain('$timeFilter');
      expect(query).toContain('time > now() - 7d');
    }
  });

  it('finds place and colour in columns of its queries, and tells all of a sensor that is pointed at', () => {
    for (const { options, targets } of maps) {
      const columns = targets
        .filter(isInflux)
        .map(({ query }) => (/^SELECT (.*?) FROM/.exec(query)?.[1] ?? '').replaceAll('"', '').split(', '));
      for (const [i, { location, config, tooltip }] of options.layers.entries()) {
        expect(columns[i]).toContain(location.geohash);
        expect(columns[i]).toContain(config.style.color.field);
        expect(tooltip).toBe(true);
        expect(config.style).not.toHaveProperty('text');
      }
      expect(options.tooltip.mode).toBe('details');
    }
  });

  it('takes nothing from the internet', () => {
    for (const { options } of maps)
      expect(options.basemap).toMatchObject({ type: 'geojson', config: { src: 'public/maps/countries.geojson' } });
    for (const board of boards)
      expect(textOf(board).match(/https?:\/\/[^"]*/g) ?? []).toEqual(textOf(board).match(/http:\/\/localhost:8080/g) ?? []);
  });

  it('leads to the console that was named', () => {
    const named = allDashboards('https://alarms.example.org').get('Tocsin/map-uk.json');
    expect(named?.templating?.list?.[0]).toMatchObject({ name: 'console', query: 'https://alarms.example.org' });
    expect(JSON.stringify(named)).toContain(`\${console:raw}/#/sensors/\${__data.fields.sensor}`);
  });
});

function overlap({ gridPos: a }: Laid, { gridPos: b }: Laid): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
