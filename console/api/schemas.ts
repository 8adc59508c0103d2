/** The API's requests and answers: the same schemas check and document them. */
import { z } from 'zod';
import { MANY_MAX } from './many-max.ts';
import { PASSWORD_LENGTH } from '../security/password.ts';
import { ROLES } from '../security/rights.ts';
import { userName } from '../security/users-file.ts';
import { NOTE_MAX } from '../../alarm/action.ts';
import { ALARM_STATES, DISPOSITIONS } from '../../alarm/alarm.ts';
import { CLEARINGS, SHAPES } from '../../alarm/alarm-type.ts';
import { FAULT_REASONS } from '../../alarm/faults.ts';
import { SEVERITIES } from '../../alarm/severity.ts';
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import type { TypeSet } from '../../alarm/type-set.ts';

export const PAGE_MAX = 1_000;

export const time = z.iso.datetime();
export const instant = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' });
/** In answers. Any text, since an alarm may be of a type that the settings no longer have; the OpenAPI document lists those that they have. */
export const typeName = z.string();
/** In requests: the name of a type in the settings. */
function configuredType(types: TypeSet) {
  const names = types.types.map(({ name }) => name);
  return z.enum(names, { error: `must be one of ${names.join(', ')}` });
}
export const wholeText = (min: number, max: number, message: string) =>
  z
    .string()
    .regex(/^\d{1,10}$/, message)
    .transform(Number)
    .refine((n) => n >= min && n <= max, message);

export const LISTED = ['active', 'open', 'all', ...ALARM_STATES] as const;

export const alarmsQuery = (types: TypeSet) =>
  z.strictObject({
    state: z
      .enum(LISTED, { error: `must be one of ${LISTED.join(', ')}` })
      .default('active')
      .describe('active: the condition lasts; open: not yet cleared and acknowledged; all: those in the archive too'),
    type: configuredType(types).optional(),
    region: z.string().min(1).max(40).optional(),
    quarantined: z
      .enum(['true', 'false'], { error: 'must be true or false' })
      .optional()
      .describe('true: only alarms of sensors that no client had; false: all others. Only among open alarms'),
    from: instant.optional().describe('raised at or after'),
    to: instant.optional().describe('raised before'),
    limit: wholeText(1, PAGE_MAX, `must be a whole number from 1 to ${PAGE_MAX}`).default(100),
    cursor: z.string().min(1).max(2_000).optional().describe('from the previous answer'),
  });

export const countsQuery = (types: TypeSet) =>
  z.strictObject({
    from: instant.optional().describe('an hour ago by default'),
    to: instant.optional().describe('now by default'),
    type: configuredType(types).optional(),
  });

export const sensorsQuery = z.strictObject({
  place: z.literal('none', { error: 'must be none' }).describe('those that no map can show'),
  limit: wholeText(1, PAGE_MAX, `must be a whole number from 1 to ${PAGE_MAX}`).default(100),
  cursor: wholeText(0, SENSOR_ID_MAX, 'was not issued by this API').optional().describe('from the previous answer'),
});

export const faultsQuery = z.strictObject({
  limit: wholeText(1, PAGE_MAX, `must be a whole number from 1 to ${PAGE_MAX}`).default(100),
});

export const noQuery = z.strictObject({});
export const liveQuery = z.strictObject({
  last: z.string().max(60).optional().describe('as Last-Event-ID, for clients that cannot send it'),
});

