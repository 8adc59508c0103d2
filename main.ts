import { collectDefaultMetrics, Registry } from 'prom-client';
import { TypeSet } from './alarm/type-set.ts';
import { adapterOf, exclusivePorts } from './main/choice.ts';
import { type Config, readConfig } from './main/configuration.ts';
import { OpenPorts } from './main/open-ports.ts';
import type { Addresses } from './main/role.ts';
import { ROLE_NAMES, ROLES, rolesOf } from './main/roles.ts';
import { digestOf, observeDigest } from './main/settings-file/digest.ts';
import { loadSettingsFile } from './main/settings-file/load.ts';
import { PARTS } from './main/settings-file/parts.ts';
import { startRoles } from './main/start.ts';
import { SteadyClock } from './runtime/clock.ts';
import { command } from './runtime/command-line.ts';
import { readEnvironment } from './runtime/environment.ts';
import { reasonOf } from './runtime/errors.ts';
import { Health, observeHealth } from './runtime/health.ts';
import { Lifecycle } from './runtime/lifecycle.ts';
import { createLogger } from './runtime/logging.ts';
import { processSettings } from './runtime/process-settings.ts';
import { runProgram } from './runtime/program.ts';
import { CautiousClock } from './runtime/removal-clock.ts';
import { ServiceManager } from './runtime/service-manager.ts';

/** An alert is due only at five times this; checking more often was most of an idle process's work. */
const EVENT_LOOP_LOOK_MS = 100;
/** How long the started parts may take to stop after a start that failed. */
const FAILED_START_MS = 5_000;

const START = command({
  name: 'npm start',
  summary: 'Starts Tocsin on this machine: takes the statuses of sensors on port 19092, raises and mails alarms, shows them on port 8080.',
  about: [
    'Everything that is kept lies in the folder ./data. Settings are environment variables, or lines of a file .env; docs/settings.md lists them all.',
    'Roles run in processes of their own once the servers that they share are named; any number of each, and several may share a process.',
  ],
  words: {
    name: 'ROLE…',
    help: 'what this process does; none named: everything',
    min: 0,
    max: Number.POSITIVE_INFINITY,
    known: ROLE_NAMES,
  },
  options: {},
  lists: [{ heading: 'Roles', rows: ROLE_NAMES.map((name) => [name, ROLES[name].summary]) }],
  exitCodes: { 0: 'it was stopped and everything in hand is finished', 1: 'it failed, or could not stop in time' },
  example: 'TOCSIN_DATA_DIR=/var/lib/tocsin TOCSIN_MAIL_TO=alarms@example.org npm start',
  run: async ({ words }) => {
    const lifecycle = new Lifecycle();
    try {
      const environment = readEnvironment();
      const config = readConfig(rolesOf(words), environment);
      const manager = new ServiceManager(environment);
      stopOnSignals(lifecycle, config.values.get(processSettings.stopTimeoutMs));
      lifecycle.signal.addEventListener('abort', () => manager.stopping(), { once: true });
      await start(config, lifecycle);
      manager.ready();
      return 0;
    } catch (error) {
      await lifecycle.stop(FAILED_START_MS).catch(() => undefined);
      throw error;
    }
  },
});

await runProgram(START, process.argv.slice(2));
// Whatever a failed start left open must not keep the process alive.
if (process.exitCode !== 0) process.exit();

async function start(config: Config, lifecycle: Lifecycle): Promise<void> {
  const startedAt = performance.now();
  const { roles, isSet, values } = config;
  const { dataDir, logFormat, logLevel, settingsFile } = values.of(processSettings);
  const file = await loadSettingsFile(settingsFile, roles);
  const text = logFormat === 'text' || (logFormat === 'auto' && process.stdout.isTTY);
  const logger = await createLogger({ level: logLevel, format: text ? 'text' : 'json' });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
  const health = new Health();
  observeHealth(health, registry);
  const digest = digestOf(PARTS, file.settings);
  observeDigest(digest, registry);
  const log = adapterOf('log', isSet);
  // Brokers refuse records that are further ahead, and records must be accepted as soon as the machine's clock is right again.
  const steadyClock = new SteadyClock(undefined, undefined, log.aheadMsMax);
  const removal = new CautiousClock({ folder: dataDir, recordsAheadMs: () => steadyClock.aheadMs, logger, health });
  const types = new TypeSet(file.settings.types);
  const deps = { clock: steadyClock.now, logger, registry, health, removalClock: removal.now, types };

  if (config.unencrypted.length > 0)
    logger.warn({ unencrypted: config.unencrypted }, 'TOCSIN_INSECURE is on: whoever is on that network can read along');
  const embedded = exclusivePorts(roles, isSet);
  if (log.namedBy && embedded.length > 0)
    logger.warn({ embedded, dataDir }, 'stores are embedded: these roles must not run in a second process');
  const ports = new OpenPorts(config, { deps, steadyClock, lifecycle });
  const addresses = { ...(await startRoles(config, ports, deps, lifecycle)), ...mailPlace(config) };
  const ms = Math.round(performance.now() - startedAt);
  const what = {
    ...(roles.size < ROLE_NAMES.length ? { roles: [...roles] } : {}),
    ...(file.path === undefined ? {} : { settings: file.path, digest, types: types.types.map(({ name }) => name) }),
  };
  logger.info({ ...what, ...described(addresses, config), ms }, 'ready');
  lifecycle.signal.addEventListener('abort', () => logger.info('stopping; what was accepted is finished first'), { once: true });
  process.send?.({ type: 'ready', ...addresses });
}

/** The folder with the mails, where this process mails and no mail server is named. */
function mailPlace({ ports, isSet, values }: Config): { readonly outbox?: string } {
  const place = ports.includes('mail') ? adapterOf('mail', isSet).ports.mail?.place?.(values) : undefined;
  return place === undefined ? {} : { outbox: place };
}

function described(
  { ingestPort, consoleUrl, operationsPort, outbox }: Addresses & { readonly outbox?: string },
  { ports, values }: Config,
) {
  const host = values.get(processSettings.host);
  return {
    sensors: ingestPort && `http://${host}:${ingestPort}/entry`,
    operators: consoleUrl,
    operations: operationsPort && `http://${host}:${operationsPort}/readyz`,
    mail: ports.includes('mail') ? (outbox ?? 'smtp') : undefined,
  };
}

/** The first signal drains, the second ends at once. */
function stopOnSignals(lifecycle: Lifecycle, timeoutMs: number): void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    lifecycle.stop(timeoutMs).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`tocsin: ${reasonOf(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Started by another program that has gone: nobody is left to stop it.
  process.on('disconnect', onSignal);
}
