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
  /** The sensor's counter: two hits of one type with the same `seq` are one. */
  seq: number | undefined;
}

export const SENSOR_ID_MAX = 2_147_483_647;

export const ALARM_TYPES = ['motion', 'smoke', 'temperature'] as const;
export type AlarmType = (typeof ALARM_TYPES)[number];
