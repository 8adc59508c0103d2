/** Requests and answers about incidents. */
import { z } from 'zod';
import { NOTE_MAX } from '../../alarm/action.ts';
import { SEVERITIES } from '../../alarm/severity.ts';
import { CLOSE_DISPOSITIONS, INCIDENT_KINDS, PHASES } from '../../incident/incident.ts';
import { incidentOfName } from '../../incident/incident-id.ts';
import { instant, time, typeName, wholeText } from './schemas.ts';

const LIMIT_MAX = 500;
const HANDED_MAX = 200;
const HOLD_MAX_MINUTES = 60;
const limit = `must be a whole number from 1 to ${LIMIT_MAX}`;
const oneOf = (names: readonly string[]) => ({ error: `must be one of ${names.join(', ')}` });

export const LISTED_PHASES = ['open', ...PHASES, 'all'] as const;
export const incidentsQuery = z.strictObject({
  phase: z.enum(LISTED_PHASES, oneOf(LISTED_PHASES)).default('open').describe('open: all but CLOSED'),
  kind: z.enum(INCIDENT_KINDS, oneOf(INCIDENT_KINDS)).optional(),
  site: z.string().min(1).max(200).optional().describe('for those who may see clients'),
  severity: z.enum(SEVERITIES, oneOf(SEVERITIES)).optional(),
  limit: wholeText(1, LIMIT_MAX, limit).default(100),
  cursor: z
    .string()
    .regex(/^[01]\.[0-3]\.\d{1,16}\.i[0-9a-z]{1,11}$/, 'was not issued by this API')
    .optional()
    .describe('from the previous answer'),
});
export const responseQuery = z.strictObject({
  from: instant.optional().describe('opened at or after'),
  to: instant.optional().describe('opened before'),
  format: z.enum(['json', 'csv'], oneOf(['json', 'csv'])).default('json'),
});

const incidentName = z.string().refine((name) => incidentOfName(name) !== undefined, 'is not the id of an incident');
export const incidentId = z.strictObject({ id: incidentName });
export const handoverId = z.strictObject({ id: z.string().regex(/^[\w-]{1,64}$/, 'is not the id of a handover') });

export const actionKey = z.uuid('must be a UUID');
export const actionHeaders = z.object({
  'Idempotency-Key': actionKey.describe(
    'a UUID that you choose for each action: one that is sent again with the same one is done once, and answered the same',
  ),
});

const note = z.string().trim().min(1, 'must say something').max(NOTE_MAX);
const disposition = z.enum(CLOSE_DISPOSITIONS, oneOf(CLOSE_DISPOSITIONS));
export const nothing = z.strictObject({});
export const takeBody = z.strictObject({ over: z.boolean().default(false).describe('true: take it from whoever has it') });
export const stepBody = z.strictObject({
  step: z.string().trim().min(1, 'must name what is done').max(200),
  dispatches: z.boolean().default(false).describe('somebody was sent there'),
});
export const noteBody = z.strictObject({ note });
export const holdBody = z.strictObject({
  minutes: z.number().positive().max(HOLD_MAX_MINUTES, `must be at most ${HOLD_MAX_MINUTES}`),
  why: z.string().trim().min(1, 'must say why').max(NOTE_MAX),
});
export const closeBody = z.strictObject({
  membersVersion: z.int().min(1).describe('of the incident that you saw: if something has joined it since, it is not closed'),
  disposition,
  standing: z.boolean().default(false).describe('something is still active, and it is closed all the same: this needs a note'),
  note: note.optional(),
});
export const dispositionBody = z.strictObject({ disposition });
export const offerBody = z.strictObject({
  incidents: z
    .union([z.literal('all'), z.array(incidentName).min(1, 'must name at least one').max(HANDED_MAX)])
    .default('all')
    .describe('that you have'),
  to: z.string().min(1).max(200).optional().describe('who may accept; by default anybody'),
});

const closing = z.object({
  at: time,
  by: z.string(),
  why: z.string().describe('operator, restored or merged'),
  disposition: z.enum(CLOSE_DISPOSITIONS),
  standing: z.boolean(),
  into: z.string().optional().describe('the incident that it was merged into'),
  note: z.string().optional().describe('for operators'),
});
const clock = z
  .record(z.string(), time)
  .describe(
    'when what came of it first: received and raised (by clocks of the sensors), opened, notified, shown, taken, dispatched, restored, closed',
  );
