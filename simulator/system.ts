import { z } from 'zod';
import { ALARM_STATES } from '../alarm/alarm.ts';
import { PermanentError, TransientError } from '../runtime/errors.ts';
import type { ObservedAlarm } from './comparison.ts';

const ALARM = z.object({
  id: z.string(),
  sensor: z.number(),
  type: z.string(),
  state: z.enum(ALARM_STATES),
  raisedAt: z.iso.datetime(),
  evidence: z.array(z.object({ value: z.unknown() })).optional(),
});
const WHOLE = ALARM.required({ evidence: true });
const PAGE = z.object({ alarms: z.array(ALARM), cursor: z.string().nullish() });

const PAGE_SIZE = 500;
const PAGES_MAX = 10_000;
const TIMEOUT_MS = 15_000;

/** The system, through its console's API. */
export class System {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, token: string | undefined) {
    this.#url = url.replace(/\/$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The system's own time, ms since the epoch, rounded down to seconds. */
  async time(): Promise<number> {
    const response = await this.#get('/api/alarms?state=active&limit=1');
    await response.body?.cancel();
    const date = Date.parse(response.headers.get('date') ?? '');
    return Number.isNaN(date) ? Math.floor(Date.now() / 1_000) * 1_000 : date;
  }

  /**
   * All alarms that are active, or all raised since `from`. Rejects with PermanentError (`console-refused`, `console-answer`) or TransientError
   * (`console-away`).
   */
  async alarms(query: { state: 'active' } | { state: 'all'; from: number }): Promise<ObservedAlarm[]> {
    const fixed = new URLSearchParams({ state: query.state, limit: String(PAGE_SIZE) });
    if (query.state === 'all') fixed.set('from', new Date(query.from).toISOString());
    const alarms = new Map<string, ObservedAlarm>();
    let cursor: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const response = await this.#get(`/api/alarms?${fixed}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      const answer = agreed(PAGE, await response.json());
      for (const alarm of answer.alarms) alarms.set(alarm.id, observed(alarm));
      cursor = answer.cursor ?? undefined;
      if (cursor === undefined) return [...alarms.values()];
    }
    throw new PermanentError('console-answer', 'the console never answers a last page');
  }

  /** One alarm with its readings; undefined if the system doesn't know it. Rejects as `alarms` does. */
  async alarm(id: string): Promise<ObservedAlarm | undefined> {
    const response = await this.#get(`/api/alarms/${encodeURIComponent(id)}`, 404);
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    return observed(agreed(WHOLE, await response.json()));
  }

  /** The answer, if its status is a success or `allowed`. */
  async #get(path: string, allowed?: number): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, { headers: this.#headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw new TransientError('console-away', `the console at ${this.#url} does not answer`, { cause: error });
    }
    if (response.ok || response.status === allowed) return response;
    const said = (await response.text()).slice(0, 200);
    if (response.status === 401 || response.status === 403)
      throw new PermanentError(
        'console-refused',
        `the console requires a token (${response.status}): give its TOCSIN_API_TOKEN as --token`,
      );
    if (response.status === 429 || response.status >= 500)
      throw new TransientError('console-away', `the console answers ${response.status}: ${said}`);
    throw new PermanentError('console-answer', `the console answers ${response.status} to ${path}: ${said}`);
  }
}

function agreed<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new PermanentError('console-answer', `the console's answer has an unexpected form: ${z.prettifyError(result.error)}`);
}

function observed({ id, sensor, type, state, raisedAt, evidence }: z.infer<typeof ALARM>): ObservedAlarm {
  const seqs = evidence?.map(({ value }) => seqOf(value));
  return {
    id,
    sensor,
    type,
    cleared: state.startsWith('CLEARED'),
    raisedAt: Date.parse(raisedAt),
    evidence: seqs?.every((seq) => seq !== undefined) && seqs.length > 0 ? seqs : undefined,
  };
}

/** A reading's `seq`; `value`: the accepted record, as text or as an object. */
function seqOf(value: unknown): number | undefined {
  try {
    const status: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    const seq = typeof status === 'object' && status !== null && 'seq' in status ? Number(status.seq) : Number.NaN;
    return Number.isInteger(seq) ? seq : undefined;
  } catch {
    return undefined;
  }
}
