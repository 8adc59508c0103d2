import { integer, setting } from '../runtime/configuration.ts';

export const archiveSettings = {
  days: setting(
    'TOCSIN_ARCHIVE_DAYS',
    integer(1, 36_500),
    '365',
    'Alarms that are over are removed from the archive this many days after they were raised.',
  ),
};
