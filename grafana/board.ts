import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

/** A panel and its width; a row is 24 wide. */
export type Cell = readonly [panel: Builder<dashboard.Panel>, width: number];

export interface Row {
  readonly title?: string;
  /** In steps of 30 pixels. */
  readonly height: number;
  readonly cells: readonly Cell[];
}

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** How far back, such as 6h. */
  readonly span: string;
  /** How often the data is read again, such as 10s. */
  readonly refresh: string;
  readonly variables?: readonly Builder<dashboard.VariableModel>[];
  readonly rows: readonly Row[];
}

const WIDTH = 24;
const TITLE_HEIGHT = 1;
export const TAG = 'tocsin';

/** Numbers the panels and lays them out: rows one below the other, cells from left to right, wrapped into further lines. */
export function boardOf({ uid, title, description, tags, span, refresh, variables = [], rows }: Board): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags([TAG, ...tags])
    .readonly()
    .time({ from: `now-${span}`, to: 'now' })
    .refresh(refresh)
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables([...variables])
    .links([linksTo('Maps', 'map'), linksTo('Others', 'watch')]);
  const { panels, templating, ...rest } = builder.build();
  const list = templating?.list?.map(withoutIntervals) ?? [];
  return { ...rest, templating: { list }, panels: laidOut(rows) };
}

/** The library gives every variable fields that only interval variables have. */
function withoutIntervals({ auto, auto_min, auto_count, ...variable }: dashboard.VariableModel): dashboard.VariableModel {
  return variable;
}

/** The library still writes a footer, which tables no longer have. */
function withoutFooter(panel: dashboard.Panel): dashboard.Panel {
  if (panel.type !== 'table') return panel;
  const { footer, ...options } = panel.options as { footer?: unknown };
  return { ...panel, options };
}

function laidOut(rows: readonly Row[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const panels: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const { title, height, cells } of rows) {
    if (title !== undefined) {
      const gridPos = { x: 0, y, w: WIDTH, h: TITLE_HEIGHT };
      panels.push({ ...new dashboard.RowBuilder(title).build(), id: panels.length + 1, gridPos, collapsed: false, panels: [] });
      y += TITLE_HEIGHT;
    }
    let x = 0;
    for (const [panel, w] of cells) {
      if (x + w > WIDTH) {
        x = 0;
        y += height;
      }
      panels.push({ ...withoutFooter(panel.build()), id: panels.length + 1, gridPos: { x, y, w, h: height } });
      x += w;
    }
    y += height;
  }
  return panels;
}

const linksTo = (title: string, tag: string) =>
  new dashboard.DashboardLinkBuilder(title).type(dashboard.DashboardLinkType.Dashboards).tags([TAG, tag]).asDropdown(true).keepTime(true);
