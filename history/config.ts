import { duration, integer, setting } from '../runtime/configuration.ts';

export const historySettings = {
  flushMs: setting('TOCSIN_HISTORY_FLUSH', duration, '500ms', 'Changed counts are written at most this often.'),
  days: setting('TOCSIN_HISTORY_DAYS', integer(1, 36_500), '365', 'Counts per minute are removed after this many days.'),
};
