import { HttpError } from '@influxdata/influxdb-client';
import { TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { OneAtATime } from '../../processor/one-at-a-time.ts';
import { type Connection, faultOf, saidOf } from './connection.ts';
import type { InfluxMetrics } from './metrics.ts';
import type { Measurement } from './points.ts';

export interface PointWriterDeps {
  readonly connection: Connection;
  readonly bucket: string;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: InfluxMetrics;
}

/** What became of the points of one chunk. */
interface Attempt {
  taken: number;
  /** Those refused each by itself, and what was said of the last. */
  refused: string[];
  said: string;
}

const POINTS_PER_CHUNK = 5_000;
/** So many refused and none taken: before more are tried, the sample is. */
const TELLING = 16;
const REASONS_MAX = 100;

/** Statuses by which a server refuses what was sent: the client takes 201 for success, 3 says by it that it took only a part. */
const CONTENT_REFUSED: ReadonlySet<number> = new Set([201, 400, 413, 422]);

/** As 1.x and 2.x put it. */
const OUTLIVED = /partial write: (?:points beyond|dropped \d+ points outside) retention policy/;

/**
 * Writes the points of one measurement. What resolves has been acknowledged, all else rejects and is the caller's to write again, which
 * changes nothing that was written. Of a chunk that the server refuses, halves are tried, until it is known which points it is. Such a point
 * is left out, counted and reported, but only if it is refused twice while the server takes another point of that measurement: else the fault
 * isn't the point's, and all wait until somebody has put it right. The client's WriteApi isn't used, since it keeps points back.
 */
export class PointWriter {
  readonly #measurement: Measurement;
  readonly #deps: PointWriterDeps;
  readonly #path: string;
  readonly #writes = new OneAtATime();
  readonly #reported = new Set<string>();
  /** The point that was taken last; to write it again changes nothing, as there is no newer one. */
  #sample: string | undefined;

  constructor(measurement: Measurement, deps: PointWriterDeps) {
    this.#measurement = measurement;
    this.#deps = deps;
    // The path of 1.x, which 2.x and 3 have as well; 1.6 has no other.
    this.#path = `/write?db=${encodeURIComponent(deps.bucket)}&precision=ms`;
  }

  /** Lines of line protocol; of two for the same series and time the later one holds. Rejects with TransientError. */
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
      // All others were taken; these are older than anything that is kept.
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
      if (attempt.taken === 0 && attempt.refused.length === TELLING) await this.#trySample(attempt);
    }
  }

  /** Returns if the server takes what it took before. */
  async #trySample({ said }: Attempt): Promise<void> {
    if (this.#sample !== undefined && (await this.#post([this.#sample])) === undefined) return;
    throw new TransientError('history-refused', `InfluxDB refuses all points of ${this.#measurement}: ${said}`);
  }

  /** Undefined when they were taken, else why the server refuses them. Rejects with whatever has nothing to do with them. */
  async #post(lines: readonly string[]): Promise<string | undefined> {
    const { connection, bucket, metrics } = this.#deps;
    const done = metrics.seconds.startTimer({ measurement: this.#measurement });
    let status = 0;
    try {
      const request = { method: 'POST', path: this.#path, body: lines.join('\n'), contentType: 'text/plain; charset=utf-8' } as const;
      const answer = await connection.request(request, (_headers, code) => {
        status = code;
      });
      return CONTENT_REFUSED.has(status) ? `it took a part only: ${JSON.stringify(answer)}` : undefined;
    } catch (error) {
      if (error instanceof HttpError && CONTENT_REFUSED.has(error.statusCode)) return saidOf(error);
      throw faultOf(error, bucket);
    } finally {
      done();
    }
  }

  #report(refused: number, said: string): void {
    const { health, logger } = this.#deps;
    const measurement = this.#measurement;
    health.report(`history ${measurement}`, refused === 0 ? undefined : `InfluxDB refuses ${refused} points for good: ${said}`);
    const reason = said.replace(/\d+/g, '#');
    if (refused === 0 || this.#reported.has(reason) || this.#reported.size >= REASONS_MAX) return;
    this.#reported.add(reason);
    logger.error(
      { measurement, refused, reason: said },
      'InfluxDB refuses points for good; they were left out, more of the kind are only counted',
    );
  }
}
