import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { REGIONS } from '../alarm/regions.ts';
import { ALARM_TYPES } from '../alarm/status.ts';
import { boardOf } from './board.ts';
import { barPanel, columns, statPanel, tablePanel, timePanel } from './panels.ts';
import { rows, series } from './queries.ts';
import { TYPE_COLORS } from './type-colors.ts';

const CHOSEN = `$timeFilter AND "type" =~ /^\${type:regex}$/ AND "region" =~ /^\${region:regex}$/`;
/** Alarms of sensors whose place isn't known have no region. */
const ANY = '.*';

/** The alarms that were activated, by type and by region, over the span chosen above. Counts are kept per minute. */
export function alarmBoard(): dashboard.Dashboard {
  return boardOf({
    uid: 'tocsin-alarms',
    title: 'Alarms: history',
    description: 'Alarms activated, by type and by region, over the chosen span.',
    tags: ['watch'],
    span: '24h',
    refresh: '30s',
    variables: [choice('type', 'Type', ALARM_TYPES), choice('region', 'Region', REGIONS)],
    rows: [
      {
        height: 5,
        cells: [
          [statPanel('Alarms', rows(`SELECT sum("count") AS "alarms" FROM "alarm_count" WHERE ${CHOSEN}`), { none: '0' }), 6],
          ...ALARM_TYPES.map((type) => [totalOf(type), 6] as const),
        ],
      },
      { height: 11, cells: [[byType(), 24]] },
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

const totalOf = (type: keyof typeof TYPE_COLORS) =>
  statPanel(type, rows(`SELECT sum("count") AS "alarms" FROM "alarm_count" WHERE ${CHOSEN} AND "type" = '${type}'`), {
    none: '0',
    steps: [[null, TYPE_COLORS[type]]],
  });

const byType = () =>
  timePanel(
    'Alarms by type',
    [series(`SELECT sum("count") FROM "alarm_count" WHERE ${CHOSEN} GROUP BY time($__interval), "type" fill(0)`, '$tag_type')],
    { bars: true, stacked: true, interval: '1m', decimals: 0, colors: TYPE_COLORS },
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
