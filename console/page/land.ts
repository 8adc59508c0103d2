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
    for (const ring of polygons.flat()) {
      ring.forEach(([longitude = 0, latitude = 0], i) => {
        if (i === 0) path.moveTo(mercatorX(longitude), mercatorY(latitude));
        else path.lineTo(mercatorX(longitude), mercatorY(latitude));
      });
      path.closePath();
    }
  }
  return path;
}
