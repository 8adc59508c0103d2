import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as geomap from '@grafana/grafana-foundation-sdk/geomap';
import { REGIONS, type Region } from '../alarm/regions.ts';
import { type Board, boardOf } from './board.ts';
import { REGION_VIEWS, type View, WORLD_VIEW } from './map-views.ts';
import { columns, OK_OR_BAD, statPanel, tablePanel, targetsOf, thresholdsOf, timePanel } from './panels.ts';
import { at, type Query, rows, series } from './queries.ts';
import type { TypeColors } from './type-colors.ts';

/** The history role writes the state of every sensor again each day, active or quiet, so older states belong to sensors that are gone. */
const STATES_WITHIN = '7d';

export function mapBoards(consoleUrl: string, colors: TypeColors): dashboard.Dashboard[] {
  return [undefined, ...REGIONS].map((region) => mapBoard(region, consoleUrl, colors));
}

const WORDS: Partial<Record<Region, string>> = {
  NorthAmerica: 'North America',
  SouthAmerica: 'South America',
  NorthEurope: 'North Europe',
  CentroEurope: 'Centre Europe',
};

/** Without a region: the world. */
function mapBoard(region: Region | undefined, consoleUrl: string, colors: TypeColors): dashboard.Dashboard {
  const place = region === undefined ? 'World' : (WORDS[region] ?? region);
  const consoleVariable = new dashboard.TextBoxVariableBuilder('console').label('Console').defaultValue(consoleUrl);
  const board: Board = {
    uid: `tocsin-map-${region?.toLowerCase() ?? 'world'}`,
    title: `Map: ${place}`,
    description: `Every sensor ${region === undefined ? '' : `of ${place} `}where it is: a small green dot while no alarm is active, a large red triangle while one is. A green sensor may have a fault: the console lists faults.`,
    tags: ['map'],
    span: '6h',
    // Less often for the world, since queries over 50,000 sensors keep InfluxDB busy for some seconds.
    refresh: region === undefined ? '1m' : '30s',
    variables: [consoleVariable],
    rows: [
      { height: 22, cells: [[mapPanel(place, region), 24]] },
      {
        height: 9,
        cells: [
          [statPanel('In alarm', rows(countOf(region, 'WHERE "active" > 0')), { steps: OK_OR_BAD, none: '0' }), 3],
          [statPanel('Sensors', rows(countOf(region, '')), { none: '0' }), 3],
          [faulty(), 3],
          [alarmTable(region), 8],
          [alarmHistory(region, colors), 7],
        ],
      },
    ],
  };
  return boardOf(board);
}

/** Needed because the map shows only alarms: a sensor with a fault is as green on it as one without. */
const faulty = () =>
  statPanel('Faulty detectors, all regions', at('sum(tocsin_sensors_faulty)'), {
    none: '?',
    decimals: 0,
    steps: [
      [null, 'green'],
      [1, 'orange'],
    ],
  });

const inRegion = (region: Region | undefined): string => (region === undefined ? '' : ` AND "region" = '${region}'`);

/** Ignores the dashboard's time range, since alarms that have stood for longer would be missing from the map. */
export function statesOf(region: Region | undefined, condition: string): string {
  return (
    'SELECT "active", "geohash", "sensor", "type" FROM (SELECT last("active") AS "active", "geohash", "sensor", "type" ' +
    `FROM "sensor_state" WHERE time > now() - ${STATES_WITHIN}${inRegion(region)} GROUP BY "sensor") ${condition}`
  ).trimEnd();
}

function countOf(region: Region | undefined, condition: string): string {
  return (
    'SELECT count("active") AS "sensors" FROM (SELECT last("active") AS "active" ' +
    `FROM "sensor_state" WHERE time > now() - ${STATES_WITHIN}${inRegion(region)} GROUP BY "sensor") ${condition}`
  ).trimEnd();
}

