/** What a sensor reports: one reading of its three detectors. Temperatures in °C. */
export interface Status {
  /** Sensor id, 0 to 2^31-1. */
  id: number;
  motion: boolean;
  smoke: boolean;
  temperature: number;
  maxTemperature: number;
  /** The sensor's own time in epoch ms; kept and shown, never used to order. */
  at: number | undefined;
  /** The sensor's counter: tells a reading that is sent again from a new one. */
  seq: number | undefined;
  /**
   * Fields that say nothing (bits of field-names.ts): those of the detectors that are absent or unreadable, `at` and `seq` where they are unreadable.
   * Such a boolean is false, a temperature NaN, so that it raises nothing.
   */
  notReported: number;
  /** Those of them that are there and unreadable. */
  unreadable: number;
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

export const ALARM_TYPES = ['motion', 'smoke', 'temperature'] as const;
export type AlarmType = (typeof ALARM_TYPES)[number];

/** A status to decode into, again and again. NaN makes the engine store temperatures unboxed from the start. */
export function emptyStatus(): Status {
  return {
    id: 0,
    motion: false,
    smoke: false,
    temperature: Number.NaN,
    maxTemperature: Number.NaN,
    at: undefined,
    seq: undefined,
    notReported: 0,
    unreadable: 0,
    repaired: undefined,
  };
}

/** A recovery to decode into, again and again. */
export function emptyRecovery(): Recovery {
  return { id: 0, at: undefined, repaired: undefined };
}

/** A hit is a status that at least one detector is alarmed by. */
export function isHit(status: Status): boolean {
  return status.motion || status.smoke || status.temperature > status.maxTemperature;
}

/** Whether the status is a hit of that type. */
export function hits(status: Status, type: AlarmType): boolean {
  return type === 'temperature' ? status.temperature > status.maxTemperature : status[type];
}
