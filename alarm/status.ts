/** What a sensor reports: one reading of its detectors. */
import type { TypeBits, TypeSet } from './type-set.ts';

export interface Status {
  /** Sensor id, 0 to 2^31-1. */
  id: number;
  /**
   * What the fields say that types read, by their places in the TypeSet: 1 or 0 for true or false, numbers as they are (temperatures in °C), and NaN for
   * what isn't reported: absent or unreadable, so that it raises nothing. Behind them stand the constants of the conditions. Not written where there is
   * nothing more to say than `hits`: a status in usual form, under the types of the reference system.
   */
  readonly values: Float64Array;
  /** The types of which it is a hit. */
  hits: TypeBits;
  /** The types that it says nothing of, since a field isn't reported. */
  silent: TypeBits;
  /** Names of the fields that are there and can't be read, `at` and `seq` among them. */
  unreadable: readonly string[];
  /** The sensor's own time in epoch ms; kept and shown, never used to order. */
  at: number | undefined;
  /** The sensor's counter: tells a reading that is sent again from a new one. */
  seq: number | undefined;
  /** JSON to store in place of the bytes, where these aren't JSON as they stand. */
  repaired: Buffer | undefined;
}

/** A sensor says that all is well again. */
export interface Recovery {
  id: number;
  /** The sensor's own time in epoch ms, where it can be read. */
  at: number | undefined;
  /** As in a status. */
  repaired: Buffer | undefined;
}

export const SENSOR_ID_MAX = 2_147_483_647;

/** Longest accepted status or recovery. */
export const STATUS_BYTES_MAX = 4096;

export const NO_FIELDS: readonly string[] = [];

/** A status to decode into, again and again. */
export function emptyStatus(types: TypeSet): Status {
  return statusOf(types.emptyValues(), types.all);
}

/** All are made here, so that the engine sees one kind of object. */
export function statusOf(values: Float64Array, silent: TypeBits): Status {
  return { id: 0, values, hits: 0, silent, unreadable: NO_FIELDS, at: undefined, seq: undefined, repaired: undefined };
}

/** A recovery to decode into, again and again. */
export function emptyRecovery(): Recovery {
  return { id: 0, at: undefined, repaired: undefined };
}
