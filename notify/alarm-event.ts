import { z } from 'zod';
import { ALARM_CHANGES, type AlarmChange } from '../alarm/alarm.ts';
import { SEVERITIES } from '../alarm/rules.ts';
import { ALARM_TYPES, SENSOR_ID_MAX } from '../alarm/status.ts';
import { PermanentError } from '../runtime/errors.ts';

export type MailedEvent = 'raised' | 'cleared';
/** A change that is mailed. */
export type MailedChange = AlarmChange & { readonly event: MailedEvent };

const MAILED: ReadonlySet<string> = new Set<MailedEvent>(['raised', 'cleared']);

const time = z.number().int().min(0).max(8.64e15);
const evidence = z.looseObject({ topic: z.string(), partition: z.number(), offset: z.number(), at: time, value: z.string() });

/** What a mail needs of an event; the rest is not looked at, so that newer events can be read. */
const mailedChange = z.looseObject({
  at: time,
  alarm: z.looseObject({
    id: z.string().min(1).max(200),
    sensor: z.number().int().min(0).max(SENSOR_ID_MAX),
    type: z.enum(ALARM_TYPES),
    severity: z.enum(SEVERITIES),
    raisedAt: time,
    clearedAt: time.optional(),
    evidence: z.array(evidence),
  }),
});

const kind = z.looseObject({ event: z.enum([...ALARM_CHANGES, 'refused']) });

/** The change in a record of ALARM, or undefined if nobody is to be told of it. Throws PermanentError `undecodable`. */
export function decodeMailedChange(value: string): MailedChange | undefined {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch (error) {
    throw new PermanentError('undecodable', 'not JSON', { cause: error });
  }
  const event = kind.safeParse(json);
  if (!event.success) throw new PermanentError('undecodable', `not an alarm event: ${issues(event.error)}`);
  if (!MAILED.has(event.data.event)) return undefined;
  const change = mailedChange.safeParse(json);
  if (!change.success) throw new PermanentError('undecodable', `not an alarm event: ${issues(change.error)}`);
  return json as MailedChange;
}

function issues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.')} ${issue.message}`)
    .join(', ');
}
