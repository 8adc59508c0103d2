/** Statements to Cassandra: bounded in time and number, failing with the ports' PermanentError or TransientError, and reported to health. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, types } from 'cassandra-driver';
import type { Registry } from 'prom-client';
import { retryForever } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { OwnError, PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import { consistencyOf, createClient } from './client.ts';
import { faultOf, isWorthAnotherAttempt } from './errors.ts';
import { cassandraMetrics } from './metrics.ts';
import { Outage } from './outage.ts';
import { inParallel } from './parallel.ts';
import { missingFromSchema } from './schema.ts';
import type { CassandraSchema } from './table.ts';

export interface CassandraDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

export type Row = types.Row;

/**
 * Every request is answered or rejects within the configured timeout: with TransientError `cassandra-away` or `cassandra-timeout`, or with
 * PermanentError `cassandra-refused` (`cassandra-login` if Cassandra no longer accepts the password).
 */
export interface CassandraSession {
  readonly config: CassandraSchema;
  /** The first row of the result, if there is one. */
  first(query: string, params: readonly unknown[]): Promise<Row | undefined>;
  /** Fetches a page, never an empty one, when the caller asks for the next. */
  pages(query: string, params: readonly unknown[], rowsPerPage: number): AsyncIterable<readonly Row[]>;
  /**
   * All rows of a table, page by page. To load the cluster as little as possible, nothing is requested twice or in advance. A page that fails rejects
   * without marking Cassandra as failing for other requests. `next`, given as `from`, continues after that page; undefined after the last one.
   */
  scan(
    query: string,
    rowsPerPage: number,
    from?: string,
  ): AsyncIterable<{ readonly rows: readonly Row[]; readonly next: string | undefined }>;
  /** Several at a time and in no order; if it rejects, some may have been done. */
  write(statements: readonly Statement[]): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

const PART = 'cassandra';
const WRITES_AT_A_TIME = 64;
const PROBE_EVERY_MS = 1_000;
const RECONNECT = { firstMs: 250, maxMs: 5_000 };

/**
 * Resolves even if Cassandra is away: then requests fail, health reports it, and the session connects as soon as it can. Rejects with
 * PermanentError if waiting cannot help: `cassandra-login`, `cassandra-data-centre`, `cassandra-schema`, `file`.
 */
export async function openCassandra(config: CassandraSchema, deps: CassandraDeps): Promise<CassandraSession> {
  const session = new Session(config, deps);
  try {
    await session.open();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** Needed because the driver tries every node once and then gives up, however much time is left. */
function twice<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => (isWorthAnotherAttempt(error) ? work() : Promise.reject(error)));
}

class Session implements CassandraSession {
  readonly config: CassandraSchema;
  readonly #deps: CassandraDeps;
  readonly #client: Client;
  readonly #metrics: ReturnType<typeof cassandraMetrics>;
  readonly #closing = new AbortController();
  readonly #reading: { readonly consistency: types.consistencies };
  readonly #writing: { readonly consistency: types.consistencies };
  #connected = false;
  #problem: string | undefined;
  readonly #outage = new Outage();
  #background: Promise<unknown> = Promise.resolve();

