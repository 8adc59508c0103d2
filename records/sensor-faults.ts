import { z } from 'zod';
import { FAULT_REASONS, type SensorFaults } from '../alarm/faults.ts';
import { sensor, time, typeName } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';

const faults = z.looseObject({
  sensor,
  faults: z.array(z.looseObject({ detector: typeName, reason: z.enum(FAULT_REASONS), since: time })),
});

/** Reads a record of SUPERVISION. */
export function decodeSensorFaults(text: string): Decoded<SensorFaults> {
  return decodeJson<SensorFaults>(faults, text, 'the faults of a sensor');
}