const alarmName = z.string().regex(/^[\w.~-]{1,128}$/, 'is not the id of an alarm');
export const alarmId = z.strictObject({ id: alarmName });
export const sensorId = z.strictObject({ id: wholeText(0, SENSOR_ID_MAX, `must be a whole number from 0 to ${SENSOR_ID_MAX}`) });
export const actionId = z.strictObject({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not the id of an action') });
export const contentHash = z.strictObject({ hash: z.string().regex(/^[\w-]{22}$/, 'is not a content hash') });

const VERSION_MAX = 2 ** 31;
const version = z
  .int(`must be a whole number from 1 to ${VERSION_MAX}`)
  .min(1, `must be a whole number from 1 to ${VERSION_MAX}`)
  .max(VERSION_MAX, `must be a whole number from 1 to ${VERSION_MAX}`)
  .describe('of the alarm that you saw');
const note = z.string().trim().min(1, 'must say something').max(NOTE_MAX);
const action = z
  .string()
  .regex(/^[\w-]{16,64}$/, 'must be 16 to 64 letters, digits, - and _')
  .optional()
  .describe('an id that you choose for each action: one that is sent again with the same id is done at most once');
export const acknowledgeBody = z.strictObject({ version, action, note: note.optional() });
const alarmSeen = z.strictObject({ id: alarmName, version });
export type AlarmSeen = z.infer<typeof alarmSeen>;
export const acknowledgeManyBody = z.strictObject({
  alarms: z
    .array(alarmSeen)
    .min(1, 'must name at least one alarm')
    .max(MANY_MAX, `must be at most ${MANY_MAX} alarms`)
    .refine((alarms) => new Set(alarms.map(({ id }) => id)).size === alarms.length, 'must name each alarm once'),
  action,
  lifeSafety: z.boolean().default(false).describe('whether to include alarms of types that lives depend on; false: they are left out'),
});
export const noteBody = z.strictObject({ version, action, note });
export const dispositionBody = z.strictObject({ version, action, disposition: z.enum(DISPOSITIONS), note: note.optional() });
export const signInBody = z
  .strictObject({
    token: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('if no users file is set: the token of a sign-in link (valid once), of operators or of viewers'),
    name: userName
      .optional()
      .describe(
        "with a password: the user's name; with a token: any name, which is shown with everything that you do; by default your role",
      ),
    password: z.string().min(1).max(PASSWORD_LENGTH.max).optional(),
  })
  .refine(
    ({ token, name, password }) => (token === undefined) !== (password === undefined) && (password === undefined || name !== undefined),
    {
      message: 'send a token, or a name and a password',
    },
  );

const label = z.object({ name: z.string(), city: z.string(), country: z.string() });
const evidence = z.object({
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  at: time,
  seq: z.int().optional(),
  value: z.string().optional().describe('as it was accepted; for operators'),
});
const custody = z.object({
  at: time,
  kind: z.string(),
  position: z.string().optional(),
  by: z.string().optional(),
  note: z.string().optional(),
  messageId: z.string().optional(),
  reply: z.string().optional(),
});

const listedAlarmFields = {
  id: z.string(),
  sensor: z.int(),
  type: typeName,
  state: z.enum(ALARM_STATES),
  severity: z.enum(SEVERITIES),
  quarantined: z
    .literal(true)
    .optional()
    .describe('no client had the sensor when the alarm was raised: it is listed and mailed after all others'),
  version: z.int(),
  raisedAt: time,
  lastSeenAt: time,
  clearedAt: time.nullable(),
  acknowledgedAt: time.nullable(),
  acknowledgedBy: z.string().nullable(),
  disposition: z.enum(DISPOSITIONS).nullable(),
  region: z.string().describe('empty while the client is unknown'),
  geohash: z.string().describe('for viewers five characters'),
};
export const listedAlarm = z.object({ ...listedAlarmFields, client: label.optional().describe('for operators') });
export type ListedAlarm = z.infer<typeof listedAlarm>;

const problems = z.array(z.string()).optional().describe('what could not be fetched, in plain words');
const client = z
  .record(z.string(), z.union([z.string(), z.number()]).nullable())
  .describe('the columns of the directory; a coordinate that is not known is null');
export const wholeAlarm = z.object({
  ...listedAlarmFields,
  evidence: z.array(evidence),
  custody: z.array(custody),
  client: client.nullable().optional().describe('for operators; null: the sensor has no client, or it cannot be looked up'),
  problems,
});
export type WholeAlarm = z.infer<typeof wholeAlarm>;

const actionNamed = z.string().describe('the id of the action: GET /api/actions/{id} answers its outcome');
export const acted = wholeAlarm.extend({ action: actionNamed });

export const alarmPage = z.object({
  alarms: z.array(listedAlarm),
  cursor: z.string().nullable(),
  problems: z
    .array(z.string())
    .optional()
    .describe('in plain words: more alarms are open than the console lists, or some are damaged in the archive'),
});
const fault = z.object({
  detector: typeName,
  reason: z
    .enum(FAULT_REASONS)
    .describe('absent: no longer reported; unreadable: cannot be read; stale: a hit was dropped as older than a recovery'),
  since: time,
});
export type FaultAnswer = z.infer<typeof fault>;
const listedFault = z.object({ sensor: z.int(), ...fault.shape });
export type ListedFaultAnswer = z.infer<typeof listedFault>;
export const faultsAnswer = z.object({ faults: z.array(listedFault), total: z.int() });
export const sensorAnswer = z.object({
  id: z.int(),
  region: z.string(),
  geohash: z.string(),
  active: z.array(typeName).describe('the types of which an alarm is active'),
  since: time
    .nullable()
    .describe('since when any is active; if none is, since when that is so, as far as the history knows; null: not known'),
  alarms: z.array(listedAlarm).describe('the latest 20, newest first'),
  faults: z.array(fault).nullable().describe('of its detectors; null: not known at the moment'),
  client: client.nullable().optional(),
  problems,
});
export type SensorAnswer = z.infer<typeof sensorAnswer>;
export const sensorsAnswer = z.object({
  sensors: z.array(z.object({ id: z.int(), active: z.array(typeName) })),
  total: z.int(),
  cursor: z.string().nullable(),
});
export type SensorsAnswer = z.infer<typeof sensorsAnswer>;
export const countsAnswer = z.object({
  from: time,
  to: time,
  counts: z.array(z.object({ minute: time, type: typeName, count: z.int() })).describe('minutes without alarms are left out'),
  problems: z.array(z.string()).optional().describe('in plain words: counts of some minutes cannot be read'),
});
const alarmType = z.object({
  name: z.string().describe('lower case letters, digits and hyphens'),
  label: z.string().describe('for people'),
  severity: z.enum(SEVERITIES).describe('of its new alarms'),
  lifeSafety: z.boolean().describe('whether lives depend on it'),
  hits: z.int().describe('how many hits raise an alarm'),
  withinMs: z.int().optional().describe('the hits must lie within this span; absent: however far apart'),
  clears: z.enum(CLEARINGS).describe('recovery: by POST /ok only; normal: also by the first reading that is not a hit'),
  when: z.string().describe('the condition that makes a reading a hit: `smoke`, `not mains`, `temperature > maxTemperature`, `co > 50`'),
  shape: z.enum(SHAPES).describe('how it is drawn'),
});
export type TypeAnswer = z.infer<typeof alarmType>;
export const typesAnswer = z.object({ types: z.array(alarmType) });
export const sessionAnswer = z.object({
  name: z.string(),
  role: z.enum([...ROLES, 'token']),
  rights: z.array(z.string()).describe('what you may do: read, clients, acknowledge, sessions, audit, metrics, reasons'),
  until: time.nullable(),
});
export const problem = z.object({ error: z.string() });
export const signedOut = problem.extend({
  signIn: z.enum(['password', 'token']).describe('how browsers sign in here: with name and password if TOCSIN_USERS is set'),
});
const acknowledgedAlarm = z.object({
  id: z.string(),
  outcome: z
    .enum(['acknowledged', 'already', 'over', 'changed', 'left-out', 'unknown', 'pending'])
    .describe(
      'already: it was acknowledged before; over: it was acknowledged and cleared before; changed: it has another version now, look at it; left-out: lives depend on its type, and lifeSafety was not true; unknown: there is no such alarm; pending: not decided in time, send the same request again',
    ),
  reason: z.string().optional(),
  action: z.string().describe('the id of the action on this alarm, as for GET /api/actions/{id}'),
});
export type AcknowledgedAlarm = z.infer<typeof acknowledgedAlarm>;
export const acknowledgedMany = z.object({
  action: z.string().describe('the id of the call: if it is sent again, each of its alarms is acknowledged at most once'),
  alarms: z.array(acknowledgedAlarm),
});
export type AcknowledgedMany = z.infer<typeof acknowledgedMany>;
const actionProblem = { error: z.string(), action: actionNamed };
export const notDone = z.object(actionProblem);
export const conflict = z.object({ ...actionProblem, alarm: wholeAlarm.nullable() });
export const actionAnswer = z.object({
  action: z.string(),
  state: z
    .enum(['pending', 'done', 'refused', 'unknown'])
    .describe('pending: in the log, not decided yet; unknown: not seen in the log, or too long ago: look at the custody of the alarm'),
  reason: z.string().optional().describe('why it was refused'),
  alarm: wholeAlarm.nullable().optional().describe('as it is now; null: it cannot be fetched'),
});
export type ActionAnswer = z.infer<typeof actionAnswer>;
