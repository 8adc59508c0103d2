import type { ListedAlarm } from '../api/schemas.ts';
import { compareDanger, hasEnded } from './queue-order.ts';

/** Shapes that would lie on one another are drawn as one, with their number. */
const CELL_PX = 18;

/** Alarms that share a spot of the map. */
export interface Spot {
  /** Where the first of them is. */
  readonly x: number;
  readonly y: number;
  /** The gravest that is active first: it decides what is drawn. */
  readonly alarms: readonly [ListedAlarm, ...ListedAlarm[]];
}

export interface Spots {
  /** The gravest active first. */
  readonly spots: readonly Spot[];
  /** Open alarms that lie outside the box. */
  readonly outside: number;
  /** Open alarms of sensors whose place isn't known. */
  readonly placeless: number;
}

/** Where a sensor is in the box. */
type PixelOf = (sensor: number) => readonly [number, number] | undefined;

export function spotsOf(alarms: readonly ListedAlarm[], pixelOf: PixelOf, width: number, height: number): Spots {
  const cells = new Map<number, ListedAlarm[]>();
  let outside = 0;
  let placeless = 0;
  for (const alarm of alarms) {
    if (hasEnded(alarm)) continue;
    const [x, y] = pixelOf(alarm.sensor) ?? [];
    if (x === undefined || y === undefined) placeless += 1;
    else if (x < 0 || y < 0 || x > width || y > height) outside += 1;
    else {
      const cell = Math.floor(x / CELL_PX) * 10_000 + Math.floor(y / CELL_PX);
      const others = cells.get(cell);
      if (others) others.push(alarm);
      else cells.set(cell, [alarm]);
    }
  }
  const spots = [...cells.values()].flatMap((here) => spotOf(here, pixelOf) ?? []);
  return { spots: spots.sort((a, b) => compareDanger(a.alarms[0], b.alarms[0])), outside, placeless };
}

function spotOf(here: ListedAlarm[], pixelOf: PixelOf): Spot | undefined {
  const [gravest, ...others] = here.sort(compareDanger);
  const [x, y] = (gravest && pixelOf(gravest.sensor)) ?? [];
  return gravest && x !== undefined && y !== undefined ? { x, y, alarms: [gravest, ...others] } : undefined;
}
