/** Types of alarms are data: those of the settings, or the three of the reference system. */
import { type Condition, fieldsOf } from './condition.ts';
import { compareSeverity, SEVERITIES, type Severity } from './severity.ts';

export const SHAPES = ['triangle', 'diamond', 'circle', 'square', 'pentagon', 'hexagon', 'drop', 'cross', 'star'] as const;
export type Shape = (typeof SHAPES)[number];

/** How an alarm clears. recovery: only by a record of OK, as in the reference system. normal: also by the sensor's first reading that isn't a hit. */
export const CLEARINGS = ['recovery', 'normal'] as const;
export type Clearing = (typeof CLEARINGS)[number];

export interface AlarmType {
  /** Lower case letters, digits and hyphens, since it becomes part of alarm ids, addresses and metrics. */
  readonly name: string;
  /** A reading that meets it is a hit. */
  readonly when: Condition;
  /** How many hits raise the alarm, 1 to HITS_MAX. */
  readonly hits: number;
  /** The hits must lie within this span, ms; undefined: they may be any time apart. */
  readonly within: number | undefined;
  readonly severity: Severity;
  /** Whether lives depend on it. */
  readonly lifeSafety: boolean;
  readonly clears: Clearing;
  /** For people: one or two words. */
  readonly label: string;
  /** How it is drawn, so that types differ not by colour alone. */
  readonly shape: Shape;
  /** Whether every sensor should report its fields: a reading without them is accepted, and answered with a warning. */
  readonly expected: boolean;
}

export const TYPES_MAX = 32;
const WITHIN_MAX_MS = 366 * 86_400_000;
export const HITS_MAX = 100;
/** Hits that all types together may ask for: a sensor's readings may be hits of all types, and its state has to fit into one record of the log. */
export const HITS_TOGETHER_MAX = 300;
export const LABEL_MAX = 24;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** The types of the reference system: motion at the first hit, smoke and heat at the third, however long that takes. */
export const BUILT_IN_TYPES: readonly AlarmType[] = [
  {
    name: 'motion',
    when: { field: 'motion', is: true },
    hits: 1,
    within: undefined,
    severity: 'MINOR',
    lifeSafety: false,
    clears: 'recovery',
    label: 'Motion',
    shape: 'circle',
    expected: true,
  },
  {
    name: 'smoke',
    when: { field: 'smoke', is: true },
    hits: 3,
    within: undefined,
    severity: 'CRITICAL',
    lifeSafety: true,
    clears: 'recovery',
    label: 'Smoke',
    shape: 'triangle',
    expected: true,
  },
  {
    name: 'temperature',
    when: { field: 'temperature', operator: '>', than: 'maxTemperature' },
    hits: 3,
    within: undefined,
    severity: 'MAJOR',
    lifeSafety: true,
    clears: 'recovery',
    label: 'Heat',
    shape: 'diamond',
    expected: true,
  },
];

/** A type with defaults for everything but its name and `when`. */
export function typeOf(name: string, when: Condition, rest: Partial<Omit<AlarmType, 'name' | 'when'>> = {}): AlarmType {
  return {
    name,
    when,
    hits: 1,
    within: undefined,
    severity: 'MINOR',
    lifeSafety: false,
    clears: 'recovery',
    label: labelOf(name),
    shape: 'square',
    expected: false,
    ...rest,
  };
}

/** A label made of the name: `water-leak` becomes Water leak. */
export function labelOf(name: string): string {
  return (name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')).slice(0, LABEL_MAX);
}

/** Gravest first, equal ones in their present order: how types are listed for people. */
export function gravestFirst<T extends Pick<AlarmType, 'severity'>>(types: readonly T[]): readonly T[] {
  return types.toSorted((a, b) => compareSeverity(a.severity, b.severity));
}

/** How many hits all types ask for together. */
export function hitsTogether(types: readonly AlarmType[]): number {
  return types.reduce((sum, { hits }) => sum + hits, 0);
}

/** Everything that is wrong with the types, in plain words, each problem with its type. Empty: they can be used. */
export function problemsOf(types: readonly AlarmType[]): { readonly type: string; readonly problem: string }[] {
  const problems = types.flatMap((type) => ownProblems(type).map((problem) => ({ type: type.name, problem })));
  const names = types.map(({ name }) => name);
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i)))
    problems.push({ type: name, problem: 'stands there twice' });
  const kinds = new Map<string, { kind: string; type: string }>();
  for (const { name: type, when } of types) {
    for (const [field, kind] of fieldsOf(when)) {
      const known = kinds.get(field);
      if (known === undefined) kinds.set(field, { kind, type });
      else if (known.kind !== kind)
        problems.push({ type, problem: `when: ${field} is a ${kind} here, and a ${known.kind} in ${known.type}` });
    }
  }
  const hits = hitsTogether(types);
  if (problems.length === 0 && hits > HITS_TOGETHER_MAX)
    problems.push({ type: '', problem: `together they ask for ${hits} hits, at most ${HITS_TOGETHER_MAX} are possible` });
  if (types.length === 0) problems.push({ type: '', problem: 'there is none: nothing would raise an alarm' });
  if (types.length > TYPES_MAX) problems.push({ type: '', problem: `there are ${types.length}, at most ${TYPES_MAX} are possible` });
  return problems;
}

function ownProblems({ name, hits, within, severity, clears, label, shape }: AlarmType): string[] {
  const problems: string[] = [];
  if (!NAME.test(name)) problems.push('the name must be lower case letters, digits and hyphens, at most 32, a letter first');
  if (!Number.isInteger(hits) || hits < 1 || hits > HITS_MAX) problems.push(`hits must be a whole number from 1 to ${HITS_MAX}`);
  if (within !== undefined && !(Number.isInteger(within) && within > 0 && within <= WITHIN_MAX_MS))
    problems.push('within must be longer than 0, and a year at most');
  if (!SEVERITIES.includes(severity)) problems.push(`severity must be one of ${SEVERITIES.join(', ')}`);
  if (!CLEARINGS.includes(clears)) problems.push(`clears must be one of ${CLEARINGS.join(', ')}`);
  if (label.trim() === '' || label.length > LABEL_MAX) problems.push(`label must have 1 to ${LABEL_MAX} characters`);
  if (!SHAPES.includes(shape)) problems.push(`shape must be one of ${SHAPES.join(', ')}`);
  return problems;
}
