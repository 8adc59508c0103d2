import type { AlarmType } from './status.ts';

/** Gravest first. */
export const SEVERITIES = ['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Rule {
  /** How many hits raise the alarm, 1 to HITS_MAX. */
  readonly hits: number;
  /** The hits must lie within this span, in ms; undefined: however far apart. */
  readonly within: number | undefined;
  readonly severity: Severity;
}

export type Rules = Readonly<Record<AlarmType, Rule>>;

export const HITS_MAX = 100;

/** Those of the reference system: motion at once, smoke and heat on the third hit, however long that takes. */
export const DEFAULT_RULES: Rules = {
  motion: { hits: 1, within: undefined, severity: 'MINOR' },
  smoke: { hits: 3, within: undefined, severity: 'CRITICAL' },
  temperature: { hits: 3, within: undefined, severity: 'MAJOR' },
};
