import type { SensorState } from './sensor-state.ts';

/** Rough sizes in memory of a sensor, of an alarm, of a hit, and of a character of a reading. */
const SENSOR_BYTES = 600;
const ALARM_BYTES = 400;
const HIT_BYTES = 200;
const LETTER_BYTES = 2;

/** Roughly how many bytes of memory a sensor's state takes. */
export function memoryOf({ types, ended, repeatable }: SensorState): number {
  const alarms = [...types.flatMap(({ open }) => open), ...ended];
  // A hit and an alarm that it raised share one reading.
  const readings = new Set([...types.flatMap(({ hits }) => hits), ...alarms.flatMap(({ evidence }) => evidence), ...repeatable]);
  let letters = 0;
  for (const { value } of readings) letters += value.length;
  return SENSOR_BYTES + ALARM_BYTES * alarms.length + HIT_BYTES * readings.size + LETTER_BYTES * letters;
}
