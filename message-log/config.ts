import { duration, setting, size } from '../runtime/configuration.ts';

/** How much the embedded log keeps. Records that a consumer hasn't read yet are kept for longer. */
export const logSettings = {
  retentionMs: setting(
    'TOCSIN_LOG_RETENTION',
    duration,
    '7d',
    'Records older than this are removed from the embedded log; those of the audit trail after a year at the earliest.',
  ),
  retentionBytes: setting('TOCSIN_LOG_SIZE', size, '20GiB', 'The oldest records are removed once the embedded log is larger than this.'),
};
