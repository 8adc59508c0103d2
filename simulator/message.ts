import type { AlarmType } from '../alarm/status.ts';

/** One message of the fleet, as planned: what is sent, by whom, and when. */
export interface Message {
  /** Planned time of sending, ms since the start of the run. */
  readonly dueMs: number;
  readonly sensor: number;
  /** A status goes to ENTRY, a recovery to OK. */
  readonly topic: 'ENTRY' | 'OK';
  readonly motion: boolean;
  readonly smoke: boolean;
  /** °C */
  readonly temperature: number;
  readonly maxTemperature: number;
  /** The sensor's counter; a repeat carries the `seq` of what it repeats. */
  readonly seq: number;
  /** `json`: typed values; `strings`: every value a string, as in the reference system; `bare`: the id alone, for recoveries. */
  readonly form: 'json' | 'strings' | 'bare';
  /** The detector of this type has no value that can be read. */
  readonly unreadable?: AlarmType | undefined;
}

/** As home automation writes a value that it doesn't have. */
const UNREADABLE = 'unavailable';

/** The types that this message reports as active, going by its values. */
export function hitsOf({ topic, motion, smoke, temperature, maxTemperature }: Message): AlarmType[] {
  if (topic === 'OK') return [];
  const hits: AlarmType[] = [];
  if (motion) hits.push('motion');
  if (smoke) hits.push('smoke');
  if (temperature > maxTemperature) hits.push('temperature');
  return hits;
}

/** Whether it can change the state of an alarm at all: nearly all messages can't. */
export function matters(m: Message): boolean {
  return m.topic === 'OK' || m.motion || m.smoke || m.temperature > m.maxTemperature;
}

/** The message as JSON, on one line. */
export function wireForm({ sensor, motion, smoke, temperature, maxTemperature, seq, form, unreadable }: Message): string {
  if (form === 'bare') return `{"id":${sensor}}`;
  const degrees = temperature.toFixed(1);
  const limit = maxTemperature.toFixed(1);
  const text =
    form === 'json'
      ? `{"id":${sensor},"motion":${motion},"smoke":${smoke},"temperature":${degrees},"maxTemperature":${limit},"seq":${seq}}`
      : `{"id":"${sensor}","motion":"${motion}","smoke":"${smoke}","temperature":"${degrees}","maxTemperature":"${limit}","seq":${seq}}`;
  return unreadable === undefined ? text : text.replace(new RegExp(`"${unreadable}":[^,]*`), `"${unreadable}":"${UNREADABLE}"`);
}
