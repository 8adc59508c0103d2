/**
 * The rows of the audit trail, as JSON in topic AUDIT: who did or saw what. Ids only: no note, no reading and nothing of a client is ever in a row. The rows of
 * one run of a console are a chain: each holds the hash of the one before it, and is signed if its console has a key.
 */
import { z } from 'zod';
import { ACTION_KINDS } from '../alarm/alarm.ts';
import { sensor, time, whole } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';

/**
 * `began` and `ended`: a chain. `lost`: rows that were not written, because the log accepted none for too long. `sign-in-failed` has no name unless a
 * user of that name exists, since people type passwords there. `access-denied`: a call that the caller has no right to. Of an action on an alarm or an
 * incident, the row says that it was asked for; its outcome is in the custody.
 */
export const AUDIT_ACTIONS = [
  'began',
  'ended',
  'lost',
  'signed-in',
  'sign-in-failed',
  'token-refused',
  'access-denied',
  'signed-out',
  'session-revoked',
  'link-shown',
  ...ACTION_KINDS,
  'alarm-viewed',
  'sensor-viewed',
  'alarms-listed',
  'stream-opened',
  'places-read',
  'incident-viewed',
  'incidents-listed',
  'incident-take',
  'incident-look',
  'incident-step',
  'incident-note',
  'incident-hold',
  'incident-release',
  'incident-close',
  'incident-disposition',
  'incident-next',
  'incident-offer',
  'incident-accept',
  'audit-read',
  'user-added',
  'user-changed',
  'user-removed',
  'token-added',
  'token-changed',
  'token-removed',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an action was about. `version`: that of the alarm or incident, as the caller had seen or was shown it. */
export type AuditThing =
  | { readonly alarm: string; readonly version: number }
  | { readonly sensor: number }
  | { readonly incident: string; readonly version: number }
  | { readonly handover: string }
  | { readonly session: string; readonly of: string }
  | { readonly user: string }
  | { readonly token: string }
  /** Method and path as in the API's description, without what the caller put in. */
  | { readonly call: string };

/** The last row of a chain: which one it is, and its hash. `mac`: signature of that, if the rows are signed. */
export interface ChainEnd {
  readonly chain: string;
  readonly n: number;
  readonly hash: string;
  readonly mac?: string | undefined;
}

export interface AuditEvent {
  readonly action: AuditAction;
  /** Name of the user or token; empty if it is not known. */
  readonly by: string;
  /**
   * How the name is known: `user`: by a password; `token`: by the token of a program; `claimed`: it was typed by whoever signed in with a token or link;
   * `system`: the console itself.
   */
  readonly as: 'user' | 'token' | 'claimed' | 'system' | 'nobody';
  /** Address of the client; behind a proxy that the settings name, the one that it gives. Empty: the console itself. */
  readonly from: string;
  readonly on?: readonly AuditThing[];
  /** Id of an action on an alarm, as in topic ACTION, or on an incident. */
  readonly actionId?: string;
  /** How often it happened between `at` and `until`, if more than once. */
  readonly count?: number;
  /** Epoch ms. */
  readonly until?: number;
  /** Of the first row of a chain: how the chain of the console's run before ended. */
  readonly after?: ChainEnd;
}

export interface AuditRow extends AuditEvent {
  readonly chain: string;
  /** Place in its chain, from 0. */
  readonly n: number;
  /** SHA-256 of the text of the row before it, base64url; empty for the first. */
  readonly prev: string;
  /** Epoch ms. */
  readonly at: number;
  /** Names the key that it is signed with; the same in all rows of a chain. Undefined: it isn't signed, as those of earlier versions. */
  readonly key?: string | undefined;
  /** HMAC-SHA256 under that key of the row's text without this last member, base64url. */
  readonly mac?: string | undefined;
}

const text = z.string().max(200);
const hash = z.string().regex(/^[\w-]{43}$/);
const chain = z.string().regex(/^[\w-]{22}$/);
const thing = z.union([
  z.looseObject({ alarm: text, version: whole }),
  z.looseObject({ sensor }),
  z.looseObject({ incident: text, version: whole }),
  z.looseObject({ handover: text }),
  z.looseObject({ session: text, of: text }),
  z.looseObject({ user: text }),
  z.looseObject({ token: text }),
  z.looseObject({ call: text }),
]);
export const chainEnd = z.looseObject({ chain, n: whole, hash, mac: hash.optional() });
const row = z.looseObject({
  chain,
  n: whole,
  prev: z.union([z.literal(''), hash]),
  at: time,
  // A newer version may know more actions.
  action: text,
  by: text,
  as: text,
  from: text,
  on: z.array(thing).optional(),
  actionId: text.optional(),
  count: whole.optional(),
  until: time.optional(),
  after: chainEnd.optional(),
  key: text.optional(),
  mac: hash.optional(),
});

export function decodeAuditRow(value: string): Decoded<AuditRow> {
  return decodeJson<AuditRow>(row, value, 'a row of the audit trail');
}