const listedFields = {
  id: z.string(),
  kind: z.enum(INCIDENT_KINDS),
  phase: z.enum(PHASES).describe('who has it: NEW nobody, TAKEN somebody, HELD somebody who waits for something'),
  active: z.boolean().describe('whether anything of it still is'),
  severity: z.enum(SEVERITIES).describe('the highest ever'),
  confirmed: z.boolean().describe('two detectors of the premises confirm each other'),
  version: z.int(),
  membersVersion: z.int().describe('the version when a member last joined: closing needs it'),
  members: z.int().describe('how many alarms or troubles it has'),
  unseen: z.int().describe('how many of them its owner has not seen yet'),
  openedAt: time,
  restoredAt: time.nullable(),
  owner: z.string().nullable(),
  ownerSince: time.nullable(),
  heldUntil: time.nullable(),
  returned: z.string().nullable().describe('why it lost its owner: released, unattended, absent, or hold over'),
  region: z.string().describe('empty while it is unknown'),
  geohash: z.string().describe('for viewers five characters'),
  parent: z.string().nullable(),
  previous: z.string().nullable().describe('the last one of these premises, if it was closed less than a day before'),
  closing: closing.nullable(),
  clock,
  site: z.string().optional().describe('the premises, as the directory names them; for operators'),
  heldWhy: z.string().optional().describe('for operators'),
};
export const listedIncident = z.object(listedFields).meta({ id: 'ListedIncident' });
export type ListedIncidentAnswer = z.infer<typeof listedIncident>;

const member = z.object({
  id: z.string().describe('of the alarm: GET /api/alarms/{id}'),
  sensor: z.int().nullable(),
  type: typeName,
  severity: z.enum(SEVERITIES),
  raisedAt: time,
  active: z.boolean(),
  acknowledgedBy: z.string().nullable(),
  version: z.int(),
});
const happened = z
  .object({
    at: time,
    event: z.string(),
    by: z.string().optional(),
    over: z.string().optional().describe('who had it before'),
    to: z.array(z.string()).optional().describe('targets that were told, or the operator to whom it was offered'),
    member: z.string().optional().describe('the alarm or trouble'),
    incident: z.string().optional().describe('another incident: its parent, or one that was merged'),
    handover: z.string().optional(),
    severity: z.string().optional(),
    minutes: z.number().optional(),
    why: z.string().optional(),
    disposition: z.string().optional(),
    note: z.string().optional().describe('what an operator wrote; for operators'),
  })
  .meta({ id: 'IncidentEvent' });
export type HappenedAnswer = z.infer<typeof happened>;
const problems = z.array(z.string()).optional().describe('what may be missing or out of date, in plain words');
export const wholeIncident = z
  .object({
    ...listedFields,
    memberList: z.array(member).describe('at most 100: active ones first, then the newest'),
    told: z.array(z.string()).describe('targets that got a notice of it'),
    history: z.array(happened).describe('the oldest first'),
    historyIsCut: z.boolean().describe('more has happened before it than is held'),
    problems,
  })
  .meta({ id: 'Incident' });
export type WholeIncidentAnswer = z.infer<typeof wholeIncident>;

export const incidentPage = z.object({ incidents: z.array(listedIncident), cursor: z.string().nullable(), problems });
export const incidentConflict = z.object({ error: z.string(), incident: wholeIncident.nullable() }).meta({ id: 'IncidentConflict' });
export const handedOver = z.object({ handover: z.string(), incidents: z.array(listedIncident) });

const percentiles = z
  .object({
    day: z.string().describe('of the opening, UTC'),
    severity: z.enum(SEVERITIES),
    from: z.enum(['opened', 'worsened']),
    until: z.enum(['shown', 'taken', 'dispatched']),
    count: z.int(),
    negative: z.int().describe('spans that foreign clocks made negative: they count as 0'),
    p50: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
  })
  .meta({ id: 'ResponsePercentiles' });
const falseAlarms = z
  .object({
    severity: z.enum(SEVERITIES),
    genuine: z.int(),
    false: z.int(),
    aborted: z.int(),
    unknown: z.int(),
    test: z.int(),
    share: z.number().nullable().describe('false ones among those that were genuine, false or aborted; null: there were none'),
  })
  .meta({ id: 'FalseAlarms' });
export const responseAnswer = z.object({
  response: z.array(percentiles).describe('spans from when the system got the alarm, in ms; the oldest day and the gravest first'),
  falseAlarms: z.array(falseAlarms).describe('of closed incidents of kind alarm'),
  problems,
});
export type ResponseAnswer = z.infer<typeof responseAnswer>;
