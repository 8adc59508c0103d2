import { consoleSettings } from './console/config.ts';
import { logSettings } from './message-log/config.ts';
import { archiveSettings } from './processor/archive/config.ts';
import { processorSettings } from './processor/config.ts';
import { historySettings } from './processor/history/config.ts';
import { mailerSettings } from './processor/response/config.ts';
import { proxySettings } from './proxy/config.ts';
import type { ConfigOf } from './runtime/configuration.ts';
import { processSettings } from './runtime/process-settings.ts';

/** Every setting of every role, read together, so that all problems are reported at once. */
export const SETTINGS = {
  process: processSettings,
  log: logSettings,
  proxy: proxySettings,
  processor: processorSettings,
  mailer: mailerSettings,
  archive: archiveSettings,
  history: historySettings,
  console: consoleSettings,
};
export type Config = { readonly [R in keyof typeof SETTINGS]: ConfigOf<(typeof SETTINGS)[R]> };

/** Servers of a cluster whose adapters are not there yet: refused rather than silently ignored. */
export const NOT_YET = ['TOCSIN_KAFKA_BROKERS', 'TOCSIN_CASSANDRA_CONTACT_POINTS', 'TOCSIN_INFLUX_URL'];
