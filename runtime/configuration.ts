import { type ZodType, z } from 'zod';
import { nearestOf } from './nearest.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './durations.ts';
import { OwnError } from './errors.ts';
import { isNetwork } from './network.ts';
import { fileSettingOf, secretOf } from './secret-file.ts';

/** One setting of the environment: its name, how its value is read, what it means. */
export interface Setting<T = unknown> {
  readonly name: `TOCSIN_${string}`;
  readonly schema: ZodType<T>;
  /** As shown in docs/settings.md; undefined means "not set". */
  readonly default: string | undefined;
  readonly description: string;
  /** A secret may also be given in a file, which NAME_FILE names. */
  readonly secret?: true;
}

/** The settings of one role, keyed by the field they fill. */
export type Settings = Readonly<Record<string, Setting>>;
export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** All problems of a configuration at once, one line each. */
export class ConfigurationError extends OwnError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** Keeps the type of the schema's output; the default must be readable by the schema itself. */
export function setting<T>(name: Setting['name'], schema: ZodType<T>, fallback: string | undefined, description: string): Setting<T> {
  return { name, schema, default: fallback, description };
}

/** A setting without a default whose value must not become known. */
export function secret<T>(name: Setting['name'], schema: ZodType<T>, description: string): Setting<T> {
  return { ...setting(name, schema, undefined, description), secret: true };
}

/** The names under which a setting may be given. */
export function namesOf({ name, secret: isSecret }: Pick<Setting, 'name' | 'secret'>): readonly string[] {
  return isSecret ? [name, fileSettingOf(name)] : [name];
}

/** The values of settings, by the setting that declares them. */
export class Values {
  readonly #values: ReadonlyMap<Setting, unknown>;

  constructor(values: ReadonlyMap<Setting, unknown>) {
    this.#values = values;
  }

  /** Throws if the setting was not among those that were read, which is a fault in the program. */
  get<T>(setting: Setting<T>): T {
    if (!this.#values.has(setting)) throw new Error(`${setting.name} was not read`);
    return this.#values.get(setting) as T;
  }

  /** The values of all settings of a group, under the group's own names. Throws like `get`. */
  of<S extends Settings>(group: S): ConfigOf<S> {
    return Object.fromEntries(Object.entries(group).map(([field, setting]) => [field, this.get(setting)])) as ConfigOf<S>;
  }
}

/** Names that a program accepts besides the settings that it reads. */
export interface SettingNames {
  readonly current: readonly string[];
  /** Settings of earlier versions; each function says what to do instead of the value that is still set. */
  readonly retired: ReadonlyMap<string, (value: string) => string>;
}

const NO_OTHERS: SettingNames = { current: [], retired: new Map() };

/** Reads one group of settings; see `readValues`. */
export function readSettings<S extends Settings>(
  settings: S,
  environment: NodeJS.ProcessEnv,
  known: SettingNames = NO_OTHERS,
): ConfigOf<S> {
  return readValues([settings], environment, known).of(settings);
}

/**
 * Reads groups of settings from `environment`, an empty value counting as not set. A misspelt name is refused with the nearest right one, a retired one with
 * what to do instead. Throws ConfigurationError with all problems of all groups, each once.
 */
export function readValues(groups: Iterable<Settings>, environment: NodeJS.ProcessEnv, known: SettingNames = NO_OTHERS): Values {
  const settings = new Set([...groups].flatMap((group) => Object.values(group)));
  const current = new Set([...known.current, ...[...settings].flatMap(namesOf)]);
  const problems = unknownNames(environment, { ...known, current: [...current] });
  const values = new Map<Setting, unknown>();
  for (const setting of settings) {
    const { name, schema, default: fallback, secret: isSecret } = setting;
    const { value, problem } = isSecret ? secretOf(name, environment) : { value: environment[name] || undefined, problem: undefined };
    const result = schema.safeParse(value ?? fallback);
    if (problem !== undefined) problems.push(problem);
    else if (result.success) values.set(setting, result.data);
    else problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return new Values(values);
}

function unknownNames(environment: NodeJS.ProcessEnv, { current, retired }: SettingNames): string[] {
  return Object.entries(environment)
    .filter(([name]) => name.startsWith('TOCSIN_') && !current.includes(name))
    .flatMap(([name, value = '']) => {
      const instead = retired.get(name);
      if (instead) return value === '' ? [] : `${name} is no longer a setting: ${instead(value)}`;
      const nearest = nearestOf(name, current);
      return `${name} is not a setting${nearest ? `; did you mean ${nearest}?` : ''}`;
    });
}

/** An integer in a range, with a message that says so. */
export const integer = (min: number, max: number): ZodType<number> =>
  z
    .string()
    .regex(/^-?\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

/** A number in a range, with or without decimals. */
export const decimal = (min: number, max: number): ZodType<number> =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, `must be a number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a number from ${min} to ${max}`);

export const port: ZodType<number> = integer(0, 65_535);

/** `on|off` and what people write instead. */
export const flag: ZodType<boolean> = z
  .string()
  .toLowerCase()
  .refine((s) => ['on', 'off', 'true', 'false', 'yes', 'no', '1', '0'].includes(s), 'must be on or off')
  .transform((s) => ['on', 'true', 'yes', '1'].includes(s));

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const SPAN = 'must be a span such as 500ms, 30s, 15m, 12h or 7d';
/** A span such as `500ms`, `30s`, `7d`; in milliseconds. */
export const duration: ZodType<number> = z
  .string(SPAN)
  .regex(/^\d+(ms|s|m|h|d)$/, SPAN)
  .transform((s) => Number.parseInt(s, 10) * (UNITS[s.replace(/^\d+/, '')] ?? 1));

/** As `duration` reads it, in the largest unit that needs no fraction. */
export function durationText(ms: number): string {
  const [unit = 'ms', length = 1] = Object.entries(UNITS).findLast(([, length]) => ms % length === 0) ?? [];
  return `${ms / length}${unit}`;
}

/** Long enough that guessing is hopeless, short enough for a header. */
export const bearerToken: ZodType<string> = z.string().regex(/^[\x21-\x7e]{16,512}$/, 'must be 16 to 512 visible ASCII characters');

/** Addresses and networks, separated by commas. */
export const networks: ZodType<readonly string[]> = z
  .string()
  .transform((text) => text.split(',').map((network) => network.trim()))
  .refine((all) => all.every(isNetwork), 'must be addresses or networks, such as 10.0.0.7,10.1.0.0/16');

const SIZES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
/** A size such as `64KiB` or `20GiB`; in bytes. */
export const size: ZodType<number> = z
  .string()
  .regex(/^\d+(B|KiB|MiB|GiB)$/, 'must be a size such as 64KiB, 16MiB or 20GiB')
  .transform((s) => Number.parseInt(s, 10) * (SIZES[s.replace(/^\d+/, '')] ?? 1));
