/** What could not be handled, and what to do with it: `npm run dead-letters`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { Registry } from 'prom-client';
import { Adapters } from '../adapters.ts';
import { readConfig } from '../configuration.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { SteadyClock } from '../../runtime/clock.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { Health } from '../../runtime/health.ts';
import { Lifecycle } from '../../runtime/lifecycle.ts';
import { createLogger } from '../../runtime/logging.ts';
import { HELP, readCommand, runCommand, UsageError } from './command.ts';

const STOP_MS = 10_000;

try {
  const command = readCommand(process.argv.slice(2), Date.now());
  if (command === 'help') process.stdout.write(HELP);
  else process.exitCode = await withLog((log, clock) => runCommand(command, log, clock, (line) => process.stdout.write(`${line}\n`)));
} catch (error) {
  const expected = [UsageError, ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  process.stderr.write(`dead-letters: ${expected ? reasonOf(error) : inspect(error)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
}

/** The log that the settings name: Kafka beside running processes, or the embedded one while its server is stopped. */
async function withLog<T>(work: (log: MessageLog, clock: () => number) => Promise<T>): Promise<T> {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const config = readConfig(new Set(), environment);
  const lifecycle = new Lifecycle();
  const steady = new SteadyClock();
  const logger = await createLogger({ level: 'silent', format: 'json' });
  // A tool removes nothing.
  const deps = { clock: steady.now, logger, registry: new Registry(), health: new Health(), removalClock: () => undefined };
  try {
    return await work(await new Adapters(config, deps, steady, lifecycle).log(), steady.now);
  } finally {
    await lifecycle.stop(STOP_MS);
  }
}
