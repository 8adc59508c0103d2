import { join } from 'node:path';
import type { Registry } from 'prom-client';
import type { Store } from '../message-log/embedded/store.ts';
import type { MessageLog } from '../message-log/port.ts';
import type { Archive } from '../archive/port.ts';
import type { CassandraSession } from '../cassandra/session.ts';
import type { History } from '../history/port.ts';
import type { Directory } from '../directory/port.ts';
import type { MailTransport } from '../notify/channels/mail/port.ts';
import { retryForever } from '../runtime/backoff.ts';
import type { Clock, SteadyClock } from '../runtime/clock.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import type { Config } from './configuration.ts';

export interface AdapterDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly removalClock: RemovalClock;
}

const CASSANDRA = 'TOCSIN_CASSANDRA_CONTACT_POINTS';
const CLOCK_AHEAD_WARN_MS = 5_000;

/**
 * The adapters behind the ports, as the configuration chooses them: each is loaded and opened when the first role asks for it, and closed
 * after the last one has stopped.
 */
export class Adapters {
  readonly #config: Config;
  readonly #deps: AdapterDeps;
  readonly #steady: SteadyClock;
  readonly #lifecycle: Lifecycle;
  readonly #opened = new Map<string, Promise<unknown>>();

  constructor(config: Config, deps: AdapterDeps, steady: SteadyClock, lifecycle: Lifecycle) {
    this.#config = config;
    this.#deps = deps;
    this.#steady = steady;
    this.#lifecycle = lifecycle;
  }

  log(): Promise<MessageLog> {
    return this.#once('log', () => (this.#config.isSet('TOCSIN_KAFKA_BROKERS') ? this.#kafkaLog() : this.#embeddedLog()));
  }

  directory(): Promise<Directory> {
    return this.#once('directory', async () => {
      if (this.#config.isSet(CASSANDRA)) {
        const { openCassandraDirectory } = await import('../directory/cassandra.ts');
        return openCassandraDirectory(await this.#cassandra(), this.#deps);
      }
      const { openEmbeddedDirectory } = await import('../directory/embedded.ts');
      return openEmbeddedDirectory(await this.#store());
    });
  }

  archive(): Promise<Archive> {
    return this.#once('archive', async () => {
      if (this.#config.isSet(CASSANDRA)) {
        const { openCassandraArchive } = await import('../archive/cassandra.ts');
        return openCassandraArchive(await this.#cassandra(), { ...this.#deps, days: this.#config.of('archive').days });
      }
      const { openEmbeddedArchive } = await import('../archive/embedded.ts');
      return openEmbeddedArchive(await this.#store());
    });
  }

  history(): Promise<History> {
    return this.#once('history', async () => {
      if (this.#config.isSet('TOCSIN_INFLUX_URL')) {
        const { openInfluxHistory } = await import('../history/influx/history.ts');
        const config = this.#config.of('influx');
        return openInfluxHistory({ ...config, url: present(config.url) }, this.#deps);
      }
      const { openEmbeddedHistory } = await import('../history/embedded.ts');
      return openEmbeddedHistory(await this.#store());
    });
  }

  mail(): Promise<MailTransport> {
    return this.#once('mail', async () => {
      const config = this.#config.of('mailer');
      const { smtpUrl } = config;
      if (smtpUrl) {
        const { openSmtp } = await import('../notify/channels/mail/smtp.ts');
        return openSmtp({ ...config, smtpUrl });
      }
      const { openOutbox } = await import('../notify/channels/mail/outbox.ts');
      return openOutbox(this.outbox, { ...this.#deps, keepMs: config.outboxKeepMs });
    });
  }

  /** Where mails lie while no mail server is named. */
  get outbox(): string {
    return join(this.#config.process.dataDir, 'outbox');
  }

  /** The embedded stores share one environment, opened only if one of them is used. */
  #store(): Promise<Store> {
    return this.#once('store', async () => {
      const { openStore } = await import('../message-log/embedded/store.ts');
      return openStore(this.#config.process.dataDir);
    });
  }

  #cassandra(): Promise<CassandraSession> {
    return this.#once('cassandra', async () => {
      const { openCassandra } = await import('../cassandra/session.ts');
      return openCassandra(this.#config.of('cassandra'), this.#deps);
    });
  }

  async #kafkaLog(): Promise<MessageLog> {
    const { openKafkaLog } = await import('../message-log/kafka/log.ts');
    const config = this.#config.of('kafka');
    const { health, logger } = this.#deps;
    const log = await retryForever(
      () => openKafkaLog({ ...config, brokers: present(config.brokers) }, this.#deps),
      (error, attempt) => {
        health.report('log', reasonOf(error));
        if (attempt === 0) logger.warn({ reason: reasonOf(error) }, 'Kafka does not answer yet, trying again');
      },
      this.#lifecycle.signal,
    );
    health.report('log', undefined);
    return log;
  }

  async #embeddedLog(): Promise<MessageLog> {
    const { openEmbeddedLog } = await import('../message-log/embedded/log.ts');
    const log = await openEmbeddedLog(await this.#store(), { ...this.#deps, ...this.#config.of('log'), partitions: 1 });
    this.#steady.notBefore(log.lastTime);
    warnIfAhead(this.#steady, this.#deps.logger);
    return log;
  }

  /** What an adapter opens for itself is registered before it, and so closed after it. */
  #once<T extends { close(): Promise<void> }>(name: string, open: () => Promise<T>): Promise<T> {
    const known = this.#opened.get(name) as Promise<T> | undefined;
    if (known) return known;
    const opening = open().then((adapter) => {
      this.#lifecycle.onStop(name, () => adapter.close());
      return adapter;
    });
    this.#opened.set(name, opening);
    return opening;
  }
}

/** What was read because its setting is there. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a server that is not named was chosen');
  return value;
}

/** Record times that are ahead are kept, since order matters more; but somebody should know. */
function warnIfAhead(clock: SteadyClock, logger: Logger): void {
  const aheadMs = clock.aheadMs;
  if (aheadMs > CLOCK_AHEAD_WARN_MS) {
    logger.warn(
      { seconds: Math.round(aheadMs / 1_000) },
      "the newest record is ahead of this machine's clock: times go on from there until the clock has caught up",
    );
  }
}
