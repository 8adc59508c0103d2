import type { AlarmType } from '../../alarm/alarm-type.ts';
import type { Happening, Silence } from '../scenario.ts';

/** An alarm that must come of a scene. Seconds since the story began: its last hit, and the recovery that clears it. */
export interface Outcome {
  readonly type: string;
  readonly from: number;
  readonly to?: number;
}

/** What one home reports and what must come of it, both written by hand: no rule of the product is at work here. */
export interface Scene {
  readonly sensor: number;
  /** For whoever watches. */
  readonly what: string;
  readonly tells: readonly Beat[];
  readonly becomes: readonly Outcome[];
  /** A detector that is broken: whatever the sensor says, of this it says nothing that can be read. */
  readonly broken?: string;
}

type Beat = { readonly at: number; readonly sees: readonly string[] } | { readonly at: number; readonly recovers: true };

const sees = (types: readonly string[], ...seconds: readonly number[]): Beat[] => seconds.map((at) => ({ at, sees: types }));
const recovers = (at: number): Beat => ({ at, recovers: true });

/** The client of this sensor has no place on the map. */
export const PLACELESS = 7;
export const STORY_SENSORS = 7;
/** A sensor with a broken detector reports this often, and nothing else. */
const BROKEN_EVERY_SECONDS = 5;

/**
 * An alarm of each type and a recovery within five seconds, the rest within a minute. Each home begins with a recovery, as when a sensor is switched
 * on: an earlier run may have left an alarm behind.
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

/** The scenes that can happen: whose types there all are. */
export function storyOf(types: readonly AlarmType[]): readonly Scene[] {
  const names = types.map(({ name }) => name);
  return STORY.filter(({ tells, broken }) => {
    const needed = [...tells.flatMap((beat) => ('sees' in beat ? beat.sees : [])), ...(broken ? [broken] : [])];
    return needed.every((name) => names.includes(name));
  });
}

/** All that happens of these scenes in the first `durationMs`. */
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

/** Sensors with a broken detector don't report in turn with the others, which would say that all of their detectors are well. */
export function silencesOf(story: readonly Scene[]): readonly Silence[] {
  return story.filter(({ broken }) => broken).map(({ sensor }) => ({ sensor, fromMs: 0, toMs: Number.POSITIVE_INFINITY }));
}
