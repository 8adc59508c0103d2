/** Sensors, entry proxies with clocks of their own, and the watch that reads what they wrote. */
import { Intervals, type IntervalSettings } from '../../incident/intervals.ts';
import type { Pulse } from '../../incident/pulse-clock.ts';
import { SensorWatch, WATCHED_MAX } from '../../incident/sensor-watch.ts';
import { REFERENCE } from './alarm-types.ts';

export const PULSE_EVERY_MS = 5_000;
export const MINUTE_MS = 60_000;

interface Proxy {
  /** Of its clock, ms. */
  skewMs: number;
  ordinal: number;
}

interface Sensor {
  readonly everyMs: number;
  nextMs: number;
}

export function intervalsOf({ types = {}, sensors = [] }: { types?: IntervalSettings['types']; sensors?: [number, number][] }): Intervals {
  return new Intervals(REFERENCE, { types, sensors: new Map(sensors) });
}

export function typesOf(names: readonly string[]): number {
  return REFERENCE.bitsOf(names);
}

export const smokeEvery = (ms: number) => intervalsOf({ types: { smoke: ms } });

export function watchOf(intervals = smokeEvery(MINUTE_MS), { watchedMax = WATCHED_MAX, types = ['smoke'] } = {}): SensorWatch {
  return new SensorWatch(intervals, () => typesOf(types), watchedMax);
}

/** Pulses of one run, of which nothing is out of order. */
export function pulsesOf(proxy: string, fromMs = 0): () => Pulse {
  let ordinal = 0;
  return () => {
    ordinal += 1;
    return { proxy, ordinal, at: fromMs + ordinal * PULSE_EVERY_MS };
  };
}

export class World {
  watch: SensorWatch;
  /** Changes so far, as `12 silent`. */
  readonly said: string[] = [];
  readonly #proxies = new Map<string, Proxy>();
  readonly #sensors = new Map<number, Sensor>();
  #ms = 1_800_000_000_000;

  constructor(watch = watchOf()) {
    this.watch = watch;
  }

  start(...proxies: string[]): void {
    for (const proxy of proxies) this.#proxies.set(proxy, { skewMs: 0, ordinal: 0 });
  }

  stop(...proxies: string[]): void {
    for (const proxy of proxies) this.#proxies.delete(proxy);
  }

  setClock(proxy: string, skewMs: number): void {
    const found = this.#proxies.get(proxy);
    if (found) found.skewMs = skewMs;
  }

  live(sensors: readonly number[], everyMs = MINUTE_MS): void {
    for (const [i, sensor] of sensors.entries()) this.#sensors.set(sensor, { everyMs, nextMs: this.#ms + ((i * 7_000) % everyMs) });
  }

  die(sensors: readonly number[]): void {
    for (const sensor of sensors) this.#sensors.delete(sensor);
  }

  /** Time passes for everybody. What sensors send reaches us while a proxy runs. */
  pass(ms: number): void {
    for (const end = this.#ms + ms; this.#ms < end; ) {
      this.#ms += PULSE_EVERY_MS;
      for (const [id, sensor] of this.#sensors) {
        if (sensor.nextMs > this.#ms) continue;
        sensor.nextMs += sensor.everyMs;
        if (this.#proxies.size > 0) this.watch.reading(id);
      }
      for (const [proxy, one] of this.#proxies) {
        one.ordinal += 1;
        this.watch.pulse({ proxy, ordinal: one.ordinal, at: this.#ms + one.skewMs });
      }
      this.said.push(...this.watch.take().map(({ sensor, change }) => `${sensor} ${change}`));
    }
  }
}

export function silent(sensors: readonly number[]): string[] {
  return sensors.map((sensor) => `${sensor} silent`);
}

export function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
