/** Grafana's own types as they are in JSON, where the values of an enum are strings. */
import type { Dashboard, GraphFieldConfig, Panel, RowPanel, TableFieldOptions, TableOptions } from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as GeomapOptions } from '@grafana/schema/dist/esm/raw/composable/geomap/panelcfg/x/GeomapPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TimeSeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Json<T> = T extends string
  ? `${T}`
  : T extends readonly (infer E)[]
    ? Json<E>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

/** `options` are checked against the panel's type, and so is `custom`, which a type of panel adds to the look of a field. */
type PanelOf<T extends string, O, C = Record<string, never>> = Json<
  Omit<Panel, 'options' | 'fieldConfig' | 'targets' | 'type'> & {
    type: T;
    options: O;
    fieldConfig: { defaults: Omit<NonNullable<Panel['fieldConfig']>['defaults'], 'custom'> & { custom?: C }; overrides: FieldOverrides };
  }
> & { targets: object[] };
type FieldOverrides = NonNullable<Panel['fieldConfig']>['overrides'];

/** Options by the type of a panel. */
export interface Panels {
  row: Json<RowPanel>;
  geomap: PanelOf<'geomap', GeomapOptions>;
  timeseries: PanelOf<'timeseries', TimeSeriesOptions, GraphFieldConfig>;
  stat: PanelOf<'stat', StatOptions>;
  bargauge: PanelOf<'bargauge', BarGaugeOptions>;
  table: PanelOf<'table', TableOptions, TableFieldOptions>;
}

export type Frame = Json<Omit<Dashboard, 'panels'>>;
