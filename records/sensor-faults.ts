import { z } from 'zod';
import { FAULT_REASONS, type SensorFaults } from '../alarm/faults.ts';
import { sensor, time, typeName } from './fields.ts';
import { aboutKey, type Decoded, decodeJson } from './json.ts';

const WHAT = 'a record of faults';
const faults = z.looseObject({
  sensor,
  faults: z.array(z.looseObject({ detector: typeName, reason: z.enum(FAULT_REASONS), since: time })),
});

/** Reads a record of SUPERVISION. */
export function decodeSensorFaults(text: string, key: number): Decoded<SensorFaults> {
  return aboutKey(decodeJson<SensorFaults>(faults, text, WHAT), key, ({ sensor: about }) => about, WHAT);
}
