import { HttpError } from '@influxdata/influxdb-client';
import { TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { OneAtATime } from '../../processor/one-at-a-time.ts';
import { type Connection, faultOf, meaningOf, wordsOf } from './connection.ts';
import type { InfluxMetrics } from './metrics.ts';
import type { Measurement } from './points.ts';

export interface PointWriterDeps {
  readonly connection: Connection;
  readonly bucket: string;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: InfluxMetrics;
}

/** The outcome for the points of one chunk. */
interface Attempt {
  taken: number;
  /** Points that were refused on their own, and the server's message for the last of them. */
  refused: string[];
  /** In the server's words, which go nowhere. */
  said: string;
}

const POINTS_PER_CHUNK = 5_000;
/** After this many refused points and none accepted, the sample is tried before any more of them. */
const SUSPICIOUS = 16;

/** Statuses with which a server refuses the content. 201 is one of them: with it, version 3 reports that it accepted only a part. */
const CONTENT_REFUSED: ReadonlySet<number> = new Set([201, 400, 413, 422]);

/** The messages of 1.x and 2.x. */
const OUTLIVED = /partial write: (?:points beyond|dropped \d+ points outside) retention policy/;

/**
 * Writes the points of one measurement. A write that resolves has been acknowledged; one that rejects may be repeated by the caller, which changes
 * nothing that was written. A chunk that the server refuses is halved until the refused points are known. Such a point is left out, counted and
 * reported, but only if it is refused twice while the server accepts another point of that measurement: otherwise the cause isn't the point, and all
 * wait until somebody has removed it. The client's WriteApi isn't used, since it holds points back.
 */
export class PointWriter {
  readonly #measurement: Measurement;
  readonly #deps: PointWriterDeps;
  readonly #path: string;
  readonly #writes = new OneAtATime();
  readonly #reported = new Set<string>();
  /** The point that was accepted last. Writing it again changes nothing, since there is no newer one. */
  #sample: string | undefined;

  constructor(measurement: Measurement, deps: PointWriterDeps) {
    this.#measurement = measurement;
    this.#deps = deps;
    // The path of 1.x, which 2.x and 3 have too; 1.6 has no other.
    this.#path = `/write?db=${encodeURIComponent(deps.bucket)}&precision=ms`;
  }

  /** Writes lines of line protocol; of two for the same series and time the later one counts. Rejects with TransientError. */
  async write(lines: readonly string[]): Promise<void> {
    for (let i = 0; i < lines.length; i += POINTS_PER_CHUNK)
      await this.#writes.run(() => this.#write(lines.slice(i, i + POINTS_PER_CHUNK)));
  }

  idle(): Promise<void> {
    return this.#writes.idle();
  }

  async #write(lines: readonly string[]): Promise<void> {
    const { metrics } = this.#deps;
    const measurement = this.#measurement;
    const attempt: Attempt = { taken: 0, refused: [], said: '' };
    await this.#halve(lines, attempt);
    if (attempt.refused.length > 0 && attempt.taken === 0) await this.#trySample(attempt);
    let refused = 0;
    for (const line of attempt.refused) if ((await this.#post([line])) !== undefined) refused += 1;
    metrics.written.inc({ measurement }, attempt.taken + attempt.refused.length - refused);
    metrics.refused.inc({ measurement }, refused);
    this.#report(refused, attempt.said);
  }

  async #halve(lines: readonly string[], attempt: Attempt): Promise<void> {
    const said = await this.#post(lines);
    if (said === undefined) {
      attempt.taken += lines.length;
      this.#sample = lines.at(-1);
    } else if (OUTLIVED.test(said)) {
      // All others were accepted; these are older than the retention.
      const dropped = Math.min(lines.length, Number(/dropped[ =](\d+)/.exec(said)?.[1] ?? lines.length));
      attempt.taken += lines.length - dropped;
      this.#deps.metrics.expired.inc({ measurement: this.#measurement }, dropped);
    } else if (lines.length > 1) {
      const middle = lines.length >> 1;
      await this.#halve(lines.slice(0, middle), attempt);
      await this.#halve(lines.slice(middle), attempt);
    } else {
      attempt.refused.push(...lines);
      attempt.said = said;
      if (attempt.taken === 0 && attempt.refused.length === SUSPICIOUS) await this.#trySample(attempt);
    }
  }

  /** Resolves if the server still accepts a point that it accepted before; rejects with TransientError otherwise. */
  async #trySample({ said }: Attempt): Promise<void> {
    if (this.#sample !== undefined && (await this.#post([this.#sample])) === undefined) return;
    throw new TransientError('history-refused', `InfluxDB refuses all points of ${this.#measurement}: ${meaningOf(said)}`);
  }

  /** Undefined if the points were accepted, otherwise why the server refuses them, in its words. Rejects if the cause is not the points. */
  async #post(lines: readonly string[]): Promise<string | undefined> {
    const { connection, bucket, metrics } = this.#deps;
    const done = metrics.seconds.startTimer({ measurement: this.#measurement });
    let status = 0;
    try {
      const request = { method: 'POST', path: this.#path, body: lines.join('\n'), contentType: 'text/plain; charset=utf-8' } as const;
      const answer = await connection.request(request, (_headers, code) => {
        status = code;
      });
      return CONTENT_REFUSED.has(status) ? `partial write: ${JSON.stringify(answer)}` : undefined;
    } catch (error) {
      if (error instanceof HttpError && CONTENT_REFUSED.has(error.statusCode)) return wordsOf(error);
      throw faultOf(error, bucket);
    } finally {
      done();
    }
  }

  #report(refused: number, said: string): void {
    const { health, logger } = this.#deps;
    const measurement = this.#measurement;
    const reason = meaningOf(said);
    health.report(`history ${measurement}`, refused === 0 ? undefined : `InfluxDB refuses ${refused} points for good: ${reason}`);
    if (refused === 0 || this.#reported.has(reason)) return;
    this.#reported.add(reason);
    logger.error(
      { measurement, refused, reason },
      'InfluxDB refuses points for good; they were left out; further ones like them are only counted',
    );
  }
}
