import { ALARM_TYPES, type AlarmType } from './status.ts';

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

/** All that is wrong with the rules, in plain words; none: they can be used. */
export function validateRules(rules: Rules): string[] {
  return ALARM_TYPES.flatMap((type) => {
    const rule = rules[type] as Rule | undefined;
    return rule === undefined ? [`${type}: there is no rule`] : faultsOf(rule).map((fault) => `${type}: ${fault}`);
  });
}

function faultsOf({ hits, within, severity }: Rule): string[] {
  const faults: string[] = [];
  if (!Number.isInteger(hits) || hits < 1 || hits > HITS_MAX) faults.push(`hits must be a whole number from 1 to ${HITS_MAX}`);
  if (within !== undefined && !(Number.isSafeInteger(within) && within > 0)) faults.push('within must be a whole number of ms above 0');
  if (!SEVERITIES.includes(severity)) faults.push(`severity must be one of ${SEVERITIES.join(', ')}`);
  return faults;
}
