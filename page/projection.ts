/** Web Mercator: the world is the square from 0 to 1, with north at the top. */
export const mercatorX = (longitude: number): number => longitude / 360 + 0.5;

const LATITUDE_MAX = 85;

export function mercatorY(latitude: number): number {
  const sin = Math.sin((Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, latitude)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

export interface View {
  /** The point in the middle. */
  readonly x: number;
  readonly y: number;
  /** Pixels per world. */
  readonly scale: number;
}

const WORLD = { west: 0, east: 1, north: mercatorY(76), south: mercatorY(-57) };
const SCALE_MAX = 400_000;

/** The view that shows the inhabited world in a box. */
export function worldView(width: number, height: number): View {
  const scale = Math.min(width / (WORLD.east - WORLD.west), height / (WORLD.south - WORLD.north));
  return { x: 0.5, y: (WORLD.north + WORLD.south) / 2, scale: Math.max(scale, 1) };
}

/** Zooms by a factor and keeps the point at (px, py) of the box where it is. */
export function zoomAt(view: View, factor: number, px: number, py: number, width: number, height: number): View {
  const least = worldView(width, height).scale;
  const scale = Math.min(SCALE_MAX, Math.max(least, view.scale * factor));
  const x = view.x + (px - width / 2) * (1 / view.scale - 1 / scale);
  const y = view.y + (py - height / 2) * (1 / view.scale - 1 / scale);
  return clampView({ x, y, scale });
}

export const panBy = (view: View, dx: number, dy: number): View =>
  clampView({ ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale });

function clampView({ x, y, scale }: View): View {
  return { x: Math.max(0, Math.min(1, x)), y: Math.max(WORLD.north, Math.min(WORLD.south, y)), scale };
}
