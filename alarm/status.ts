/** What a sensor reports: one reading of its detectors. */
import type { TypeBits, TypeSet } from './type-set.ts';

export interface Status {
  /** Sensor id, 0 to 2^31-1. */
  id: number;
  /**
   * The values of the fields that types read, by their places in the TypeSet: 1 or 0 for true or false, numbers as they are (temperatures in °C), and NaN for
   * fields that are absent or unreadable, so that they raise nothing. The constants of the conditions follow. Not filled for a status in usual form under the
   * types of the reference system, for which `hits` says enough.
   */
  readonly values: Float64Array;
  /** The types of which the reading is a hit. */
  hits: TypeBits;
  /** The types about which it says nothing, because a field isn't reported. */
  silent: TypeBits;
  /** Names of fields that are present but can't be read, `at` and `seq` included. */
  unreadable: readonly string[];
  /** The sensor's own time, epoch ms; kept and shown, never used for ordering. */
  at: number | undefined;
  /** The sensor's counter: tells a reading that is sent again from a new one. */
  seq: number | undefined;
  /** JSON to store instead of the bytes, if they aren't valid JSON; to be copied before anything else is decoded. */
  repaired: Buffer | undefined;
}

/** A sensor's message that all is well again. */
export interface Recovery {
  id: number;
  /** The sensor's own time, epoch ms, if it can be read. */
  at: number | undefined;
  /** As in a status. */
  repaired: Buffer | undefined;
}

export const SENSOR_ID_MAX = 2_147_483_647;

/** The longest status or recovery that is accepted. */
export const STATUS_BYTES_MAX = 4096;

export const NO_FIELDS: readonly string[] = [];

/** A status to decode into, to be reused. */
export function emptyStatus(types: TypeSet): Status {
  return statusOf(types.emptyValues(), types.all);
}

/** Every status is created here, so that the engine sees objects of one shape. */
export function statusOf(values: Float64Array, silent: TypeBits): Status {
  return { id: 0, values, hits: 0, silent, unreadable: NO_FIELDS, at: undefined, seq: undefined, repaired: undefined };
}

/** A recovery to decode into, to be reused. */
export function emptyRecovery(): Recovery {
  return { id: 0, at: undefined, repaired: undefined };
}
