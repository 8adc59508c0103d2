import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';
import { APART_MS } from './scenarios/episode.ts';
import { SCENARIOS, scenarioNamed } from './scenarios/index.ts';

export interface SimulateOptions {
  readonly scenario: Scenario;
  readonly apps: number;
  readonly ratePerApp: number;
  readonly minutes: number;
  readonly seed: number;
  readonly sensors: number;
  readonly url: string;
  readonly console: string;
  readonly token: string | undefined;
  readonly gatewayToken: string | undefined;
  readonly batch: number;
  readonly connections: number;
  readonly timeoutSeconds: number;
  readonly drainSeconds: number;
  readonly settleSeconds: number;
  readonly outbox: string | undefined;
  readonly json: string | undefined;
  /** Only send; ask nothing and compare nothing. */
  readonly blind: boolean;
  /** A recovery and a hit of one sensor are sent at least this far apart, in ms; not to be chosen on the command line. */
  readonly apartMs: number;
}

/** A little less than what the scenarios keep, so that only late messages wait for it. */
const APART_AT_LEAST_MS = APART_MS - 400;

export interface Option {
  /** What its value is; an option without takes none. */
  readonly placeholder?: string;
  readonly help: string;
}

const OPTIONS = {
  scenario: { placeholder: 'NAME', help: 'what happens (default case2), see below' },
  apps: { placeholder: 'N', help: "simulator programs at once; each sends for its own share of the sensors (default: the scenario's)" },
  rate: { placeholder: 'N', help: "messages per second of each app (default: the scenario's)" },
  minutes: { placeholder: 'N', help: "how long, also 0.5 (default: the scenario's)" },
  seed: { placeholder: 'N', help: 'the same seed gives the same messages (default 1)' },
  sensors: { placeholder: 'N', help: 'size of the fleet, ids 1 to N (default 50000)' },
  url: { placeholder: 'URL', help: 'where sensors report (default http://127.0.0.1:19092)' },
  console: { placeholder: 'URL', help: 'where the console is, asked for the alarms afterwards (default http://127.0.0.1:8080)' },
  token: { placeholder: 'TOKEN', help: "the console's TOCSIN_API_TOKEN (default: that of the environment)" },
  'gateway-token': { placeholder: 'TOKEN', help: 'a token of the ingest, where it asks for one' },
  batch: { placeholder: 'N', help: 'messages per request, as JSON arrays and NDJSON in turn (default 1: every status by itself)' },
  connections: { placeholder: 'N', help: 'keep-alive connections of each app (default 16)' },
  timeout: { placeholder: 'SECONDS', help: 'after this long a request is sent again, with the same seq (default 10)' },
  drain: { placeholder: 'SECONDS', help: 'how long after the end an unanswered message is still sent again (default 10)' },
  settle: { placeholder: 'SECONDS', help: 'how long the system may take until its alarms are right (default 30)' },
  outbox: { placeholder: 'DIR', help: "the system's outbox folder: compares its mails too" },
  json: { placeholder: 'FILE', help: 'writes the report as JSON too' },
  blind: { help: 'only sends; asks and compares nothing' },
  help: { help: 'shows this' },
} as const satisfies Record<string, Option>;

export const HELP = `Simulates a fleet of sensors, and tells what the system made of it.

  npm run simulate -- --apps 4 --rate 350 --minutes 30 --token TOKEN

${helpOf(OPTIONS)}

Scenarios:
${SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(26)}${summary}`).join('\n')}

Ends with 0 when the alarms are exactly those that must have been, 1 when any is missing, doubled, invented or differs, or a message was
refused or could not be sent,
2 for wrong options, 3 when it could not compare, 130 when interrupted.`;

export type Parsed =
  | { readonly kind: 'options'; readonly options: SimulateOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Reads the command line; all that is wrong with it at once. */
export function parseOptions(args: readonly string[], environmentToken: string | undefined): Parsed {
  const { values, problems } = tokensOf(args, OPTIONS);
  if (values.has('help')) return { kind: 'help' };
  const check = new Checks(values, problems);
  const name = values.get('scenario') ?? 'case2';
  const scenario = scenarioNamed(name);
  if (scenario === undefined) problems.push(`--scenario ${name} is unknown; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);
  const defaults = scenario?.defaults ?? { apps: 1, ratePerApp: 1, minutes: 1 };
  const options: Omit<SimulateOptions, 'scenario'> = {
    apps: check.number('apps', defaults.apps, 1, 64),
    ratePerApp: check.number('rate', defaults.ratePerApp, 1, 100_000),
    minutes: check.number('minutes', defaults.minutes, 0.1, 7 * 24 * 60, false),
    seed: check.number('seed', 1, 0, 2 ** 32 - 1),
    sensors: check.number('sensors', 50_000, 1, 10_000_000),
    url: check.url('url', 'http://127.0.0.1:19092'),
    console: check.url('console', 'http://127.0.0.1:8080'),
    token: values.get('token') ?? environmentToken,
    gatewayToken: values.get('gateway-token'),
    batch: check.number('batch', 1, 1, 10_000),
    connections: check.number('connections', 16, 1, 1_000),
    timeoutSeconds: check.number('timeout', 10, 1, 300),
    drainSeconds: check.number('drain', 10, 0, 3_600),
    settleSeconds: check.number('settle', 30, 0, 3_600),
    outbox: values.get('outbox'),
    json: values.get('json'),
    blind: values.has('blind'),
    apartMs: APART_AT_LEAST_MS,
  };
  if (options.sensors < options.apps) problems.push('--sensors must be at least as many as --apps');
  return problems.length > 0 || scenario === undefined
    ? { kind: 'problems', problems }
    : { kind: 'options', options: { ...options, scenario } };
}

/** A line for each option. */
export function helpOf(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { placeholder = '', help }]) => `  --${`${name} ${placeholder}`.padEnd(24)}${help}`)
    .join('\n');
}

/** Options with their values; what isn't an option, or lacks its value, is a problem. */
export function tokensOf(
  args: readonly string[],
  known: Readonly<Record<string, Option>>,
): { values: Map<string, string>; problems: string[] } {
  const config = Object.fromEntries(
    Object.entries(known).map(([name, { placeholder }]) => [name, { type: placeholder ? ('string' as const) : ('boolean' as const) }]),
  );
  const { tokens } = parseArgs({ args: [...args], options: config, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" is not an option`);
    if (token.kind !== 'option') continue;
    const option = known[token.name];
    if (option === undefined) problems.push(`${token.rawName} is not an option; --help lists them`);
    else if (option.placeholder === undefined && token.value !== undefined) problems.push(`${token.rawName} takes no value`);
    else if (option.placeholder !== undefined && (!token.value || (!token.inlineValue && token.value.startsWith('--'))))
      problems.push(`${token.rawName} needs a value: ${option.placeholder}`);
    else values.set(token.name, token.value ?? '');
  }
  return { values, problems };
}

export class Checks {
  readonly #values: ReadonlyMap<string, string>;
  readonly #problems: string[];

  constructor(values: ReadonlyMap<string, string>, problems: string[]) {
    this.#values = values;
    this.#problems = problems;
  }

  number(name: string, fallback: number, min: number, max: number, whole = true): number {
    const text = this.#values.get(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    this.#problems.push(`--${name} ${text} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
    return fallback;
  }

  url(name: string, fallback: string): string {
    const text = this.#values.get(name) ?? fallback;
    if (!/^https?:\/\/./.test(text) || !URL.canParse(text)) this.#problems.push(`--${name} ${text} must be a URL such as ${fallback}`);
    return text;
  }
}
