import { z } from 'zod';
import type { AlarmCount } from '../alarm/alarm.ts';
import { name, sensor, time, typeName } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';

const count = z.looseObject({ alarm: name, sensor, type: typeName, at: time });

/** Reads a record of COUNT. */
export function decodeAlarmCount(text: string): Decoded<AlarmCount> {
  return decodeJson<AlarmCount>(count, text, 'a count');
}
