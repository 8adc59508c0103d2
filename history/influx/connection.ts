/** Requests to InfluxDB, with time-outs and plain error messages. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { reasonOf, TransientError } from '../../runtime/errors.ts';
import { readPem } from '../../runtime/pem.ts';
import { type InfluxConfig, influxSettings } from './config.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly body?: string | object;
  readonly contentType?: string;
}

export interface Connection {
  /**
   * Resolves with the answer's JSON or text. Rejects with HttpError if the server refuses the request, with TransientError if it doesn't answer within
   * the time-out.
   */
  request(request: Request, onHeaders?: (headers: Headers, status: number) => void): Promise<unknown>;
  /** The answer's bytes as they arrive. It may take any time as long as no pause exceeds `patience` times the time-out. Rejects as `request` does. */
  stream(request: Request, patience: number): AsyncIterable<Uint8Array>;
  /** Closes the sockets, also those of requests under way. */
  close(): void;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

const SOCKETS_MAX = 8;
const GZIP_FROM_BYTES = 1_000;

export function openConnection(config: InfluxConfig): Connection {
  const { url, token, timeoutMs } = config;
  const agent = agentOf(config);
  const { transport } = new InfluxDB({
    url,
    // The client's own time-out only reports; the signals below also end the request and free its socket.
    timeout: 0,
    ...(token === undefined ? {} : { token }),
    headers: basicAuthorization(config),
    transportOptions: { agent },
  });
  const optionsOf = ({ method, contentType = 'application/json' }: Request, signal: AbortSignal) => ({
    method,
    headers: { 'content-type': contentType, accept: 'application/json' },
    gzipThreshold: GZIP_FROM_BYTES,
    signal,
  });
  return {
    request: async (request, onHeaders) => {
      const options = optionsOf(request, AbortSignal.timeout(timeoutMs));
      try {
        return await transport.request(request.path, request.body ?? '', options, (headers, status = 0) => onHeaders?.(headers, status));
      } catch (error) {
        throw error instanceof HttpError ? error : unreachable(error, timeoutMs, options.signal);
      }
    },
    stream: async function* (request, patience) {
      const silenceMs = timeoutMs * patience;
      const silence = new AbortController();
      const options = optionsOf(request, silence.signal);
      const arm = () => setTimeout(() => silence.abort(new Error('silence')), silenceMs);
      let timer = arm();
      try {
        for await (const bytes of transport.iterate(request.path, request.body ?? '', options)) {
          clearTimeout(timer);
          yield bytes;
          timer = arm();
        }
      } catch (error) {
        throw error instanceof HttpError ? error : unreachable(error, silenceMs, options.signal);
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}

/** An HttpError as the history's TransientError; other errors unchanged. */
export function faultOf(error: unknown, bucket: string): Error {
  if (!(error instanceof HttpError)) return error instanceof Error ? error : new TransientError('history-unavailable', reasonOf(error));
  const { statusCode } = error;
  if (statusCode === 401 || statusCode === 403) {
    return new TransientError('history-misconfigured', `InfluxDB refuses the log-in, see TOCSIN_INFLUX_TOKEN and _USER (${statusCode})`);
  }
  if (statusCode === 404) return missing(bucket);
  return new TransientError('history-unavailable', `InfluxDB answers ${statusCode}: ${meaningOf(wordsOf(error))}`);
}

export function missing(bucket: string): TransientError {
  return new TransientError('history-missing', `InfluxDB has no bucket or database ${bucket} for this log-in, npm run schema creates it`);
}

/** The server's words, to be looked at and never passed on: they quote what was sent, and a geohash tells where somebody lives. */
export function wordsOf(error: HttpError): string {
  return String(error.json?.error || error.json?.message || error.message);
}

/** What the server's words mean, in ours. */
export function meaningOf(words: string): string {
  const [, field, here, there] = TYPE_CONFLICT.exec(words) ?? [];
  if (field !== undefined) return `${field} is of type ${there} there and not ${here}`;
  return MEANINGS.find(([pattern]) => pattern.test(words))?.[1] ?? 'the reason is in its log';
}

/** Names of fields are ours, and say nothing of anybody. */
const TYPE_CONFLICT = /input field \\*"([a-z_]{1,40})\\*" on measurement .* is type ([a-z]{1,20}), already exists as type ([a-z]{1,20})/;

const MEANINGS: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/field type conflict|input field .* is type/, 'a field is of another type there'],
  [/retention policy/, 'the points are older than what is kept'],
  [/max-(?:series|values)|too many (?:series|points)/, 'there are more series than it takes'],
  [/unable to parse|invalid (?:line|field|tag|number|boolean|format)|missing (?:field|tag)/, 'it cannot read what was sent'],
  [/partial write/, 'it took a part only'],
  [/(?:database|bucket)\b.* not found/, 'there is no such database or bucket'],
  [/unauthorized|not authorized|authorization|authentication|forbidden|permission/i, 'the log-in is not known, or has not the right to it'],
  [/too large/i, 'too much was sent at once'],
  [/time-?out|timed out|deadline/i, 'it took too long'],
  [/memory|cache-max|disk|no space/i, 'it has no room'],
];

function unreachable(error: unknown, timeoutMs: number, signal: AbortSignal): TransientError {
  const reason = signal.aborted ? `no answer in ${timeoutMs} ms` : reasonOf(error);
  return new TransientError('history-unavailable', `InfluxDB cannot be reached: ${reason}`, { cause: error });
}

function basicAuthorization({ user, password }: InfluxConfig): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

function agentOf({ url, caFile }: InfluxConfig): HttpAgent {
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX };
  if (!url.startsWith('https:')) return new HttpAgent(options);
  return new HttpsAgent({
    ...options,
    minVersion: 'TLSv1.2',
    ...(caFile === undefined ? {} : { ca: readPem(caFile, influxSettings.caFile.name) }),
  });
}