/** Two layers with a query each, because in a single layer quiet sensors would be drawn over alarms. */
function mapPanel(place: string, region: Region | undefined): Builder<dashboard.Panel> {
  const quiet: Query = rows(statesOf(region, 'WHERE "active" = 0'));
  const alarms: Query = rows(statesOf(region, 'WHERE "active" > 0'));
  return new geomap.PanelBuilder()
    .title(`Sensors: ${place}`)
    .description('Point at a marker to see its sensor; click it for the link to the console.')
    .targets(targetsOf([quiet, alarms]))
    .view(viewOf(region === undefined ? WORLD_VIEW : REGION_VIEWS[region]))
    .controls(new geomap.ControlsOptionsBuilder().showZoom(true).mouseWheelZoom(true).showAttribution(false).showScale(true))
    .tooltip(new geomap.TooltipOptionsBuilder().mode(geomap.TooltipMode.Details))
    .basemap(land())
    .layers([
      markers('Quiet', 'A', { size: 3, symbol: 'img/icons/marker/circle.svg', opacity: 0.6 }),
      markers('Alarms', 'B', { size: 9, symbol: 'img/icons/marker/triangle.svg', opacity: 0.9 }),
    ])
    .thresholds(thresholdsOf(OK_OR_BAD))
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
    .overrideByName('active', [
      { id: 'displayName', value: 'State' },
      { id: 'mappings', value: STATE_WORDS },
    ])
    .overrideByName('sensor', [{ id: 'links', value: [CONSOLE_LINK] }]);
}

const STATE_WORDS: dashboard.ValueMapping[] = [
  {
    type: dashboard.MappingType.ValueToText,
    options: { '0': { text: 'no alarm', color: 'green', index: 0 }, '1': { text: 'ALARM', color: 'red', index: 1 } },
  },
];
const CONSOLE_LINK = { title: 'Open in the console', url: `\${console:raw}/#/sensors/\${__data.fields.sensor}`, targetBlank: true };

const viewOf = ({ latitude, longitude, zoom }: View) =>
  new geomap.MapViewConfigBuilder().id(geomap.MapCenterID.Coords).lat(latitude).lon(longitude).zoom(zoom).allLayers(true);

/** Countries from a file that Grafana serves itself, so that no tiles are fetched from the internet. */
const land = () =>
  new common.MapLayerOptionsBuilder()
    .type('geojson')
    .name('Land')
    .tooltip(false)
    .config({
      src: 'public/maps/countries.geojson',
      rules: [],
      style: { color: { fixed: 'text' }, opacity: 0.1, lineWidth: 1, size: { fixed: 1, min: 1, max: 1 } },
    });

interface Marker {
  readonly size: number;
  readonly symbol: string;
  readonly opacity: number;
}

/** Without text labels, with which Grafana would draw much more slowly. */
const markers = (name: string, refId: string, { size, symbol, opacity }: Marker) =>
  new common.MapLayerOptionsBuilder()
    .type('markers')
    .name(name)
    .tooltip(true)
    .location(new common.FrameGeometrySourceBuilder().mode(common.FrameGeometrySourceMode.Geohash).geohash('geohash'))
    .filterData({ id: 'byRefId', options: refId })
    .config({
      showLegend: false,
      style: {
        size: { fixed: size, min: 2, max: 15 },
        color: { field: 'active', fixed: 'dark-green' },
        opacity,
        symbol: { mode: 'fixed', fixed: symbol },
        symbolAlign: { horizontal: 'center', vertical: 'center' },
        rotation: { fixed: 0, mode: 'mod', min: -360, max: 360 },
      },
    });

const alarmTable = (region: Region | undefined) =>
  tablePanel('Sensors in alarm', rows(statesOf(region, 'WHERE "active" > 0')))
    .withTransformation(columns(['active'], { Time: 'as of', sensor: 'sensor', type: 'alarm', geohash: 'place' }))
    .overrideByName('sensor', [{ id: 'links', value: [CONSOLE_LINK] }]);

const alarmHistory = (region: Region | undefined, colors: TypeColors) =>
  timePanel(
    'Alarms',
    [
      series(
        `SELECT sum("count") FROM "alarm_count" WHERE $timeFilter${inRegion(region)} GROUP BY time($__interval), "type" fill(0)`,
        '$tag_type',
      ),
    ],
    { bars: true, stacked: true, interval: '1m', decimals: 0, colors },
  );
