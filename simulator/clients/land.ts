import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';

const BANDS_PER_DEGREE = 4;
const BANDS = 180 * BANDS_PER_DEGREE;

/**
 * Which points of the earth are land, by Natural Earth's coastline at 1:50 million. Coast edges are indexed by bands of latitude, so that a
 * query examines a few hundred of them instead of a hundred thousand.
 */
export class Land {
  /** Per band: x1, y1, x2, y2 of every edge that touches it. */
  readonly #bands: Float64Array[];

  constructor(polygons: Iterable<readonly Position[][]>) {
    const bands: number[][] = Array.from({ length: BANDS }, () => []);
    for (const rings of polygons) for (const ring of rings) addRing(ring, bands);
    this.#bands = bands.map((edges) => Float64Array.from(edges));
  }

  /** Casts a ray to the east and counts the coasts it crosses. */
  contains(latitude: number, longitude: number): boolean {
    const edges = this.#bands[bandOf(latitude)];
    if (!edges) return false;
    let inside = false;
    for (let i = 0; i < edges.length; i += 4) {
      const y1 = edges[i + 1] as number;
      const y2 = edges[i + 3] as number;
      if (y1 > latitude === y2 > latitude) continue;
      const x1 = edges[i] as number;
      const x2 = edges[i + 2] as number;
      if (longitude < x1 + ((latitude - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
    }
    return inside;
  }
}

export function loadLand(): Land {
  const file = createRequire(import.meta.url).resolve('world-atlas/land-50m.json');
  const topology = JSON.parse(readFileSync(file, 'utf8')) as Topology<{ land: GeometryCollection }>;
  return new Land(
    feature(topology, topology.objects.land).features.flatMap(({ geometry }) => polygonsOf(geometry as Polygon | MultiPolygon)),
  );
}

function polygonsOf(geometry: Polygon | MultiPolygon): Position[][][] {
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
}

function addRing(ring: readonly Position[], bands: readonly number[][]): void {
  for (let i = 1; i < ring.length; i += 1) {
    const [x1 = 0, y1 = 0] = ring[i - 1] ?? [];
    const [x2 = 0, y2 = 0] = ring[i] ?? [];
    for (let band = bandOf(Math.min(y1, y2)); band <= bandOf(Math.max(y1, y2)); band += 1) bands[band]?.push(x1, y1, x2, y2);
  }
}

function bandOf(latitude: number): number {
  return Math.min(BANDS - 1, Math.max(0, Math.floor((latitude + 90) * BANDS_PER_DEGREE)));
}