  constructor(config: CassandraSchema, deps: CassandraDeps) {
    this.config = config;
    this.#deps = deps;
    this.#client = createClient(config);
    this.#reading = { consistency: consistencyOf(config.readConsistency) };
    this.#writing = { consistency: consistencyOf(config.writeConsistency) };
    this.#metrics = cassandraMetrics(deps.registry, () => (this.#connected ? this.#client.getState().getConnectedHosts().length : 0));
  }

  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      if (error instanceof PermanentError) throw error;
      this.#failing(reasonOf(error));
    }
  }

  async first(query: string, params: readonly unknown[]): Promise<Row | undefined> {
    const found = await this.#bounded('read', () => this.#client.execute(query, [...params], this.#reading));
    return found.first() ?? undefined;
  }

  async *pages(query: string, params: readonly unknown[], rowsPerPage: number): AsyncGenerator<readonly Row[]> {
    let pageState: string | undefined;
    do {
      const options = { ...this.#reading, fetchSize: rowsPerPage, ...(pageState === undefined ? {} : { pageState }) };
      const page = await this.#bounded('read', () => this.#client.execute(query, [...params], options));
      if (page.rows.length > 0) yield page.rows;
      pageState = page.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  async *scan(query: string, rowsPerPage: number, from?: string): AsyncGenerator<{ rows: readonly Row[]; next: string | undefined }> {
    let next = from;
    do {
      const pageState = next;
      // The driver sends a statement that isn't idempotent to one node only, without asking a second one if the first is slow.
      const options = { ...this.#reading, isIdempotent: false, fetchSize: rowsPerPage, ...(pageState === undefined ? {} : { pageState }) };
      const page = await this.#scanned(() => this.#client.execute(query, [], options));
      next = page.pageState ?? undefined;
      yield { rows: page.rows, next };
    } while (next !== undefined);
  }

  write(statements: readonly Statement[]): Promise<void> {
    return inParallel(statements, WRITES_AT_A_TIME, async ({ query, params }) => {
      await this.#bounded('write', () => this.#client.execute(query, [...params], this.#writing));
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closing'));
    await this.#background.catch(() => undefined);
    await this.#inTime(() => this.#client.shutdown()).catch(() => undefined);
    this.#deps.health.report(PART, undefined);
  }

  async #connect(): Promise<void> {
    try {
      await this.#inTime(() => this.#client.connect());
      const missing = await this.#inTime(() => missingFromSchema(this.#client, this.config));
      if (missing !== undefined) throw new PermanentError('cassandra-schema', `${missing}: run npm run schema`);
    } catch (error) {
      throw faultOf(error);
    }
    this.#connected = true;
  }

  async #bounded<T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    const done = this.#metrics.seconds.startTimer({ kind });
    try {
      this.#checkConnected();
      const result = await this.#inTime(() => twice(work));
      this.#working();
      return result;
    } catch (error) {
      const fault = faultOf(error);
      this.#metrics.failures.inc({ code: fault.code });
      this.#failing(reasonOf(fault));
      throw fault;
    } finally {
      done();
    }
  }

  /** One attempt. Its failure may only mean that the scan is slow, so a cheap request finds out whether Cassandra is away. */
  async #scanned<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#metrics.seconds.startTimer({ kind: 'scan' });
    try {
      this.#checkConnected();
      return await this.#inTime(work);
    } catch (error) {
      const fault = faultOf(error);
      this.#metrics.failures.inc({ code: fault.code });
      if (this.#connected) void this.#check();
      throw fault;
    } finally {
      done();
    }
  }

  #checkConnected(): void {
    if (!this.#connected) throw new TransientError('cassandra-away', this.#problem ?? 'Cassandra is out of reach');
  }

  /** Limits the time of all attempts together; the driver limits that of one attempt on one node. */
  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    const { timeoutMs } = this.config;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new TransientError('cassandra-timeout', `Cassandra did not answer within ${timeoutMs / 1_000} s`);
      timer = setTimeout(() => reject(error), timeoutMs);
    });
    const working = work();
    working.catch(() => undefined);
    try {
      return await Promise.race([working, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #working(): void {
    if (this.#problem !== undefined) this.#deps.health.report(PART, undefined);
    this.#problem = undefined;
    const over = this.#outage.worked();
    if (over) this.#deps.logger.info(over, 'Cassandra answers again');
  }

  #failing(problem: string): void {
    if (this.#closing.signal.aborted) return;
    this.#deps.health.report(PART, problem);
    this.#problem = problem;
    if (!this.#outage.failed()) return;
    this.#deps.logger.warn(
      { reason: problem },
      'requests to Cassandra fail; they are tried again, and this is logged once until it is over',
    );
    this.#background = (this.#connected ? this.#probe() : this.#reconnect()).catch(() => undefined);
  }

  /** Needed because the driver gives up if no node answers its first connection; once connected it reconnects by itself. */
  async #reconnect(): Promise<void> {
    await retryForever(
      () =>
        this.#connect().catch((error: unknown) => {
          const reason = reasonOf(error);
          if (error instanceof PermanentError && reason !== this.#problem) this.#deps.logger.error({ reason }, 'Cassandra cannot be used');
          this.#problem = reason;
          this.#deps.health.report(PART, reason);
          throw new OwnError(reason, { cause: error });
        }),
      () => undefined,
      this.#closing.signal,
      RECONNECT,
    );
    this.#working();
    await this.#probe();
  }

  /** Lets health recover, and logs the end of an outage, even while there are no other requests. */
  async #probe(): Promise<void> {
    while (this.#outage.isOngoing) {
      await sleep(PROBE_EVERY_MS, undefined, { signal: this.#closing.signal });
      await this.#check();
    }
  }

  /** Sends a request that costs next to nothing; its outcome goes to health. */
  async #check(): Promise<void> {
    await this.first(`SELECT id FROM ${this.config.keyspace}.datosclientes WHERE id = 0`, []).catch(() => undefined);
  }
}
