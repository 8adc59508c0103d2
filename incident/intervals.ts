import type { TypeBits, TypeSet } from '../alarm/type-set.ts';

/** How often sensors should be heard, ms. */
export interface IntervalSettings {
  /** By a type of alarm: every sensor that reports it. Of several the shortest holds. */
  readonly types: Readonly<Record<string, number>>;
  /** By a sensor's id: stands above those of its types. */
  readonly sensors: ReadonlyMap<number, number>;
}

export const INTERVAL_MAX_MS = 31 * 86_400_000;
/** So many different intervals there may be: a sensor has 15 bits for the place of its own. */
export const INTERVALS_MAX = 2 ** 15 - 1;

/** A sensor is silent when three of its intervals have passed without a reading, but never sooner than this. */
const MISSED = 3;
const SPAN_MIN_MS = 180_000;
/** One of which nothing is expected is shown as silent after this long. */
const SPAN_UNEXPECTED_MS = 900_000;

/** The interval and the span of every sensor. Each different interval has a place; 0: nothing is expected of the sensor. */
export class Intervals {
  readonly #every: readonly number[];
  readonly #spans: Int32Array;
  readonly #ofSensor: ReadonlyMap<number, number>;
  /** Shortest first. */
  readonly #ofTypes: readonly { readonly bits: TypeBits; readonly place: number }[];

  /** Throws RangeError for an interval that isn't above 0 and at most `INTERVAL_MAX_MS`, and for too many different ones. */
  constructor(types: TypeSet, settings: IntervalSettings) {
    const every = [...new Set([...Object.values(settings.types), ...settings.sensors.values()])].sort((one, other) => one - other);
    const wrong = every.find((ms) => !(ms > 0 && ms <= INTERVAL_MAX_MS));
    if (wrong !== undefined) throw new RangeError(`${wrong} ms is no interval: it must be above 0 and at most 31 days`);
    if (every.length > INTERVALS_MAX) throw new RangeError(`${every.length} different intervals: at most ${INTERVALS_MAX} are possible`);
    const places = new Map(every.map((ms, i) => [ms, i + 1]));
    const placeOf = (ms: number) => places.get(ms) ?? 0;
    this.#every = every;
    this.#spans = Int32Array.of(SPAN_UNEXPECTED_MS / 1_000, ...every.map(spanOf));
    this.#ofSensor = new Map([...settings.sensors].map(([sensor, ms]) => [sensor, placeOf(ms)]));
    this.#ofTypes = Object.entries(settings.types)
      .map(([type, ms]) => ({ bits: types.bitsOf([type]), place: placeOf(ms) }))
      .sort((one, other) => one.place - other.place);
  }

  /** Place of the interval of a sensor that reports these types. */
  placeOf(sensor: number, reported: TypeBits): number {
    return this.#ofSensor.get(sensor) ?? this.#ofTypes.find(({ bits }) => (bits & reported) !== 0)?.place ?? 0;
  }

  /** ms; undefined: nothing is expected. */
  everyAt(place: number): number | undefined {
    return this.#every[place - 1];
  }

  /** Without a reading for longer than this, s, a sensor is silent. */
  spanAt(place: number): number {
    return this.#spans[place] as number;
  }
}

function spanOf(everyMs: number): number {
  return Math.ceil(Math.max(MISSED * everyMs, SPAN_MIN_MS) / 1_000);
}
