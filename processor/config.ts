import { type ConfigOf, duration, integer, setting, size } from '../runtime/configuration.ts';

export const processorSettings = {
  clockSkewMaxMs: setting(
    'TOCSIN_CLOCK_SKEW_MAX',
    duration,
    '2s',
    "How far the proxies' clocks may differ: a reading that is older than a recovery by no more than this still counts.",
  ),
  repeatWithinMs: setting(
    'TOCSIN_REPEAT_WITHIN',
    duration,
    '60s',
    'A reading with the same seq and the same bytes as an earlier one, and no more than this time after it, is that one sent again and does not count.',
  ),
  hitsKeptMs: setting(
    'TOCSIN_HITS_KEPT',
    duration.transform((ms) => (ms === 0 ? undefined : ms)),
    '0s',
    'Hits that raised nothing are forgotten after this time, or after the `within` of their type if that is longer. 0s: never, as in the reference system.',
  ),
  sensorMemoryBytes: setting(
    'TOCSIN_SENSOR_MEMORY',
    size,
    '128MiB',
    'Memory for sensors that have no alarm; beyond it the oldest hits are forgotten. The default is enough for some 100,000 sensors with a hit.',
  ),
  alarmMemoryBytes: setting(
    'TOCSIN_ALARM_MEMORY',
    size,
    '512MiB',
    'Memory for sensors that have alarms; beyond it no MINOR and WARNING alarms are raised, unless lives depend on them, but all others are. The default is enough for some 400,000 open alarms.',
  ),
  quarantineMax: setting(
    'TOCSIN_QUARANTINE_ALARMS_MAX',
    integer(1, 1_000_000),
    '10000',
    'Alarms of sensors that no client has that are kept. Beyond it acknowledged ones give way; if there are none, hits of such sensors raise nothing.',
  ),
};

export type ProcessorConfig = ConfigOf<typeof processorSettings>;
