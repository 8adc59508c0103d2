import { z } from 'zod';
import { type Command, flag, type Given, option, text, UsageError } from '../runtime/command-line.ts';
import { decimal, integer } from '../runtime/configuration.ts';
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
  /** Undefined: depends on how the run ended. */
  readonly settleSeconds: number | undefined;
  readonly outbox: string | undefined;
  readonly json: string | undefined;
  /** Only send, compare nothing. */
  readonly blind: boolean;
  /** A recovery and a hit of one sensor are sent at least this far apart, in ms; not a command-line option. */
  readonly apartMs: number;
}

/** A little less than in the scenarios, so that only late messages have to wait. */
const APART_AT_LEAST_MS = APART_MS - 400;
export const MINUTES_MAX = 7 * 24 * 60;

const names = SCENARIOS.map(({ name }) => name);
const url = z.string().refine((each) => /^https?:\/\/./.test(each) && URL.canParse(each), 'must be a URL such as http://127.0.0.1:8080');

/** Command-line options of a fleet. Those without a default here get the scenario's. */
export const SIMULATE_OPTIONS = {
  scenario: option('NAME', z.enum(names, `must be one of ${names.join(', ')}`), 'what happens, see below', 'case2'),
  apps: option(
    'N',
    integer(1, 64).optional(),
    "simulator programs at once; each sends for its own share of the sensors (default: the scenario's)",
  ),
  rate: option('N', integer(1, 100_000).optional(), "messages per second of each app (default: the scenario's)"),
  minutes: option('N', decimal(0.1, MINUTES_MAX).optional(), "duration, for example 0.5 (default: the scenario's)"),
  seed: option('N', integer(0, 2 ** 32 - 1), 'the same seed gives the same messages', '1'),
  sensors: option('N', integer(1, 10_000_000), 'size of the fleet, ids 1 to N', '50000'),
  url: option('URL', url, 'where sensors report', 'http://127.0.0.1:19092'),
  console: option('URL', url, 'the console, from which the alarms are read for the comparison', 'http://127.0.0.1:8080'),
  token: option('TOKEN', text, "the console's TOCSIN_API_TOKEN (default: from the environment)"),
  'gateway-token': option(
    'TOKEN',
    text,
    'a token for the ingest, if it requires one (default: the first of TOCSIN_GATEWAY_TOKENS in the environment)',
  ),
  batch: option(
    'N',
    integer(1, 10_000),
    'messages per request, alternating between JSON arrays and NDJSON; 1: every status by itself',
    '1',
  ),
  connections: option('N', integer(1, 1_000), 'keep-alive connections of each app', '16'),
  timeout: option('SECONDS', integer(1, 300), 'after this long a request is sent again, with the same seq', '10'),
  drain: option('SECONDS', integer(0, 3_600), 'how long after the end unanswered messages are still sent again', '10'),
  settle: option(
    'SECONDS',
    integer(0, 3_600).optional(),
    'how long the system may take until its alarms are right (default: 30, or 10 after an interruption)',
  ),
  outbox: option('DIR', text, "the system's outbox folder, to compare its mails too"),
  json: option('FILE', text, 'also writes the report as JSON'),
  blind: flag('only sends, compares nothing'),
};

export const SCENARIO_LIST: NonNullable<Command['lists']> = [
  { heading: 'Scenarios', rows: SCENARIOS.map(({ name, summary }) => [name, summary]) },
];

/** Used where the options give no token: others on the machine can read a command line. */
export interface EnvironmentTokens {
  readonly console?: string | undefined;
  readonly gateway?: string | undefined;
}

/** The fleet that the options describe. Throws UsageError. */
export function simulateOptions({ options }: Given<typeof SIMULATE_OPTIONS>, tokens: EnvironmentTokens): SimulateOptions {
  const scenario = scenarioNamed(options.scenario);
  if (!scenario) throw new UsageError([`--scenario: there is no ${options.scenario}`]);
  const apps = options.apps ?? scenario.defaults.apps;
  if (options.sensors < apps) throw new UsageError(['--sensors must be at least as many as --apps']);
  return {
    scenario,
    apps,
    ratePerApp: options.rate ?? scenario.defaults.ratePerApp,
    minutes: options.minutes ?? scenario.defaults.minutes,
    seed: options.seed,
    sensors: options.sensors,
    url: options.url,
    console: options.console,
    token: options.token ?? tokens.console,
    gatewayToken: options['gateway-token'] ?? tokens.gateway,
    batch: options.batch,
    connections: options.connections,
    timeoutSeconds: options.timeout,
    drainSeconds: options.drain,
    settleSeconds: options.settle,
    outbox: options.outbox,
    json: options.json,
    blind: options.blind,
    apartMs: APART_AT_LEAST_MS,
  };
}
