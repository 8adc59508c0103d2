/** Dashboards as Grafana reads them: JSON. */
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { InfluxTarget } from '../../grafana/queries.ts';

export interface PromTarget {
  readonly refId: string;
  readonly datasource: { readonly type: 'prometheus'; readonly uid: string };
  readonly expr: string;
  readonly legendFormat: string;
}

interface Layer {
  readonly name: string;
  readonly tooltip: boolean;
  readonly filterData: { readonly options: string };
  readonly location: { readonly geohash: string };
  readonly config: { readonly style: { readonly color: { readonly field: string } } };
}

export interface Laid {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

export interface DataPanel extends Laid {
  readonly targets: readonly (InfluxTarget | PromTarget)[];
  /** `layers` and `basemap` are options of a map. */
  readonly options: { readonly layers: readonly Layer[]; readonly basemap: object; readonly tooltip: { readonly mode: string } };
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
}

export const panelsOf = ({ panels }: Dashboard): Laid[] => JSON.parse(JSON.stringify(panels)) as Laid[];

export const dataPanels = (board: Dashboard): DataPanel[] => panelsOf(board).filter(({ type }) => type !== 'row') as DataPanel[];

export const isInflux = (target: InfluxTarget | PromTarget): target is InfluxTarget => target.datasource.type === 'influxdb';

export const isProm = (target: InfluxTarget | PromTarget): target is PromTarget => target.datasource.type === 'prometheus';
