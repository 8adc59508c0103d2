import type { Role } from './tokens.ts';

/** What a role may see of alarms, sensors and the people behind them. Every answer and every event of the stream asks here. */
export interface Visibility {
  /** The client, and the town beside an alarm. */
  readonly client: boolean;
  /** What operators wrote, and what a mail server answered. */
  readonly notes: boolean;
  /** Readings as the sensor sent them. */
  readonly readings: boolean;
  /** How many characters of a geohash; five are a cell of some 5 km. */
  readonly geohashLength: number;
}

const VISIBLE: Readonly<Record<Role, Visibility>> = {
  operator: { client: true, notes: true, readings: true, geohashLength: 12 },
  viewer: { client: false, notes: false, readings: false, geohashLength: 5 },
};

export function visibleTo(role: Role): Visibility {
  return VISIBLE[role];
}
