import { z } from 'zod';
import { DETECTOR_NAMES, FAULT_REASONS, type SensorFaults } from '../alarm/faults.ts';
import { sensor, time } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';

const faults = z.looseObject({
  sensor,
  faults: z.array(z.looseObject({ detector: z.enum(DETECTOR_NAMES), reason: z.enum(FAULT_REASONS), since: time })),
});

/** Reads a record of SUPERVISION. */
export function decodeSensorFaults(text: string): Decoded<SensorFaults> {
  return decodeJson<SensorFaults>(faults, text, 'the faults of a sensor');
}
