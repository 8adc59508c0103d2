import { distance } from 'fastest-levenshtein';
import { type ZodType, z } from 'zod';
import {
  type AlarmType,
  BUILT_IN_TYPES,
  CLEARINGS,
  HITS_MAX,
  LABEL_MAX,
  problemsOf,
  SHAPES,
  TYPES_MAX,
  typeOf,
} from '../../alarm/alarm-type.ts';
import { type Condition, conditionText, parseCondition } from '../../alarm/condition.ts';
import { SEVERITIES } from '../../alarm/severity.ts';
import { duration, durationText } from '../../runtime/configuration.ts';
import { nearestOf } from '../../runtime/nearest.ts';
import type { Part } from './part.ts';
import { isTable, type Keys, type Report, readRow, writeRow } from './row.ts';

const BUILT_IN: ReadonlyMap<string, AlarmType> = new Map(BUILT_IN_TYPES.map((type) => [type.name, type]));

/** `off` is false in YAML 1.1, and text in YAML 1.2. */
const OFF: readonly unknown[] = [false, 'off', 'Off', 'OFF'];

/** Edit distance up to which a name is taken for a misspelt built-in one. */
const SLIP_MAX = 2;

const condition: ZodType<Condition> = z.string('must be a condition, such as co > 50').transform((text, context) => {
  const read = parseCondition(text);
  if (typeof read !== 'string') return read;
  context.addIssue(read);
  return z.NEVER;
});
const trueOrFalse = z.boolean('must be true or false');
const oneOf = <const T extends string>(words: readonly T[]) => z.enum(words, `must be one of ${words.join(', ')}`);

/** The keys of a type's row, in the order in which they are printed. */
export const TYPE_KEYS: Keys<Omit<AlarmType, 'name'>> = {
  when: {
    schema: condition,
    help: 'a reading for which it holds is a hit: motion, not mains, co > 50 (also >=, < and <=), temperature > maxTemperature',
    write: conditionText,
  },
  hits: {
    schema: z.number('must be a number, without quotes'),
    help: `how many hits raise the alarm, 1 to ${HITS_MAX}`,
    write: (hits) => hits,
  },
  within: {
    schema: duration,
    help: 'the hits must lie within this span, such as 90s or 5m; left out: however far apart they are',
    write: (within) => (within === undefined ? undefined : durationText(within)),
  },
  severity: { schema: oneOf(SEVERITIES), help: SEVERITIES.join(', '), write: (severity) => severity },
  lifeSafety: { schema: trueOrFalse, help: 'true: lives depend on it', write: (lifeSafety) => lifeSafety },
  clears: {
    schema: oneOf(CLEARINGS),
    help: 'recovery: an OK of the sensor clears the alarm; normal: so does its first reading that is not a hit',
    write: (clears) => clears,
  },
  label: {
    schema: z.string('must be text; numbers and the like in quotes').regex(/^\P{C}*$/u, 'must be text on one line'),
    help: `what people read, at most ${LABEL_MAX} characters`,
    write: (label) => label,
  },
  shape: { schema: oneOf(SHAPES), help: `how it is drawn: ${SHAPES.join(', ')}`, write: (shape) => shape },
  expected: {
    schema: trueOrFalse,
    help: 'true: every sensor should report the fields of `when`; one that does not is answered with a warning',
    write: (expected) => expected,
  },
};

/** The types of alarms: the built-in ones, with the rows of the file laid over them. */
export const typesPart: Part<readonly AlarmType[]> = {
  help: `Types of alarms, at most ${TYPES_MAX}. What stands here is laid over the built-in ${[...BUILT_IN.keys()].join(', ')}: a row of that name changes
only what it says, and off in its place takes the type away. A new type is a name and at least \`when\`. docs/types.md says more.

${Object.entries(TYPE_KEYS)
  .map(([key, { help }]) => `${key.padEnd(12)}${help}`)
  .join('\n')}

For example:
  water:   { when: water, hits: 2, within: 5m, severity: MAJOR }
  battery: { when: battery < 15, severity: WARNING, clears: normal }`,
  default: BUILT_IN_TYPES,
  neededBy: 'every role',
  read: readTypes,
  summary: (types) => `${types.length} types of alarms: ${types.map(({ name }) => name).join(', ')}`,
  write: (types) => ({
    ...Object.fromEntries([...BUILT_IN.keys()].map((name) => [name, 'off'])),
    ...Object.fromEntries(types.map((type) => [type.name, writeRow(TYPE_KEYS, type)])),
  }),
};

function readTypes(value: unknown, report: Report): readonly AlarmType[] {
  if (!isTable(value)) {
    report([], 'must be names with a row each, such as water: { when: water }');
    return BUILT_IN_TYPES;
  }
  const types = new Map(BUILT_IN);
  for (const [name, said] of Object.entries(value)) {
    if (OFF.includes(said)) {
      if (!types.delete(name)) report([name], `is not there to be taken away; did you mean ${nearestOf(name, BUILT_IN.keys())}?`);
    } else {
      const type = typeIn(name, said, report);
      if (type) types.set(name, type);
    }
  }
  const all = [...types.values()];
  for (const { type, problem } of problemsOf(all)) report(types.has(type) ? [type] : [], problem);
  return all;
}

function typeIn(name: string, said: unknown, report: Report): AlarmType | undefined {
  if (!isTable(said)) {
    report([name], 'must be a row, such as { when: water, hits: 2 }, or off');
    return undefined;
  }
  const row = readRow(TYPE_KEYS, said, [name], report);
  const builtIn = BUILT_IN.get(name);
  if (builtIn) return { ...builtIn, ...row };
  const { when, ...rest } = row;
  if (when) return typeOf(name, when, rest);
  if (!Object.hasOwn(said, 'when')) report([name], `needs \`when\`${slipOf(name)}`);
  return undefined;
}

function slipOf(name: string): string {
  const meant = nearestOf(name, BUILT_IN.keys());
  return meant !== undefined && distance(name, meant) <= SLIP_MAX ? `; or did you mean ${meant}?` : ', such as when: water';
}
