/** Command lines of programs: each is declared once, all are read the same way, and the help is printed from the declaration. */
import { parseArgs } from 'node:util';
import { type ZodType, z } from 'zod';
import { nearestOf } from './nearest.ts';
import { OwnError } from './errors.ts';

export interface Option<T = unknown> {
  /** The name of its value, as in `--out DIR`; none: the option has no value. */
  readonly value?: string;
  readonly help: string;
  /** Reads what was typed: a text, or undefined if the option is not given; texts if it can repeat; a boolean if it has no value. */
  readonly schema: ZodType<T>;
  /** The default, as it would be typed. */
  readonly default?: string;
  readonly repeats?: true;
}

export type Options = Readonly<Record<string, Option>>;
export type OptionsOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What a command takes besides options. */
export interface Words {
  /** As shown in the help: `FILE…`. */
  readonly name: string;
  readonly help: string;
  readonly min: number;
  readonly max: number;
  /** All valid words, if there is a fixed list. */
  readonly known?: readonly string[];
}

/** A table of the help: what can be typed, and what it means. */
export interface List {
  readonly heading: string;
  readonly rows: readonly (readonly [name: string, meaning: string])[];
}

export interface Given<O extends Options> {
  readonly options: OptionsOf<O>;
  readonly words: readonly string[];
}

export interface Command<O extends Options = Options> {
  /** As people type it, without options: `npm run topics`. */
  readonly name: string;
  /** A sentence or two: what it does. */
  readonly summary: string;
  /** Paragraphs, for the help alone. */
  readonly about?: readonly string[];
  readonly words?: Words;
  readonly options: O;
  readonly lists?: readonly List[];
  /** What exit codes other than 2 mean, if that is more than done or failed. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  readonly example?: string;
  /** Resolves with the exit code. Rejects with UsageError if words and options don't fit together. */
  run(given: Given<O>): Promise<number>;
}

/** A program with several commands; the first word names one. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: Readonly<Record<string, Command>>;
}

/** The command line is wrong; holds all its problems. */
export class UsageError extends OwnError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/** Keeps the types of the options for `run`. */
export function command<O extends Options>(declared: Command<O>): Command<O> {
  return declared;
}

/** An option without a value. */
export function flag(help: string): Option<boolean> {
  return { help, schema: z.boolean() };
}

/** An option with a value; undefined if it is not given and has no default, provided the schema allows that. */
export function option<T>(value: string, schema: ZodType<T>, help: string, fallback?: string): Option<T> {
  return { value, schema, help, ...(fallback === undefined ? {} : { default: fallback }) };
}

export const text: ZodType<string | undefined> = z.string().min(1, 'must not be empty').optional();

const HELP = 'help';

/** Reads what was typed. Throws UsageError with all problems. */
export function readCommandLine<O extends Options>(
  { options, words }: Pick<Command<O>, 'options' | 'words'>,
  args: readonly string[],
): Given<O> | typeof HELP {
  const typed = typedIn(args, options);
  if (typed.help) return HELP;
  const values: Record<string, unknown> = {};
  const problems = [...typed.problems, ...problemsOf(typed.words, words)];
  for (const [name, each] of Object.entries(options)) {
    const input = inputOf(each, typed.values.get(name));
    const { success, data, error } = each.schema.safeParse(input);
    if (success) values[name] = data;
    else problems.push(`--${name}: ${error.issues.map(({ message }) => message).join(', ')}, not ${String(input)}`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { options: values as OptionsOf<O>, words: typed.words };
}

interface Typed {
  readonly help: boolean;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
  readonly problems: readonly string[];
}

function typedIn(args: readonly string[], options: Options): Typed {
  const kinds = Object.entries(options).map(([name, { value }]) => [name, { type: value ? ('string' as const) : ('boolean' as const) }]);
  const config = { ...Object.fromEntries(kinds), [HELP]: { type: 'boolean', short: 'h' } };
  const { tokens } = parseArgs({ args: [...args], options: config, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  const problems: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const known = Object.hasOwn(options, name) ? options[name] : undefined;
    if (name === HELP) help = true;
    else if (!known) problems.push(unknown(rawName, options));
    else if (!known.value && value !== undefined) problems.push(`${rawName} takes no value`);
    else if (known.value && (!value || (!inlineValue && value.startsWith('--')))) problems.push(`${rawName} needs a value: ${known.value}`);
    else values.set(name, [...(values.get(name) ?? []), value ?? '']);
  }
  return { help, values, words, problems };
}

function unknown(typed: string, options: Options): string {
  const nearest = nearestOf(
    typed,
    [...Object.keys(options), HELP].map((name) => `--${name}`),
  );
  return `${typed} is not an option; did you mean ${nearest}?`;
}

function inputOf({ value, repeats, default: fallback }: Option, typed: readonly string[] | undefined): unknown {
  if (value === undefined) return typed !== undefined;
  return repeats ? typed : (typed?.at(-1) ?? fallback);
}

function problemsOf(typed: readonly string[], words: Words | undefined): string[] {
  if (!words) return typed.map((word) => `"${word}" is not expected here`);
  if (typed.length < words.min) return [`${words.name} is missing: ${words.help}`];
  if (typed.length > words.max) return typed.slice(words.max).map((word) => `"${word}" is one word too many`);
  const { known } = words;
  return known ? typed.filter((word) => !known.includes(word)).map((word) => unknownWord(word, words.name, known)) : [];
}

/** `kind` as shown in the help: `ROLE…`. */
export function unknownWord(word: string, kind: string, known: readonly string[]): string {
  const noun = kind.replace('…', '').toLowerCase();
  return `${word} is not a ${noun}; there are ${known.join(', ')}. Did you mean ${nearestOf(word, known)}?`;
}
