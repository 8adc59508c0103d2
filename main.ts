import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, parseEnv } from 'node:util';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { checkConsoleConfig } from './console/config.ts';
import { startConsole } from './console/console.ts';
import { openEmbeddedLog } from './message-log/embedded/log.ts';
import { openStore } from './message-log/embedded/store.ts';
import { ARCHIVER_GROUP, startArchiver } from './processor/archive/archiver.ts';
import { openEmbeddedArchive } from './processor/archive/embedded.ts';
import { startCounter } from './processor/history/counter.ts';
import { openEmbeddedHistory } from './processor/history/embedded.ts';
import { startStateWriter } from './processor/history/states.ts';
import { startProcessor } from './processor/processor.ts';
import { openEmbeddedDirectory } from './processor/response/directory/embedded.ts';
import { openOutbox } from './processor/response/mail/outbox.ts';
import { openSmtp } from './processor/response/mail/smtp.ts';
import { startMailer } from './processor/response/mailer.ts';
import { checkProxyConfig } from './proxy/config.ts';
import { startProxy } from './proxy/proxy.ts';
import { SteadyClock } from './runtime/clock.ts';
import { ConfigurationError, readGroups } from './runtime/configuration.ts';
import { PermanentError, reasonOf } from './runtime/errors.ts';
import { Health, observeHealth } from './runtime/health.ts';
import { Lifecycle, type Running } from './runtime/lifecycle.ts';
import { createLogger, type Logger } from './runtime/logging.ts';
import { type Config, NOT_YET, SETTINGS } from './settings.ts';

const CLOCK_AHEAD_WARN_MS = 5_000;

const HELP = `Usage: npm start [-- --help]

Starts Tocsin on this machine: takes the statuses of sensors on port 19092, raises and mails alarms, shows them on port 8080.
All that is kept lies in the folder ./data. Settings are environment variables, or lines of a file .env; for example
  TOCSIN_DATA_DIR=/var/lib/tocsin TOCSIN_MAIL_TO=alarms@example.org npm start
The README lists them all. Sample clients: npm run clients -- --help. A simulated fleet: npm run simulate -- --help.
`;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  const lifecycle = new Lifecycle();
  try {
    if (wantsHelp(args)) {
      process.stdout.write(HELP);
      return;
    }
    const config = readConfig({ ...dotenv(), ...process.env });
    stopOnSignals(lifecycle, config.process.stopTimeoutMs);
    await start(config, lifecycle);
  } catch (error) {
    await lifecycle.stop(5_000).catch(() => undefined);
    const expected = error instanceof ConfigurationError || error instanceof PermanentError;
    process.stderr.write(`tocsin: ${expected ? error.message : inspect(error)}\n`);
    process.exit(error instanceof ConfigurationError ? 2 : 1);
  }
}

function wantsHelp(args: string[]): boolean {
  if (args.includes('--help') || args.includes('-h')) return true;
  if (args.length === 0) return false;
  throw new ConfigurationError([
    `${args.join(' ')}: npm start takes no arguments in this version, all roles run in one process; try npm start -- --help`,
  ]);
}

function dotenv(): NodeJS.Dict<string> {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
}

function readConfig(environment: NodeJS.ProcessEnv): Config {
  const config = readGroups(SETTINGS, environment, NOT_YET);
  const problems = [
    ...NOT_YET.filter((name) => environment[name]).map(
      (name) => `${name}: this version runs on one machine only, its adapter is still to come`,
    ),
    ...checkProxyConfig(config.proxy, config.process.host),
    ...checkConsoleConfig(config.console, config.process.host),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return config;
}

/** Sinks first, then the processor, then HTTP; the stop runs the other way, so that each part drains into a live one. */
async function start(config: Config, lifecycle: Lifecycle): Promise<void> {
  const startedAt = performance.now();
  const text = config.process.logFormat === 'text' || (config.process.logFormat === 'auto' && process.stdout.isTTY);
  const logger = createLogger({ level: config.process.logLevel, format: text ? 'text' : 'json' });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const health = new Health();
  observeHealth(health, registry);
  const steady = new SteadyClock();
  const clock = steady.now;
  const deps = { clock, logger, registry, health };
  const running = async <R extends Running>(name: string, part: Promise<R>): Promise<R> => {
    const started = await part;
    lifecycle.onStop(name, () => started.stop());
    return started;
  };

  const { dataDir, host } = config.process;
  const store = await openStore(dataDir);
  lifecycle.onStop('store', () => store.close());
  const log = await openEmbeddedLog(store, { ...deps, ...config.log, partitions: 1 });
  lifecycle.onStop('log', () => log.close());
  steady.notBefore(log.lastTime);
  warnIfAhead(steady, logger);
  const directory = openEmbeddedDirectory(store);
  const archive = openEmbeddedArchive(store);
  const history = openEmbeddedHistory(store);
  const outbox = join(dataDir, 'outbox');
  const { smtpUrl } = config.mailer;
  const transport = smtpUrl
    ? openSmtp({ ...config.mailer, smtpUrl })
    : await openOutbox(outbox, { keepMs: config.mailer.outboxKeepMs, clock, logger });
  lifecycle.onStop('mail', () => transport.close());

  await running('archiver', startArchiver(config.archive, { ...deps, log, archive, directory }));
  await running('counter', startCounter(config.history, { ...deps, log, history, directory }));
  await running('state writer', startStateWriter({ ...deps, log, history, directory, archive }));
  await running('mailer', startMailer({ ...config.mailer, consoleUrl: config.console.publicUrl }, { ...deps, log, directory, transport }));
  await running('processor', startProcessor(config.processor, { ...deps, log }));
  const page = await running(
    'console',
    startConsole(
      { ...config.console, host },
      { ...deps, health: new Health(health), log, archive, history, directory, archiveGroup: ARCHIVER_GROUP },
    ),
  );
  const proxy = await running('proxy', startProxy({ ...config.proxy, host }, { ...deps, health: new Health(health), log }));

  const ms = Math.round(performance.now() - startedAt);
  logger.info({ sensors: `http://${host}:${proxy.port}/entry`, operators: page.url, mail: smtpUrl ? 'smtp' : outbox, ms }, 'ready');
  process.send?.({
    type: 'ready',
    ingestPort: proxy.port,
    consoleUrl: page.url,
    signInUrl: page.signInUrl,
    outbox: smtpUrl ? undefined : outbox,
  });
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
