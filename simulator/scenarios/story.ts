import type { AlarmType } from '../../alarm/alarm-type.ts';
import type { Happening, Silence } from '../scenario.ts';

/** An alarm that must result from a scene: the times of its last hit and of the recovery that clears it, in seconds since the story began. */
export interface Outcome {
  readonly type: string;
  readonly from: number;
  readonly to?: number;
}

/** What one home reports and which alarms must result, both written by hand, without any rule of the product. */
export interface Scene {
  readonly sensor: number;
  /** For people who watch. */
  readonly what: string;
  readonly tells: readonly Beat[];
  readonly becomes: readonly Outcome[];
  /** The type whose detector is broken: the sensor never sends anything readable for it. */
  readonly broken?: string;
}

type Beat = { readonly at: number; readonly sees: readonly string[] } | { readonly at: number; readonly recovers: true };

const sees = (types: readonly string[], ...seconds: readonly number[]): Beat[] => seconds.map((at) => ({ at, sees: types }));
const recovers = (at: number): Beat => ({ at, recovers: true });

/** The client of this sensor has no place on the map. */
export const PLACELESS = 7;
export const STORY_SENSORS = 7;
/** A sensor with a broken detector reports this often between its scenes. */
const BROKEN_EVERY_SECONDS = 5;

/**
 * An alarm of each type and a recovery within five seconds, the rest within a minute. Each home begins with a recovery, as when a sensor is switched
 * on, because an earlier run may have left an alarm behind.
 */
export const STORY: readonly Scene[] = [
  {
    sensor: 1,
    what: 'a kitchen fire: smoke, then heat; it is put out after half a minute',
    tells: [...sees(['smoke'], 2.2, 2.5, 2.8, 5), ...sees(['smoke', 'temperature'], 6, 7, 8, 12, 18), recovers(30)],
    becomes: [
      { type: 'smoke', from: 2.8, to: 30 },
      { type: 'temperature', from: 8, to: 30 },
    ],
  },
  {
    sensor: 2,
    what: 'a burglar in the garden, who is scared off',
    tells: [...sees(['motion'], 2.2), recovers(4.4)],
    becomes: [{ type: 'motion', from: 2.2, to: 4.4 }],
  },
  {
    sensor: 3,
    what: 'a burglar elsewhere, who stays: this one stands until somebody is there',
    tells: sees(['motion'], 7, 8.5, 10, 13, 19, 26, 34),
    becomes: [{ type: 'motion', from: 7 }],
  },
  {
    sensor: 4,
    what: 'a boiler runs hot, is turned down, and runs hot again',
    tells: [...sees(['temperature'], 2.2, 2.5, 2.9, 5), recovers(20), ...sees(['temperature'], 27, 29, 31), recovers(48)],
    becomes: [
      { type: 'temperature', from: 2.9, to: 20 },
      { type: 'temperature', from: 31, to: 48 },
    ],
  },
  {
    sensor: 5,
    what: 'burnt toast: smoke twice and once more after the window was opened; no alarm',
    tells: [...sees(['smoke'], 3, 4.5), recovers(9), ...sees(['smoke'], 14)],
    becomes: [],
  },
  {
    sensor: 6,
    what: 'a smoke detector that says nothing readable: shown as faulty, and the motion beside it counts all the same',
    broken: 'smoke',
    tells: [...sees(['motion'], 11, 12), recovers(40)],
    becomes: [{ type: 'motion', from: 11, to: 40 }],
  },
  {
    sensor: PLACELESS,
    what: 'motion at a client whose place nobody has entered: not on the map, in the list and the mail all the same',
    tells: [...sees(['motion'], 9), recovers(50)],
    becomes: [{ type: 'motion', from: 9, to: 50 }],
  },
];

/** The scenes for which all types exist. */
export function storyOf(types: readonly AlarmType[]): readonly Scene[] {
  const names = types.map(({ name }) => name);
  return STORY.filter(({ tells, broken }) => {
    const needed = [...tells.flatMap((beat) => ('sees' in beat ? beat.sees : [])), ...(broken ? [broken] : [])];
    return needed.every((name) => names.includes(name));
  });
}

/** Everything that happens in these scenes in the first `durationMs`. */
export function told(story: readonly Scene[], durationMs: number): Happening[] {
  return story
    .flatMap(({ sensor, tells, broken }) =>
      [recovers(0), ...tells, ...(broken ? betweenTimes(durationMs) : [])].map((beat): Happening => {
        const atMs = beat.at * 1_000;
        return 'sees' in beat ? { atMs, sensor, does: 'hit', types: beat.sees, unreadable: broken } : { atMs, sensor, does: 'recovery' };
      }),
    )
    .filter(({ atMs }) => atMs < durationMs);
}

const betweenTimes = (durationMs: number): Beat[] =>
  Array.from({ length: Math.ceil(durationMs / 1_000 / BROKEN_EVERY_SECONDS) }, (_, i) => ({ at: i * BROKEN_EVERY_SECONDS + 1, sees: [] }));

/** Excludes sensors with a broken detector from the normal reports, in which all detectors are readable. */
export function silencesOf(story: readonly Scene[]): readonly Silence[] {
  return story.filter(({ broken }) => broken).map(({ sensor }) => ({ sensor, fromMs: 0, toMs: Number.POSITIVE_INFINITY }));
}
