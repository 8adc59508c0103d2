import { z } from 'zod';
import { HITS_MAX, type Rules, SEVERITIES } from '../alarm/rules.ts';
import { type ConfigOf, duration, integer, setting } from '../runtime/configuration.ts';

const hits = integer(1, HITS_MAX);
const within = duration.optional();
const severity = z.enum(SEVERITIES);

/** The rules of detection; the defaults are those of the reference system. */
export const processorSettings = {
  motionHits: setting('TOCSIN_MOTION_HITS', hits, '1', 'Readings with motion that raise an alarm.'),
  motionWithin: setting('TOCSIN_MOTION_WITHIN', within, undefined, 'Span they must lie in; not set: however far apart.'),
  motionSeverity: setting('TOCSIN_MOTION_SEVERITY', severity, 'MINOR', 'CRITICAL, MAJOR, MINOR or WARNING.'),
  smokeHits: setting('TOCSIN_SMOKE_HITS', hits, '3', 'Readings with smoke that raise an alarm.'),
  smokeWithin: setting('TOCSIN_SMOKE_WITHIN', within, undefined, 'Span they must lie in; not set: however far apart.'),
  smokeSeverity: setting('TOCSIN_SMOKE_SEVERITY', severity, 'CRITICAL', 'CRITICAL, MAJOR, MINOR or WARNING.'),
  temperatureHits: setting('TOCSIN_TEMPERATURE_HITS', hits, '3', 'Readings above the maximum temperature that raise an alarm.'),
  temperatureWithin: setting('TOCSIN_TEMPERATURE_WITHIN', within, undefined, 'Span they must lie in; not set: however far apart.'),
  temperatureSeverity: setting('TOCSIN_TEMPERATURE_SEVERITY', severity, 'MAJOR', 'CRITICAL, MAJOR, MINOR or WARNING.'),
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

export function rulesOf(config: ProcessorConfig): Rules {
  return {
    motion: { hits: config.motionHits, within: config.motionWithin, severity: config.motionSeverity },
    smoke: { hits: config.smokeHits, within: config.smokeWithin, severity: config.smokeSeverity },
    temperature: { hits: config.temperatureHits, within: config.temperatureWithin, severity: config.temperatureSeverity },
  };
}
