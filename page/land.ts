import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import { mercatorX, mercatorY } from './projection.ts';

/** The land of the world as one path, in Web Mercator from 0 to 1. */
export async function loadLand(): Promise<Path2D> {
  const url = document.querySelector('meta[name=land]')?.getAttribute('content') ?? '';
  const topology = (await (await fetch(url)).json()) as Topology<{ land: GeometryCollection }>;
  const path = new Path2D();
  for (const { geometry } of feature(topology, topology.objects.land).features) {
    const polygons = geometry.type === 'MultiPolygon' ? geometry.coordinates : geometry.type === 'Polygon' ? [geometry.coordinates] : [];
    for (const ring of polygons.flat()) for (const turn of aroundTheWorld(ring)) addRing(path, turn);
  }
  return path;
}

type Ring = readonly (readonly number[])[];

/** Continues a ring that crosses the 180th meridian beyond it, so that it is drawn on both sides of the map. */
function aroundTheWorld(ring: Ring): Ring[] {
  const points: [number, number][] = [];
  let shift = 0;
  let previous: number | undefined;
  for (const [longitude = 0, latitude = 0] of ring) {
    if (previous !== undefined && Math.abs(longitude - previous) > 180) shift += longitude > previous ? -360 : 360;
    previous = longitude;
    points.push([longitude + shift, latitude]);
  }
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return [];
  // Antarctica goes all the way round, so it is closed over the pole.
  if (Math.abs(last[0] - first[0]) > 180) points.push([last[0], -90], [first[0], -90]);
  const east = points.some(([longitude]) => longitude > 180);
  const west = points.some(([longitude]) => longitude < -180);
  return [points, ...(east ? [moved(points, -360)] : []), ...(west ? [moved(points, 360)] : [])];
}

const moved = (ring: readonly [number, number][], by: number): Ring => ring.map(([longitude, latitude]) => [longitude + by, latitude]);

function addRing(path: Path2D, ring: Ring): void {
  ring.forEach(([longitude = 0, latitude = 0], i) => {
    if (i === 0) path.moveTo(mercatorX(longitude), mercatorY(latitude));
    else path.lineTo(mercatorX(longitude), mercatorY(latitude));
  });
  path.closePath();
}
