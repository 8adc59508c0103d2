import type { Warning } from '../../alarm/warnings.ts';

/** A prepared answer: headers as one flat list, which node:http writes without copying. */
export interface Answer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string;
}

const JSON_TYPE = 'application/json';

export function answer(status: number, body: string, headers: readonly string[] = [], type: string = JSON_TYPE): Answer {
  return { status, headers: ['Content-Type', type, 'Content-Length', String(Buffer.byteLength(body)), ...headers], body };
}

export function jsonAnswer(status: number, value: unknown, headers: readonly string[] = []): Answer {
  return answer(status, JSON.stringify(value), headers);
}

export function errorAnswer(status: number, error: string, headers: readonly string[] = []): Answer {
  return jsonAnswer(status, { error }, headers);
}

export const CLOSE = ['Connection', 'close'] as const;

export function retryAfter(seconds: number): string[] {
  return ['Retry-After', String(Math.max(1, Math.ceil(seconds)))];
}

/** A member of a request that was not accepted. */
export interface Rejection {
  /** Its index in the array, or its line, from 0. */
  readonly index: number;
  readonly error: string;
}

/** A field of an accepted member that is missing or unreadable. */
export interface FieldWarning extends Warning {
  readonly index: number;
}

/** The first warnings of a request, and how many more there are. */
export interface Warnings {
  readonly listed: FieldWarning[];
  omitted: number;
}

/** The results for the members of a request. */
export interface Outcome {
  readonly accepted: number;
  readonly rejected: readonly Rejection[] | undefined;
  /** How many more were rejected than are listed. */
  readonly rejectedOmitted: number;
  /** Index of the first member that was not read; undefined: all were read. */
  readonly notReadFrom: number | undefined;
  readonly warnings: Warnings | undefined;
}

const ACCEPTED_ONE = answer(202, '{"accepted":1}');

/** 202: everything is durable; 207: members up to `notReadFrom` that are not in `rejected` are durable. */
export function ingestAnswer({ accepted, rejected, rejectedOmitted, notReadFrom, warnings }: Outcome): Answer {
  if (rejected !== undefined || warnings !== undefined) {
    const { listed, omitted } = warnings ?? {};
    return jsonAnswer(rejected ? 207 : 202, {
      accepted,
      rejected,
      rejectedOmitted: rejectedOmitted || undefined,
      notReadFrom,
      warnings: listed,
      warningsOmitted: omitted || undefined,
    });
  }
  return accepted === 1 ? ACCEPTED_ONE : answer(202, `{"accepted":${accepted}}`);
}

/** For a request of which nothing was accepted. */
export function noneAnswer(
  status: 400 | 401 | 403,
  { rejected = [], rejectedOmitted, notReadFrom }: Pick<Outcome, 'rejected' | 'rejectedOmitted' | 'notReadFrom'>,
): Answer {
  return jsonAnswer(status, { accepted: 0, rejected, rejectedOmitted: rejectedOmitted || undefined, notReadFrom });
}

/** What is said of a record whose sensor no client has. */
export const UNKNOWN_SENSOR = 'no client has this sensor';

export const DRAINING = errorAnswer(503, 'the proxy is stopping, send to another one or again later', [...retryAfter(1), ...CLOSE]);
export const BUSY = errorAnswer(503, 'too much is waiting for the log, send again later', retryAfter(1));
export const OVER_SHARE = errorAnswer(
  429,
  'others send too, and more of this client is waiting than its share, send again later',
  retryAfter(1),
);
export const ALTERNATES = errorAnswer(
  503,
  'the sensor alternates between readings and recoveries faster than time passes, send the recovery again later',
  retryAfter(1),
);
export const UNAUTHENTICATED = errorAnswer(401, "the sensor's key, the gateway's token or the signature is missing, wrong or too old", [
  'WWW-Authenticate',
  'Bearer realm="tocsin"',
]);
/** Of a signed request that comes a second time, whoever sends it. */
export const TAKEN_BEFORE = errorAnswer(409, 'this signed request was accepted before: nothing was taken again; sign anew what is new');
export const CONTENT_ENCODED = errorAnswer(415, 'the body must not be compressed (Content-Encoding)', ['Accept-Encoding', 'identity']);
export const TRANSFER_ENCODED = errorAnswer(400, 'the only Transfer-Encoding understood is chunked', CLOSE);
