import type { AlarmType } from '../alarm/alarm-type.ts';
import type { Random } from './random.ts';

/** One thing that happens to a sensor, on top of its normal statuses. */
export interface Happening {
  /** ms since the start of the chapter. */
  readonly atMs: number;
  readonly sensor: number;
  /**
   * `hit`: a status with `types` active, perhaps none; `recovery`: a message to OK; `repeat`: the sensor's last hit or recovery again, byte by byte; `resend`: its
   * last hit, whatever came since.
   */
  readonly does: 'hit' | 'recovery' | 'repeat' | 'resend';
  /** Names. */
  readonly types?: readonly string[];
  /** Of a hit: the detector of this type says nothing that can be read. */
  readonly unreadable?: string | undefined;
  /** Of a hit: the sensor's counter is 0, as in every such reading. */
  readonly counterStays?: true;
  /** Of a hit: the detectors without one say nothing that can be read, and those with one word it oddly. */
  readonly dirty?: true;
}

/** A sensor that says nothing from `fromMs` to `toMs`. */
export interface Silence {
  readonly sensor: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a scenario knows of the run: one chapter of it, at most half an hour. */
export interface Chapter {
  readonly types: readonly AlarmType[];
  readonly sensors: number;
  readonly durationMs: number;
  /** How many messages the whole fleet sends in this chapter. */
  readonly messages: number;
  readonly random: Random;
  /** `count` sensors that lie in one neighbourhood. */
  neighbours(count: number): readonly number[];
}

export interface Plot {
  readonly happenings: readonly Happening[];
  readonly silences?: readonly Silence[];
}

/** What the reference system did in one of its two cases. */
export interface ReferenceResult {
  readonly name: string;
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly minutes: number;
  readonly activated: number;
  readonly recovered: number;
}

/** A pure generator: the same chapter, with the same random numbers, gives the same plot. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** Used where the command line says nothing. */
  readonly defaults: { readonly apps: number; readonly ratePerApp: number; readonly minutes: number };
  readonly reference?: ReferenceResult;
  plot(chapter: Chapter): Plot;
}
