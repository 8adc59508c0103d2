/** Panels with our defaults: those of the library show neither a legend nor all series in the tooltip. */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { Query } from './queries.ts';

/** Thresholds in ascending order; the first has no value. */
export type Steps = readonly (readonly [from: number | null, color: string])[];

export interface Look {
  readonly description?: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly max?: number;
  /** Shown if the query finds no rows. */
  readonly none?: string;
  readonly steps?: Steps;
  /** The shortest interval between points, such as 1m. */
  readonly interval?: string;
  readonly colors?: Readonly<Record<string, string>>;
}

export interface TimeLook extends Look {
  readonly stacked?: boolean;
  readonly bars?: boolean;
}

export const OK_OR_BAD: Steps = [
  [null, 'green'],
  [1, 'red'],
];
const PLAIN: Steps = [[null, 'blue']];
const REF_IDS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const targetsOf = (queries: readonly Query[]) => queries.map((query, i) => query(REF_IDS.charAt(i)));

export function thresholdsOf(steps: Steps): Builder<dashboard.ThresholdsConfig> {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

export function timePanel(title: string, queries: readonly Query[], look: TimeLook = {}): timeseries.PanelBuilder {
  const { TooltipDisplayMode, SortOrder, LegendDisplayMode, LegendPlacement, VisibilityMode, StackingMode, GraphDrawStyle } = common;
  const panel = new timeseries.PanelBuilder()
    .title(title)
    .targets(targetsOf(queries))
    .legend(
      new common.VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).calcs([]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .drawStyle(look.bars ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .fillOpacity(look.bars ? 80 : look.stacked ? 30 : 5)
    .showPoints(VisibilityMode.Never)
    .min(0);
  if (look.stacked) panel.stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  return looking(panel, look);
}

export function statPanel(title: string, query: Query, look: Look = {}): stat.PanelBuilder {
  const panel = new stat.PanelBuilder()
    .title(title)
    .targets(targetsOf([query]))
    .colorMode(look.steps ? common.BigValueColorMode.Background : common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(lastValue())
    .noValue(look.none ?? 'no data')
    .thresholds(thresholdsOf(look.steps ?? PLAIN));
  return looking(panel, { ...look, steps: undefined });
}

export function barPanel(title: string, query: Query, look: Look = {}): bargauge.PanelBuilder {
  const panel = new bargauge.PanelBuilder()
    .title(title)
    .targets(targetsOf([query]))
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(lastValue())
    .min(0)
    .thresholds(thresholdsOf(look.steps ?? PLAIN));
  return looking(panel, { ...look, steps: undefined });
}

export function tablePanel(title: string, query: Query, look: Look = {}): table.PanelBuilder {
  return looking(
    new table.PanelBuilder()
      .title(title)
      .targets(targetsOf([query]))
      .showHeader(true)
      .cellOptions({ type: common.TableCellDisplayMode.Auto } as common.TableCellOptions)
      .cellHeight(common.TableCellHeight.Sm),
    look,
  );
}

/** Hides columns and renames others for people. */
export function columns(hidden: readonly string[], names: Readonly<Record<string, string>>): dashboard.DataTransformerConfig {
  const excludeByName = Object.fromEntries(hidden.map((name) => [name, true]));
  return { id: 'organize', options: { excludeByName, indexByName: {}, renameByName: names } };
}

const lastValue = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('');

type AnyPanel = timeseries.PanelBuilder | stat.PanelBuilder | bargauge.PanelBuilder | table.PanelBuilder;
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function looking<P extends AnyPanel>(panel: P, { description, unit, decimals, max, steps, interval, colors }: Loose<Look>): P {
  if (description !== undefined) panel.description(description);
  if (unit !== undefined) panel.unit(unit);
  if (decimals !== undefined) panel.decimals(decimals);
  if (max !== undefined) panel.max(max);
  if (steps !== undefined) panel.thresholds(thresholdsOf(steps));
  if (interval !== undefined) panel.interval(interval);
  for (const [name, fixedColor] of Object.entries(colors ?? {}))
    panel.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor } }]);
  return panel;
}
