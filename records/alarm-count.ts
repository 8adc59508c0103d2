import { z } from 'zod';
import type { AlarmCount } from '../alarm/alarm.ts';
import { name, sensor, time, typeName } from './fields.ts';
import { aboutKey, type Decoded, decodeJson } from './json.ts';

const WHAT = 'a count';
const count = z.looseObject({ alarm: name, sensor, type: typeName, at: time });

/** Reads a record of COUNT. */
export function decodeAlarmCount(text: string, key: number): Decoded<AlarmCount> {
  return aboutKey(decodeJson<AlarmCount>(count, text, WHAT), key, ({ sensor: about }) => about, WHAT);
}
