import type { AlarmType } from '../alarm/alarm-type.ts';
import type { Random } from './random.ts';

/** One thing that happens to a sensor, on top of its normal statuses. */
export interface Happening {
  /** ms since the start of the chapter. */
  readonly atMs: number;
  readonly sensor: number;
  /**
   * `hit`: a status that is a hit of `types`, perhaps of none; `recovery`: a message to OK; `repeat`: the sensor's last hit or recovery again, byte for
   * byte; `resend`: its last hit again, whatever it has sent since.
   */
  readonly does: 'hit' | 'recovery' | 'repeat' | 'resend';
  /** Names of types. */
  readonly types?: readonly string[];
  /** For a hit: the type whose detector sends nothing readable. */
  readonly unreadable?: string | undefined;
  /** For a hit: the sensor's counter is always 0. */
  readonly counterStays?: true;
  /** For a hit: fields that don't make it one are unreadable, the others are written in unusual forms. */
  readonly dirty?: true;
}

/** A sensor that sends nothing from `fromMs` to `toMs`. */
export interface Silence {
  readonly sensor: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A part of the run, at most half an hour, for which a scenario makes a plot. */
export interface Chapter {
  readonly types: readonly AlarmType[];
  readonly sensors: number;
  readonly durationMs: number;
  /** How many messages the whole fleet sends in this chapter. */
  readonly messages: number;
  readonly random: Random;
  /** `count` sensors of one neighbourhood. */
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
  /** Used for options that are not given. */
  readonly defaults: { readonly apps: number; readonly ratePerApp: number; readonly minutes: number };
  readonly reference?: ReferenceResult;
  plot(chapter: Chapter): Plot;
}
