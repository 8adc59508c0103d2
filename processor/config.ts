import { type ConfigOf, duration, setting } from '../runtime/configuration.ts';

export const processorSettings = {
  clockSkewMaxMs: setting(
    'TOCSIN_CLOCK_SKEW_MAX',
    duration,
    '2s',
    "How far the proxies' clocks may differ; inside it a reading counts although a recovery is newer.",
  ),
  repeatWithinMs: setting(
    'TOCSIN_REPEAT_WITHIN',
    duration,
    '60s',
    'A reading with the same seq and the same bytes as an earlier one is that one sent again, if it comes within this time of it; else it counts.',
  ),
};

export type ProcessorConfig = ConfigOf<typeof processorSettings>;
