/** Reads the records of ALARM. Only what is needed is checked, so that a newer version may add to them. */
import { z } from 'zod';
import { ACTION_KINDS, ALARM_CHANGES, ALARM_STATES, type AlarmChange, type AlarmEvent, DISPOSITIONS } from '../alarm/alarm.ts';
import { SEVERITIES } from '../alarm/severity.ts';
import { MAILED_EVENTS, type MailedEvent } from './delivery.ts';
import { name, position, sensor, time, typeName, whole } from './fields.ts';
import { aboutKey, type Decoded, parseJson, validate } from './json.ts';

/** A change that is mailed. */
export type MailedChange = AlarmChange & { readonly event: MailedEvent };

const WHAT = 'an alarm event';
const IGNORED = { value: undefined } as const;

const disposition = z.enum(DISPOSITIONS).optional();
const alarm = z.looseObject({
  id: name,
  sensor,
  type: typeName,
  severity: z.enum(SEVERITIES),
  state: z.enum(ALARM_STATES),
  version: whole,
  raisedAt: time,
  lastSeenAt: time,
  clearedAt: time.optional(),
  acknowledgedAt: time.optional(),
  acknowledgedBy: z.string().optional(),
  disposition,
  evidence: z.array(position.extend({ at: time, value: z.string() })),
});
const action = z.looseObject({ kind: z.enum(ACTION_KINDS), by: z.string(), note: z.string().optional(), disposition });

const kind = z.looseObject({ event: z.enum([...ALARM_CHANGES, 'refused']) });
const change = z.looseObject({ at: time, cause: position, alarm, action: action.optional() });
const refusal = z.looseObject({ at: time, cause: position, action, reason: z.string(), alarm: alarm.optional() });
/** Nothing else is checked: a mail must not be held back by a field that it doesn't use. */
const mailed = z.looseObject({
  at: time,
  alarm: alarm.pick({ id: true, sensor: true, type: true, severity: true, raisedAt: true, clearedAt: true, evidence: true }),
});

export function decodeAlarmEvent(text: string, key: number): Decoded<AlarmEvent> {
  return decode<AlarmEvent>(text, key, (event) => (event === 'refused' ? refusal : change));
}

/** For readers that skip refused actions. */
export function decodeAlarmChange(text: string, key: number): Decoded<AlarmChange> {
  return decode<AlarmChange>(text, key, (event) => (event === 'refused' ? undefined : change));
}

/** For mails: everything but raised and cleared alarms is skipped. */
export function decodeMailedChange(text: string, key: number): Decoded<MailedChange> {
  return decode<MailedChange>(text, key, (event) => (MAILED_EVENTS.some((mail) => mail === event) ? mailed : undefined));
}

function decode<T extends Pick<AlarmEvent, 'alarm'>>(
  text: string,
  key: number,
  schemaOf: (event: AlarmEvent['event']) => z.ZodType | undefined,
): Decoded<T> {
  const json = parseJson(text);
  const { value, problem } = validate<Pick<AlarmEvent, 'event'>>(kind, json, WHAT);
  if (value === undefined) return problem === undefined ? IGNORED : { problem };
  const schema = schemaOf(value.event);
  if (schema === undefined) return IGNORED;
  // A refused action may be about an alarm that there is not.
  return aboutKey(validate<T>(schema, json, WHAT), key, (read) => (read.alarm === undefined ? key : read.alarm.sensor), WHAT);
}
