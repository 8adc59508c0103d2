import type { Region } from '../alarm/regions.ts';

/** The initial view of a map. `zoom` as in web maps: the world is 256 · 2^zoom pixels wide. */
export interface View {
  readonly latitude: number;
  readonly longitude: number;
  readonly zoom: number;
}

export const WORLD_VIEW: View = { latitude: 25, longitude: 10, zoom: 2.2 };

export const REGION_VIEWS: Readonly<Record<Region, View>> = {
  NorthAmerica: { latitude: 42, longitude: -98, zoom: 3.6 },
  SouthAmerica: { latitude: -18, longitude: -60, zoom: 3.6 },
  Oceania: { latitude: -24, longitude: 145, zoom: 3.6 },
  Mediterranean: { latitude: 39.5, longitude: 14, zoom: 4.6 },
  North: { latitude: 62, longitude: 70, zoom: 2.4 },
  UK: { latitude: 54.5, longitude: -4, zoom: 5.6 },
  NorthEurope: { latitude: 60, longitude: 16, zoom: 4.4 },
  CentroEurope: { latitude: 49.5, longitude: 16, zoom: 5 },
  Africa: { latitude: 2, longitude: 20, zoom: 3.4 },
  Asia: { latitude: 25, longitude: 90, zoom: 3.2 },
  Other: { latitude: -30, longitude: 0, zoom: 1.4 },
};
