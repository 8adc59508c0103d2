import { join } from 'node:path';
import { ARCHIVE_TABLES } from '../archive/cassandra-tables.ts';
import { archiveSettings } from '../archive/config.ts';
import { cassandraSettings, checkCassandraConfig, unencryptedToCassandra } from '../cassandra/config.ts';
import type { CassandraSession } from '../cassandra/session.ts';
import type { CassandraSchema } from '../cassandra/table.ts';
import { CLIENT_TABLES } from '../directory/cassandra-tables.ts';
import { checkInfluxConfig, influxSettings, unencryptedToInflux } from '../history/influx/config.ts';
import { logSettings } from '../message-log/config.ts';
import type { Store } from '../message-log/embedded/store.ts';
import { checkKafkaConfig, kafkaSettings, unencryptedToKafka } from '../kafka/config.ts';
import { TIME_LIMITS } from '../message-log/kafka/topics.ts';
import { outboxSettings, smtpSettings, unencryptedToMailServer } from '../notify/channels/mail/config.ts';
import { mailerSettings } from '../notify/config.ts';
import { retryForever } from '../runtime/backoff.ts';
import type { SteadyClock } from '../runtime/clock.ts';
import type { Setting, Values } from '../runtime/configuration.ts';
import { damagedRowsOf } from '../runtime/damaged-rows.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Adapter, Opening } from './adapter.ts';
import { quietDeps, visitRecords } from './visit-records.ts';

const CLOCK_AHEAD_WARN_MS = 5_000;

const dataFolder: Adapter = {
  name: 'the data folder',
  settings: [],
  ports: {
    log: {
      settings: [logSettings],
      exclusive: true,
      open: async (opening) => {
        const { config, deps, steadyClock } = opening;
        const { openEmbeddedLog } = await import('../message-log/embedded/log.ts');
        const log = await openEmbeddedLog(await storeOf(opening), { ...deps, ...config.of(logSettings), partitions: 1 });
        steadyClock.notBefore(log.lastTime);
        warnIfAhead(steadyClock, deps.logger);
        return log;
      },
    },
    directory: {
      exclusive: true,
      open: async (opening) => {
        const { openEmbeddedDirectory } = await import('../directory/embedded.ts');
        return openEmbeddedDirectory(await storeOf(opening), damagedRowsOf(opening.deps));
      },
    },
    archive: {
      exclusive: true,
      open: async (opening) => {
        const { openEmbeddedArchive } = await import('../archive/embedded.ts');
        return openEmbeddedArchive(await storeOf(opening), damagedRowsOf(opening.deps));
      },
    },
    history: {
      exclusive: true,
      open: async (opening) => {
        const { openEmbeddedHistory } = await import('../history/embedded.ts');
        return openEmbeddedHistory(await storeOf(opening), damagedRowsOf(opening.deps));
      },
    },
    mail: {
      settings: [outboxSettings],
      place: outboxFolder,
      open: async ({ config, deps }) => {
        const { openOutbox } = await import('../notify/channels/mail/outbox.ts');
        return openOutbox(outboxFolder(config), { ...deps, ...config.of(outboxSettings) });
      },
    },
  },
  diagnose: async (config, { deep = false }) => {
    const { diagnoseFolder } = await import('../message-log/embedded/diagnose.ts');
    const dataDir = config.get(processSettings.dataDir);
    const findings = await diagnoseFolder(dataDir);
    if (!deep) return findings;
    const { examineStore } = await import('../message-log/embedded/examine.ts');
    return [...findings, ...(await examineStore(dataDir))];
  },
  records: async (config, topic, visit) => {
    const { recordsAtRest } = await import('../message-log/embedded/records-at-rest.ts');
    return await recordsAtRest(config.get(processSettings.dataDir), topic, visit);
  },
};

const kafka: Adapter = {
  name: 'Kafka',
  namedBy: kafkaSettings.brokers,
  settings: [kafkaSettings],
  ports: {
    log: {
      open: async ({ config, deps, signal }) => {
        const { openKafkaLog } = await import('../message-log/kafka/log.ts');
        const { health, logger } = deps;
        const log = await retryForever(
          () => openKafkaLog(kafkaConfig(config), deps),
          (error, attempt) => {
            health.report('log', reasonOf(error));
            if (attempt === 0) logger.warn({ reason: reasonOf(error) }, 'Kafka does not answer yet, trying again');
          },
          signal,
        );
        health.report('log', undefined);
        return log;
      },
    },
  },
  aheadMsMax: TIME_LIMITS.afterMs,
  check: (config) => checkKafkaConfig(config.of(kafkaSettings)),
  unencrypted: (config) => unencryptedToKafka(config.of(kafkaSettings)),
  diagnose: async (config, deps) => (await import('../message-log/kafka/diagnose.ts')).diagnoseKafka(kafkaConfig(config), deps),
  records: async (config, topic, visit) => {
    const { openKafkaLog } = await import('../message-log/kafka/log.ts');
    return await visitRecords(await openKafkaLog(kafkaConfig(config), quietDeps()), topic, visit);
  },
};

