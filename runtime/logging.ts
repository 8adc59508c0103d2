import { type Logger, pino } from 'pino';
import { reasonOf } from './errors.ts';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export interface LoggingConfig {
  readonly level: (typeof LOG_LEVELS)[number];
  /** `json` for machines, `text` for a person at a terminal. */
  readonly format: 'json' | 'text';
}

/**
 * Levels: ERROR = a person must act; WARN = the system copes, but look; INFO = start, stop, change of state. Never a line per message.
 * Written synchronously: few lines, and none is lost when the process dies.
 */
export async function createLogger({ level, format }: LoggingConfig): Promise<Logger> {
  const serializers = { err: reasonOf, error: reasonOf };
  const redact = { paths: ['*.token', '*.password', '*.authorization'], censor: '[secret]' };
  if (format === 'json') return pino({ level, redact, serializers, base: null });
  const { default: pretty } = await import('pino-pretty');
  return pino(
    { level, redact, serializers, base: null },
    pretty({ sync: true, singleLine: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }),
  );
}
