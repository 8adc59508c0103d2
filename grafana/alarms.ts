import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { type AlarmType, gravestFirst } from '../alarm/alarm-type.ts';
import { REGIONS } from '../alarm/regions.ts';
import { boardOf, type Cell, type Row } from './board.ts';
import { barPanel, columns, statPanel, tablePanel, timePanel } from './panels.ts';
import { rows, series } from './queries.ts';
import type { TypeColors } from './type-colors.ts';

const CHOSEN = `$timeFilter AND "type" =~ /^\${type:regex}$/ AND "region" =~ /^\${region:regex}$/`;
/** Alarms of sensors whose place isn't known have no region. */
const ANY = '.*';
/** Totals fill at most two lines of eight; further types are only in the graph and the table. */
const TOTALS_MAX = 16;
const TOTALS_PER_LINE = 8;

/** Activated alarms by type and by region, over the span chosen in the dashboard. The history keeps counts per minute. */
export function alarmBoard(types: readonly AlarmType[], colors: TypeColors): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-alarms',
    title: 'Alarms: history',
    description: 'Alarms activated, by type and by region, over the chosen span.',
    tags: ['watch'],
    span: '24h',
    refresh: '30s',
    variables: [
      choice(
        'type',
        'Type',
        types.map(({ name }) => name),
      ),
      choice('region', 'Region', REGIONS),
    ],
    rows: [
      totals(types, colors),
      { height: 11, cells: [[byType(colors), 24]] },
      {
        title: 'By region',
        height: 11,
        cells: [
          [byRegion(), 14],
          [ranking(), 10],
        ],
      },
      { height: 12, cells: [[matrix(), 24]] },
    ],
  });
}

function choice(name: string, label: string, values: readonly string[]): dashboard.CustomVariableBuilder {
  return new dashboard.CustomVariableBuilder(name)
    .label(label)
    .values(values.join(','))
    .multi(true)
    .includeAll(true)
    .allValue(ANY)
    .current({ selected: true, text: ['All'], value: ['$__all'] })
    .options([]);
}

/** The total, and that of each type, or of the gravest types if not all fit. */
function totals(types: readonly AlarmType[], colors: TypeColors): Row {
  const shown = gravestFirst(types).slice(0, TOTALS_MAX - 1);
  const panels = [
    statPanel('Alarms', rows(`SELECT sum("count") AS "alarms" FROM "alarm_count" WHERE ${CHOSEN}`), { none: '0' }),
    ...types.filter((type) => shown.includes(type)).map(({ name }) => totalOf(name, colors)),
  ];
  const lines = Math.ceil(panels.length / TOTALS_PER_LINE);
  const width = Math.min(6, Math.floor(24 / Math.ceil(panels.length / lines)));
  return { height: lines === 1 ? 5 : 4, cells: panels.map((panel): Cell => [panel, width]) };
}

const totalOf = (type: string, colors: TypeColors) =>
  statPanel(type, rows(`SELECT sum("count") AS "alarms" FROM "alarm_count" WHERE ${CHOSEN} AND "type" = '${type}'`), {
    none: '0',
    steps: [[null, colors[type] ?? 'blue']],
  });

const byType = (colors: TypeColors) =>
  timePanel(
    'Alarms by type',
    [series(`SELECT sum("count") FROM "alarm_count" WHERE ${CHOSEN} GROUP BY time($__interval), "type" fill(0)`, '$tag_type')],
    { bars: true, stacked: true, interval: '1m', decimals: 0, colors },
  );

const byRegion = () =>
  timePanel(
    'Alarms by region',
    [series(`SELECT sum("count") FROM "alarm_count" WHERE ${CHOSEN} GROUP BY time($__interval), "region" fill(0)`, '$tag_region')],
    { bars: true, stacked: true, interval: '1m', decimals: 0 },
  );

const ranking = () =>
  barPanel('Total by region', series(`SELECT sum("count") FROM "alarm_count" WHERE ${CHOSEN} GROUP BY "region"`, '$tag_region'), {
    decimals: 0,
  });

const matrix = () =>
  tablePanel('Region by type', rows(`SELECT sum("count") AS "alarms" FROM "alarm_count" WHERE ${CHOSEN} GROUP BY "region", "type"`))
    .withTransformation(columns(['Time'], {}))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { columnField: 'type', rowField: 'region', valueField: 'alarms', emptyValue: 'zero' },
    });
