import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { INFLUXDB, PROMETHEUS } from './data-sources.ts';

/** A query of a panel that has no letter yet. */
export type Query = (refId: string) => Builder<Dataquery>;

/** `table`: one frame with a column per name; `time_series`: one frame per group, named by `alias`. */
export interface InfluxTarget {
  readonly refId: string;
  readonly datasource: typeof INFLUXDB;
  readonly rawQuery: true;
  readonly query: string;
  readonly resultFormat: 'table' | 'time_series';
  readonly alias?: string;
}

/** InfluxQL, which InfluxDB 1, 2 and 3 all understand. Grafana's library has no builder for this data source. */
const influx =
  (target: Omit<InfluxTarget, 'refId' | 'datasource' | 'rawQuery'>): Query =>
  (refId) => ({ build: () => ({ refId, datasource: INFLUXDB, rawQuery: true, ...target }) as unknown as Dataquery });

export const rows = (query: string): Query => influx({ query, resultFormat: 'table' });

export const series = (query: string, alias: string): Query => influx({ query, alias, resultFormat: 'time_series' });

/** PromQL over the time range of the dashboard. */
export const over =
  (expr: string, legend: string): Query =>
  (refId) =>
    new DataqueryBuilder().datasource(PROMETHEUS).refId(refId).expr(expr).legendFormat(legend).range();

/** PromQL at the end of the time range, as rows with a column per label. */
export const at =
  (expr: string, legend = '__auto'): Query =>
  (refId) =>
    new DataqueryBuilder().datasource(PROMETHEUS).refId(refId).expr(expr).legendFormat(legend).format(PromQueryFormat.Table).instant();