const cassandra: Adapter = {
  name: 'Cassandra',
  namedBy: cassandraSettings.contactPoints,
  settings: [cassandraSettings],
  ports: {
    directory: {
      open: async (opening) => {
        const { openCassandraDirectory } = await import('../directory/cassandra.ts');
        return openCassandraDirectory(await sessionOf(opening), opening.deps);
      },
    },
    archive: {
      settings: [archiveSettings],
      open: async (opening) => {
        const { openCassandraArchive } = await import('../archive/cassandra.ts');
        return openCassandraArchive(await sessionOf(opening), { ...opening.deps, ...opening.config.of(archiveSettings) });
      },
    },
  },
  check: (config) => checkCassandraConfig(config.of(cassandraSettings)),
  unencrypted: (config) => unencryptedToCassandra(config.of(cassandraSettings)),
  diagnose: async (config, deps) => (await import('../cassandra/diagnose.ts')).diagnoseCassandra(cassandraSchema(config), deps),
  schema: {
    help: `the keyspace (TOCSIN_CASSANDRA_KEYSPACE) with TOCSIN_CASSANDRA_REPLICATION, and the tables of clients and archive.
A table of clients that the reference system has made is kept with its rows; columns that it lacks are added.`,
    prepare: async (config, report) => {
      const { createSchema } = await import('../cassandra/schema.ts');
      await createSchema(cassandraSchema(config), report);
      report('The nodes agree on the schema.');
    },
    statements: async (config) => (await import('../cassandra/schema.ts')).schemaText(cassandraSchema(config)),
  },
};

/** The tables of all stores that Cassandra can hold. */
function cassandraSchema(config: Values): CassandraSchema {
  return { ...config.of(cassandraSettings), tables: [...CLIENT_TABLES, ...ARCHIVE_TABLES] };
}

const influx: Adapter = {
  name: 'InfluxDB',
  namedBy: influxSettings.url,
  settings: [influxSettings],
  ports: {
    history: {
      open: async ({ config, deps }) => (await import('../history/influx/history.ts')).openInfluxHistory(influxConfig(config), deps),
    },
  },
  check: (config) => checkInfluxConfig(config.of(influxSettings)),
  unencrypted: (config) => unencryptedToInflux(config.of(influxSettings)),
  diagnose: async (config, deps) => (await import('../history/influx/diagnose.ts')).diagnoseInflux(influxConfig(config), deps),
  schema: {
    help: 'the bucket or database TOCSIN_INFLUX_BUCKET, and how long it keeps points (TOCSIN_INFLUX_RETENTION).',
    prepare: async (config, report) => {
      const { prepareInflux } = await import('../history/influx/prepare.ts');
      report(await prepareInflux(influxConfig(config)));
    },
  },
};

const smtp: Adapter = {
  name: 'the mail server',
  namedBy: smtpSettings.smtpUrl,
  settings: [smtpSettings, { concurrency: mailerSettings.concurrency }],
  ports: {
    mail: {
      open: async ({ config }) => (await import('../notify/channels/mail/smtp.ts')).openSmtp(smtpConfig(config)),
    },
  },
  unencrypted: (config) => unencryptedToMailServer(config.of(smtpSettings)),
  diagnose: async (config, deps) => (await import('../notify/channels/mail/smtp.ts')).diagnoseSmtp(smtpConfig(config), deps),
};

/** All adapters. A server is used where its setting names it; the data folder, which is first, holds the rest. */
export const ADAPTERS: readonly Adapter[] = [dataFolder, kafka, cassandra, influx, smtp];

function outboxFolder(config: Values): string {
  return join(config.get(processSettings.dataDir), 'outbox');
}

/** The ports that the data folder holds share one environment. */
function storeOf({ config, beside, share }: Opening): Promise<Store> {
  return share('store', async () => {
    const { openStore } = await import('../message-log/embedded/store.ts');
    return openStore(config.get(processSettings.dataDir), { owner: !beside });
  });
}

function sessionOf({ config, deps, share }: Opening): Promise<CassandraSession> {
  return share('cassandra', async () => {
    const { openCassandra } = await import('../cassandra/session.ts');
    return openCassandra(cassandraSchema(config), deps);
  });
}

function kafkaConfig(config: Values) {
  return { ...config.of(kafkaSettings), brokers: named(config, kafkaSettings.brokers) };
}

function influxConfig(config: Values) {
  return { ...config.of(influxSettings), url: named(config, influxSettings.url) };
}

function smtpConfig(config: Values) {
  return {
    ...config.of(smtpSettings),
    concurrency: config.get(mailerSettings.concurrency),
    smtpUrl: named(config, smtpSettings.smtpUrl),
  };
}

/** The value of the setting that names a chosen server. */
function named<T>(config: Values, setting: Setting<T | undefined>): T {
  const value = config.get(setting);
  if (value === undefined) throw new Error(`${setting.name} is not set, but what it names is used`);
  return value;
}

/** Record times that are ahead are kept, since order matters more; the log entry lets somebody know. */
function warnIfAhead(clock: SteadyClock, logger: Logger): void {
  const aheadMs = clock.aheadMs;
  if (aheadMs > CLOCK_AHEAD_WARN_MS) {
    logger.warn(
      { seconds: Math.round(aheadMs / 1_000) },
      "the newest record is ahead of this machine's clock: times go on from there until the clock has caught up",
    );
  }
}
