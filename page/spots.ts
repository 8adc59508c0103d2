import { isActive, isOver } from '../alarm/lifecycle.ts';
import { compareSeverity } from '../alarm/severity.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { conditionOf, type SensorCondition } from '../console/live/sensor-code.ts';
import { compareDanger } from './queue-order.ts';

/** Shapes in the same cell would overlap, so they are drawn as one, with their number. */
const CELL_PX = 18;

/** An active alarm that the list has no room for, known only by its sensor's code. */
export interface UnlistedAlarm extends SensorCondition {
  readonly sensor: number;
}

/** Alarms that share a spot of the map. */
export interface Spot {
  /** The place of the sensor that decides how the spot is drawn. */
  readonly x: number;
  readonly y: number;
  /** The gravest active one first. It decides how the spot is drawn, unless `graver` is set. */
  readonly alarms: readonly [ListedAlarm, ...ListedAlarm[]];
  /** An unlisted active alarm that is graver than any active one in `alarms`. */
  readonly graver: UnlistedAlarm | undefined;
}

export interface Spots {
  /** The gravest active first. */
  readonly spots: readonly Spot[];
  /** Open alarms that lie outside the box. */
  readonly outside: number;
  /** Open alarms of sensors whose place isn't known. */
  readonly placeless: number;
}

/** The place of a sensor in the box; undefined: not known. */
type PixelOf = (sensor: number) => readonly [number, number] | undefined;

interface Box {
  readonly width: number;
  readonly height: number;
}

interface Cell {
  readonly alarms: ListedAlarm[];
  /** The greatest code of an active sensor here. */
  sensor: number;
  code: number;
}

/** `states`: the codes of all sensors with open alarms, listed or not. */
export function spotsOf(alarms: readonly ListedAlarm[], states: ReadonlyMap<number, number>, pixelOf: PixelOf, box: Box): Spots {
  const cells = new Map<number, Cell>();
  let outside = 0;
  let placeless = 0;
  for (const alarm of alarms) {
    if (isOver(alarm)) continue;
    const [x, y] = pixelOf(alarm.sensor) ?? [];
    if (x === undefined || y === undefined) placeless += 1;
    else if (x < 0 || y < 0 || x > box.width || y > box.height) outside += 1;
    else {
      const key = cellAt(x, y);
      const others = cells.get(key);
      if (others) others.alarms.push(alarm);
      else cells.set(key, { alarms: [alarm], sensor: -1, code: 0 });
    }
  }
  for (const [sensor, code] of states) {
    if (cells.size === 0 || !conditionOf(code).isActive) continue;
    const [x, y] = pixelOf(sensor) ?? [];
    const cell = x === undefined || y === undefined ? undefined : cells.get(cellAt(x, y));
    if (cell && code > cell.code) Object.assign(cell, { sensor, code });
  }
  const spots = [...cells.values()].flatMap((cell) => spotOf(cell, pixelOf) ?? []);
  return { spots: spots.sort(compareSpots), outside, placeless };
}

const cellAt = (x: number, y: number): number => Math.floor(x / CELL_PX) * 10_000 + Math.floor(y / CELL_PX);

function spotOf({ alarms, sensor, code }: Cell, pixelOf: PixelOf): Spot | undefined {
  const [gravest, ...others] = alarms.sort(compareDanger);
  if (!gravest) return undefined;
  const condition = conditionOf(code);
  const isGraver = condition.isActive && (!isActive(gravest) || compareSeverity(condition.severity, gravest.severity) < 0);
  const graver = isGraver ? { sensor, ...condition } : undefined;
  const [x, y] = pixelOf(graver?.sensor ?? gravest.sensor) ?? [];
  return x !== undefined && y !== undefined ? { x, y, alarms: [gravest, ...others], graver } : undefined;
}

function compareSpots(a: Spot, b: Spot): number {
  const isActiveSpot = ({ alarms: [gravest], graver }: Spot): boolean => graver !== undefined || isActive(gravest);
  const severityOf = ({ alarms: [gravest], graver }: Spot) => graver?.severity ?? gravest.severity;
  return (
    Number(isActiveSpot(b)) - Number(isActiveSpot(a)) ||
    compareSeverity(severityOf(a), severityOf(b)) ||
    compareDanger(a.alarms[0], b.alarms[0])
  );
}
