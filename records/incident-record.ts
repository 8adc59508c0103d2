/** Reads the records of topic INCIDENT: what a commit of the incident task has made of an incident, and what it has answered. */
import { z } from 'zod';
import { SEVERITIES } from '../alarm/severity.ts';
import type { Answer } from '../incident/answer.ts';
import type { IncidentEvent } from '../incident/event.ts';
import { CLOSE_DISPOSITIONS, type Closing, INCIDENT_KINDS, type Incident, PHASES } from '../incident/incident.ts';
import { incidentOfName } from '../incident/incident-id.ts';
import { name, sensor, time, typeName, whole } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';

/** An incident after a commit. Ids of incidents are names (`i…`) here and below. */
export interface IncidentNow
  extends Pick<
      Incident,
      | 'kind'
      | 'phase'
      | 'severity'
      | 'confirmed'
      | 'members'
      | 'active'
      | 'membersVersion'
      | 'version'
      | 'unseen'
      | 'openedAt'
      | 'restoredAt'
    >,
    Pick<Incident, 'claim' | 'returned' | 'clock' | 'worseClock' | 'count' | 'place'> {
  readonly id: string;
  readonly parent?: string;
  readonly previous?: string;
  /** How many there are; `members` are at most 100 of them. */
  readonly membersInAll: number;
  /** Targets that got a notice of it. */
  readonly told: readonly string[];
  readonly closing?: Omit<Closing, 'into'> & { readonly into?: string };
}

/** An event as a record has it. Only what every event has is checked: an incident must not be lost by a field of its history. */
export type Happened = Pick<IncidentEvent, 'event' | 'at'> & Readonly<Record<string, unknown>>;

type Named<A> = A extends { incident: number }
  ? Omit<A, 'incident' | 'incidents'> & { readonly incident: string; readonly incidents?: readonly string[] }
  : Omit<A, 'incident'> & { readonly incident?: string };
/** What became of an action, as incident/answer.ts has it. */
export type Outcome = Named<Answer>;

export type IncidentRecord =
  | { readonly incident: IncidentNow; readonly events: readonly Happened[] }
  | { readonly answers: readonly Outcome[] }
  | { readonly forgotten: string };

const incidentId = z.string().refine((id) => incidentOfName(id) !== undefined, 'is not the name of an incident');
const text = z.string().max(2_000);
const version = whole;
const span = z.looseObject({ from: time, ms: whole });
const clock = z.looseObject({
  opened: time,
  received: time.optional(),
  raised: time.optional(),
  notified: time.optional(),
  shown: time.optional(),
  taken: time.optional(),
  dispatched: time.optional(),
  restored: time.optional(),
  closed: time.optional(),
});
const member = z.looseObject({
  id: name,
  sensor: sensor.optional(),
  type: typeName,
  severity: z.enum(SEVERITIES),
  raisedAt: time,
  active: z.boolean(),
  acknowledgedBy: text.optional(),
  version,
});
const incident = z.looseObject({
  id: incidentId,
  kind: z.enum(INCIDENT_KINDS),
  place: z.looseObject({ site: text.optional(), region: text.optional(), cell: text.optional() }).optional(),
  parent: incidentId.optional(),
  previous: incidentId.optional(),
  phase: z.enum(PHASES),
  severity: z.enum(SEVERITIES),
  confirmed: z.tuple([name, name]).optional(),
  members: z.array(member).max(1_000),
  membersInAll: whole,
  active: whole,
  membersVersion: version,
  version,
  unseen: whole,
  openedAt: time,
  restoredAt: time.optional(),
  claim: z
    .looseObject({ owner: text, since: time, hold: span.extend({ why: text }).optional(), offer: span.extend({ id: name }).optional() })
    .optional(),
  returned: text.optional(),
  told: z.array(text),
  count: whole.optional(),
  closing: z
    .looseObject({
      by: text,
      at: time,
      disposition: z.enum(CLOSE_DISPOSITIONS),
      why: text,
      standing: z.boolean(),
      note: text.optional(),
      into: incidentId.optional(),
    })
    .optional(),
  clock,
  worseClock: clock.optional(),
});
const answer = z.union([
  z.looseObject({ action: name, done: z.literal(true), incident: incidentId, version, incidents: z.array(incidentId).optional() }),
  z.looseObject({ action: name, done: z.literal(false), code: z.literal([404, 409, 422]), reason: text, incident: incidentId.optional() }),
]);
const record = z.union([
  z.looseObject({ incident, events: z.array(z.looseObject({ event: text, at: time })) }),
  z.looseObject({ answers: z.array(answer) }),
  z.looseObject({ forgotten: incidentId }),
]);

export function decodeIncidentRecord(value: string): Decoded<IncidentRecord> {
  return decodeJson<IncidentRecord>(record, value, 'a record of an incident');
}
