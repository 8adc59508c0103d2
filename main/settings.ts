import { consoleSettings } from '../console/config.ts';
import { logSettings } from '../message-log/config.ts';
import { kafkaSettings } from '../message-log/kafka/config.ts';
import { archiveSettings } from '../archive/config.ts';
import { cassandraSettings } from '../cassandra/config.ts';
import { processorSettings } from '../processor/config.ts';
import { historySettings } from '../history/config.ts';
import { influxSettings } from '../history/influx/config.ts';
import { mailerSettings } from '../notify/config.ts';
import { proxySettings } from '../proxy/config.ts';
import { processSettings } from '../runtime/process-settings.ts';

/** Every setting there is, by the role or adapter that reads it. */
export const SETTINGS = {
  process: processSettings,
  log: logSettings,
  proxy: proxySettings,
  processor: processorSettings,
  mailer: mailerSettings,
  archive: archiveSettings,
  history: historySettings,
  console: consoleSettings,
  kafka: kafkaSettings,
  cassandra: cassandraSettings,
  influx: influxSettings,
};

/** All names, for programs that read only some and still refuse a misspelt one. */
export const SETTING_NAMES: readonly string[] = Object.values(SETTINGS).flatMap((settings) =>
  Object.values(settings).map(({ name }) => name),
);
