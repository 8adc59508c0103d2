/** What could not be handled, and what to do with it: `npm run dead-letters`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { withPort } from '../beside.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { HELP, readCommand, runCommand, UsageError } from './command.ts';

try {
  const command = readCommand(process.argv.slice(2), Date.now());
  if (command === 'help') process.stdout.write(HELP);
  else process.exitCode = await withLog((log, clock) => runCommand(command, log, clock, (line) => process.stdout.write(`${line}\n`)));
} catch (error) {
  const expected = [UsageError, ConfigurationError, PermanentError, TransientError].some((kind) => error instanceof kind);
  process.stderr.write(`dead-letters: ${expected ? reasonOf(error) : inspect(error)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof ConfigurationError ? 2 : 1;
}

/** Kafka beside running processes, or the embedded log while its server is stopped. */
async function withLog<T>(work: (log: MessageLog, clock: () => number) => Promise<T>): Promise<T> {
  const environment = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  return await withPort('log', environment, { beside: false }, ({ log }, clock) => work(log, clock));
}
