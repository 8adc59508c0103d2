/** Where a sensor is. */
export interface Home {
  readonly id: number;
  readonly latitude: number;
  readonly longitude: number;
}

/** Finds the sensors that are nearest to a chosen one. `homes` is called once, when it is first needed. */
export function neighbourhoods(homes: () => Iterable<Home>): (count: number, at: number) => readonly number[] {
  let all: readonly Home[] | undefined;
  return (count, at) => {
    all ??= [...homes()];
    const centre = all[Math.floor(at * all.length)];
    if (centre === undefined) return [];
    return all
      .map((home) => ({ id: home.id, distance: distance(home, centre) }))
      .sort((a, b) => a.distance - b.distance || a.id - b.id)
      .slice(0, count)
      .map(({ id }) => id);
  };
}

/** A measure of the distance of two points that is only good for comparison. */
function distance(a: Home, b: Home): number {
  const east = Math.abs(a.longitude - b.longitude);
  const x = Math.min(east, 360 - east) * Math.cos((((a.latitude + b.latitude) / 2) * Math.PI) / 180);
  return x * x + (a.latitude - b.latitude) ** 2;
}
