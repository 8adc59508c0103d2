import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { Adapters } from './main/adapters.ts';
import { type Config, readConfig } from './main/configuration.ts';
import { embeddedStores, ROLES, rolesOf } from './main/roles.ts';
import { type Addresses, startRoles } from './main/start.ts';
import { TIME_LIMITS } from './message-log/kafka/topics.ts';
import { SteadyClock } from './runtime/clock.ts';
import { ConfigurationError } from './runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from './runtime/errors.ts';
import { Health, observeHealth } from './runtime/health.ts';
import { Lifecycle } from './runtime/lifecycle.ts';
import { createLogger } from './runtime/logging.ts';
import { CautiousClock } from './runtime/removal-clock.ts';

const HELP = `Usage: npm start [-- ROLE…]

Starts Tocsin on this machine: takes the statuses of sensors on port 19092, raises and mails alarms, shows them on port 8080.
All that is kept lies in the folder ./data. Settings are environment variables, or lines of a file .env; for example
  TOCSIN_DATA_DIR=/var/lib/tocsin TOCSIN_MAIL_TO=alarms@example.org npm start
The README lists them all. Sample clients: npm run clients -- --help. A simulated fleet: npm run simulate -- --help.

Roles run in processes of their own once the servers that they share are named:
  npm start -- proxy            any number of each; several may share a process: npm start -- archiver history
  ${ROLES.toSorted().join(', ')}; none named: all in one process
`;

/** Ten times this is worth an alert; looking more often was what an idle process did most. */
const EVENT_LOOP_LOOK_MS = 50;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  const lifecycle = new Lifecycle();
  try {
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(HELP);
      return;
    }
    const config = readConfig(rolesOf(args), { ...dotenv(), ...process.env });
    stopOnSignals(lifecycle, config.process.stopTimeoutMs);
    await start(config, lifecycle);
  } catch (error) {
    await lifecycle.stop(5_000).catch(() => undefined);
    const expected = [ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
    process.stderr.write(`tocsin: ${expected ? reasonOf(error) : inspect(error)}\n`);
    process.exit(error instanceof ConfigurationError ? 2 : 1);
  }
}

function dotenv(): NodeJS.Dict<string> {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
}

async function start(config: Config, lifecycle: Lifecycle): Promise<void> {
  const startedAt = performance.now();
  const { roles, isSet } = config;
  const text = config.process.logFormat === 'text' || (config.process.logFormat === 'auto' && process.stdout.isTTY);
  const logger = await createLogger({ level: config.process.logLevel, format: text ? 'text' : 'json' });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
  const health = new Health();
  observeHealth(health, registry);
  // Brokers refuse what is further ahead, and a machine whose clock was put right is to be heard at once.
  const steady = new SteadyClock(undefined, undefined, isSet('TOCSIN_KAFKA_BROKERS') ? TIME_LIMITS.afterMs : undefined);
  const removal = new CautiousClock({ folder: config.process.dataDir, recordsAheadMs: () => steady.aheadMs, logger, health });
  const deps = { clock: steady.now, logger, registry, health, removalClock: removal.now };

  const embedded = embeddedStores(roles, isSet);
  if (isSet('TOCSIN_KAFKA_BROKERS') && embedded.length > 0)
    logger.warn({ embedded, dataDir: config.process.dataDir }, 'stores are embedded: these roles must not run in a second process');
  const addresses = await startRoles(config, new Adapters(config, deps, steady, lifecycle), deps, lifecycle);
  const ms = Math.round(performance.now() - startedAt);
  logger.info({ ...(roles.size < ROLES.length ? { roles: [...roles] } : {}), ...described(addresses, config), ms }, 'ready');
  lifecycle.signal.addEventListener('abort', () => logger.info('stopping; what was accepted is finished first'), { once: true });
  process.send?.({ type: 'ready', ...addresses });
}

function described({ ingestPort, consoleUrl, operationsPort, outbox }: Addresses, { process: { host }, roles }: Config) {
  return {
    sensors: ingestPort && `http://${host}:${ingestPort}/entry`,
    operators: consoleUrl,
    operations: operationsPort && `http://${host}:${operationsPort}/readyz`,
    mail: roles.has('mailer') ? (outbox ?? 'smtp') : undefined,
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
