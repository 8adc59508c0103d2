import type { SensorState } from './sensor-state.ts';

interface Reading {
  readonly value: string;
}

/** Rough sizes in memory of a sensor, of an alarm, of a hit, and of a character of a reading. */
export const SENSOR_BYTES = 600;
export const ALARM_BYTES = 400;
export const HIT_BYTES = 200;
export const LETTER_BYTES = 2;

/** Roughly how many bytes of memory a sensor's state takes. Called for every sensor that is restored, so without arrays of its own. */
export function memoryOf({ types, ended, repeatable }: SensorState): number {
  let bytes = SENSOR_BYTES + ALARM_BYTES * ended.length;
  for (const { open } of types) bytes += ALARM_BYTES * open.length;
  for (const { hits } of types) for (const hit of hits) bytes += bytesOfReading(hit);
  for (const reading of repeatable) bytes += bytesOfReading(reading);
  for (const { hits, open } of types) for (const { evidence } of open) bytes += bytesBeside(hits, evidence);
  for (const { evidence } of ended) bytes += bytesBeside([], evidence);
  return bytes;
}

/** A hit and an alarm that it raised share one reading. */
function bytesBeside(hits: readonly Reading[], evidence: readonly Reading[]): number {
  let bytes = 0;
  for (const reading of evidence) if (!hits.includes(reading)) bytes += bytesOfReading(reading);
  return bytes;
}

function bytesOfReading({ value }: Reading): number {
  return HIT_BYTES + LETTER_BYTES * value.length;
}
