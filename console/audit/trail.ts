import { SELF } from '../../alarm/lifecycle.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { severalRecords } from '../../message-log/several-records.ts';
import type { AuditEvent, ChainEnd } from '../../records/audit-row.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { counted } from '../../runtime/counted.ts';
import { MINUTE_MS } from '../../runtime/durations.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { Chain, type ChainedRow } from './chain.ts';
import { ChainEndFile, readChainEnd } from './chain-end-file.ts';
import type { AuditKey } from './key.ts';
import { Repeats } from './repeats.ts';

export interface AuditDeps {
  readonly log: Pick<MessageLog, 'append'>;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
  /** Where the end of the chain is kept for the next run and for `npm run doctor`; undefined: nowhere. */
  readonly endFile: string | undefined;
  /** Signs the rows; undefined: they aren't signed. */
  readonly key?: AuditKey | undefined;
  /** Bytes of rows that may wait for the log; views may take half of it, so that there is room for what operators do. */
  readonly waitingMax: number;
}

const ROWS_AT_ONCE = 100;
const RETRY = { firstMs: 500, maxMs: 10_000 };
const LAST_ROWS_MS = 2_000;
const PART = 'console-audit';

export const BY_SYSTEM = { by: SELF, as: 'system', from: '' } as const;

/**
 * Writes who did what to the log. Never refuses and never delays an action: rows wait in memory until the log accepts them, within a bound; what is beyond it
 * is lost, which is logged, shown in /readyz and written as a row as soon as that is possible. Rows that were waiting when a process dies are lost too.
 */
export class AuditTrail {
  readonly #deps: AuditDeps;
  readonly #chain: Chain;
  readonly #repeats = new Repeats();
  readonly #endFile: ChainEndFile | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #stopping = new AbortController();
  #waiting: ChainedRow[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #lost = { count: 0, at: 0 };
  #lostInAll = 0;
  #written = 0;
  #problem: string | undefined;

  private constructor(deps: AuditDeps, after: ChainEnd | undefined) {
    this.#deps = deps;
    this.#chain = new Chain(deps.key);
    this.#endFile = deps.endFile === undefined ? undefined : new ChainEndFile(deps.endFile, deps.logger);
    this.#timer = setInterval(() => this.#addRepeats(), MINUTE_MS).unref();
    this.#add({ action: 'began', ...BY_SYSTEM, ...(after && { after }) }, deps.clock());
  }

  /** Begins a chain. Never rejects. */
  static async start(deps: AuditDeps): Promise<AuditTrail> {
    return new AuditTrail(deps, deps.endFile === undefined ? undefined : await readChainEnd(deps.endFile));
  }

  /** Rows in the log, of this run. */
  get written(): number {
    return this.#written;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Rows that were lost, of this run. */
  get lost(): number {
    return this.#lostInAll;
  }

  /** Every one gets a row of its own. For what is done to alarms, sessions and users. */
  record(event: AuditEvent): void {
    this.#add(event, this.#deps.clock());
  }

  /**
   * The same event again within a minute is only counted. For what can be repeated without end, such as failed sign-ins. `kind`: events with the same one
   * count as the same; default: all of the event.
   */
  recordOften(event: AuditEvent, kind?: string): void {
    const at = this.#deps.clock();
    if (this.#repeats.isFirst(event, at, kind)) this.#add(event, at);
  }

  /** As `recordOften`. False: there is no room for it, so that it will not be recorded; then what may wait should not be shown. */
  recordView(event: AuditEvent): boolean {
    if (this.#waitingBytes >= this.#deps.waitingMax / 2) {
      this.#lose();
      return false;
    }
    this.recordOften(event);
    return true;
  }

  /** Writes what is waiting, for at most two seconds. Never rejects. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#addRepeats();
    this.#add({ action: 'ended', ...BY_SYSTEM }, this.#deps.clock());
    const late = setTimeout(() => this.#stopping.abort(), LAST_ROWS_MS);
    await Promise.race([this.#writing, new Promise((resolve) => this.#stopping.signal.addEventListener('abort', resolve))]);
    clearTimeout(late);
    this.#stopping.abort();
    if (this.#waiting.length > 0)
      this.#deps.logger.error({ rows: this.#waiting.length }, 'rows of the audit trail could not be written: they are lost');
    await this.#endFile?.close();
  }

  #addRepeats(): void {
    for (const { event, at } of this.#repeats.take()) this.#add(event, at);
  }

  #add(event: AuditEvent, at: number): void {
    if (this.#waitingBytes >= this.#deps.waitingMax) {
      this.#lose();
      return;
    }
    const row = this.#chain.add(event, at);
    this.#waiting.push(row);
    this.#waitingBytes += row.text.length;
    this.#writing ??= this.#write();
  }

  #lose(): void {
    if (this.#lost.count === 0) {
      this.#lost.at = this.#deps.clock();
      this.#deps.logger.error(
        'the audit trail has no room: what is done and seen from now on is not recorded until the log accepts rows again',
      );
    }
    this.#lost.count += 1;
    this.#lostInAll += 1;
    this.#report(this.#problem);
  }

  async #write(): Promise<void> {
    const { log, clock } = this.#deps;
    for (let attempt = 0; this.#waiting.length > 0 && !this.#stopping.signal.aborted; ) {
      const rows = this.#waiting.slice(0, ROWS_AT_ONCE);
      try {
        await log.append('AUDIT', severalRecords(rows.map(({ text }) => ({ key: this.#chain.key, value: text }))), clock());
        attempt = 0;
        this.#accepted(rows);
      } catch (error) {
        // The same rows again: those that were written all the same are there twice, which changes nothing about the chain.
        this.#report(reasonOf(error));
        await this.#pause(backoffMs(attempt, RETRY));
        attempt += 1;
      }
    }
    this.#writing = undefined;
  }

  #accepted(rows: readonly ChainedRow[]): void {
    this.#waiting = this.#waiting.slice(rows.length);
    for (const { text } of rows) this.#waitingBytes -= text.length;
    this.#written += rows.length;
    const last = rows.at(-1);
    if (last) this.#endFile?.set(last.end);
    const { count, at } = this.#lost;
    if (count > 0) {
      this.#lost = { count: 0, at: 0 };
      this.#add({ action: 'lost', ...BY_SYSTEM, count, until: this.#deps.clock() }, at);
    }
    this.#report(undefined);
  }

  #report(problem: string | undefined): void {
    const { health, logger } = this.#deps;
    const lost = this.#lost.count === 0 ? '' : `, ${counted(this.#lost.count, 'is', 'are')} lost`;
    const waiting = `${counted(this.#waiting.length, 'row waits', 'rows wait')}${lost}`;
    health.notice(
      PART,
      problem === undefined && lost === '' ? undefined : `the audit trail cannot be written: ${problem ?? 'it has no room'}; ${waiting}`,
    );
    if (problem !== undefined && this.#problem === undefined)
      logger.error({ reason: problem }, 'the audit trail cannot be written; what is done is recorded as soon as the log accepts it');
    if (problem === undefined && this.#problem !== undefined) logger.info('the audit trail is written again');
    this.#problem = problem;
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      timer.unref();
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}
