import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { EmbeddedLogOptions } from '../../message-log/embedded/log.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Health } from '../../runtime/health.ts';

/** Options of an embedded log of one partition that logs nothing, and removes nothing while a test runs. */
export const quietLogOptions = (): EmbeddedLogOptions => ({
  partitions: 1,
  retentionMs: 86_400_000,
  retentionBytes: 1024 ** 3,
  clock: systemClock,
  removalClock: systemClock,
  logger: pino({ level: 'silent' }),
  registry: new Registry(),
  health: new Health(),
});
