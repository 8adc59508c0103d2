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
  /** Which message of its sensor this is, by the fleet's own count; what is sent again keeps it. Never sent. */
  readonly reading: number;
  /** The sensor's counter as it is sent: nearly always that count, but some sensors' stays 0. What is sent again carries it again. */
  readonly seq: number;
  /** Sent by sensors whose counter stays, so that their readings differ as those of real ones do. */
  readonly uptimeMs?: number;
  /** What is sent in place of a value: rubbish where the detector says nothing, an odd form where it does. */
  readonly wording?: Wording;
  /** `json`: typed values; `strings`: every value a string, as in the reference system; `bare`: the id alone, for recoveries. */
  readonly form: 'json' | 'strings' | 'bare';
}

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

export type Wording = Readonly<Partial<Record<'motion' | 'smoke' | 'temperature' | 'maxTemperature' | 'at', string>>>;

/** The message as its sensor sends it, on one line: JSON, but for odd wording. */
export function wireForm({ sensor, motion, smoke, temperature, maxTemperature, seq, uptimeMs, form, wording = {} }: Message): string {
  if (form === 'bare') return `{"id":${sensor}}`;
  const value = form === 'json' ? String : (plain: unknown) => `"${plain}"`;
  const fields = {
    id: value(sensor),
    motion: value(motion),
    smoke: value(smoke),
    temperature: value(temperature.toFixed(1)),
    maxTemperature: value(maxTemperature.toFixed(1)),
    ...wording,
    seq: String(seq),
    ...(uptimeMs !== undefined && { uptimeMs: String(uptimeMs) }),
  };
  return `{${Object.entries(fields)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',')}}`;
}
