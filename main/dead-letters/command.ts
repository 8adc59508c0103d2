import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { MessageLog } from '../../message-log/port.ts';
import { TOPICS } from '../../records/topics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { duration } from '../../runtime/configuration.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { type LetterFilter, type ListedLetter, readLetters } from './letters.ts';
import { replay } from './replay.ts';

export const HELP = `Usage: npm run dead-letters -- list [FILTER…] | show ID | replay ID…|--all [FILTER…] [--dry-run] [--force]

Records that could not be handled are kept in topic DEAD with their reason. Reads the log that the settings name: Kafka beside running
processes; the embedded one (TOCSIN_DATA_DIR) only while its server is stopped.

  list           one line each: id, age, where it came from, who parked it, its sensor, what was done with it, and why it is there
  show ID        all of one letter, its value included
  replay ID…     puts values of ENTRY and OK back to the end of their topic, as if they were received now, if they are valid. What was
                 replayed is marked and never replayed again. One whose replay was broken off needs --force: it may be back already

  --topic ENTRY       only of this topic            --sensor ID         only of this sensor
  --by processor      only parked by this part      --reason TEXT       only with TEXT in the reason
  --newer 2h          received in the last 2 h      --older 7d          received before that
  --limit N           of list: so many at most (100)
  --all               of replay: all that the filters let through
  --dry-run           of replay: only say what would be done
  --force             of replay: also what is not valid; the processor parks again what it can't read
  -h, --help          this text

Exit code: 0 all done, 1 some were skipped, not found or could not be done, 2 wrong usage or settings.
`;

/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {}

const OPTIONS = {
  topic: { type: 'string' },
  sensor: { type: 'string' },
  by: { type: 'string' },
  reason: { type: 'string' },
  newer: { type: 'string' },
  older: { type: 'string' },
  limit: { type: 'string', default: '100' },
  all: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options'];

export interface Command {
  readonly name: 'list' | 'show' | 'replay';
  readonly filter: LetterFilter;
  readonly limit: number;
  readonly force: boolean;
  readonly dryRun: boolean;
}

/** Throws UsageError. */
export function readCommand(args: readonly string[], now: number): Command | 'help' {
  const { values, positionals } = parsedArguments(args);
  const [name, ...ids] = positionals;
  if (values.help) return 'help';
  if (name !== 'list' && name !== 'show' && name !== 'replay')
    throw new UsageError(`${name ?? 'nothing'} is not a command; there are list, show and replay. Try npm run dead-letters -- --help`);
  for (const id of ids) if (!/^\d{1,6}@\d{1,15}$/.test(id)) throw new UsageError(`${id} is not an id such as 0@17; list shows them`);
  if (name === 'list' && ids.length > 0) throw new UsageError('list takes filters, no ids; show and replay take ids');
  if (name === 'show' && ids.length !== 1) throw new UsageError('show takes one id, such as 0@17');
  if (name === 'replay' && ids.length === 0 && !values.all) throw new UsageError('replay which? Name ids, or --all with filters');
  return {
    name,
    filter: { ...filterOf(values, now), ...(ids.length > 0 ? { ids: new Set(ids) } : {}) },
    limit: whole(values.limit, '--limit'),
    force: values.force,
    dryRun: values['dry-run'],
  };
}

/** Resolves with the exit code. */
export async function runCommand(command: Command, log: MessageLog, clock: Clock, tell: (line: string) => void): Promise<number> {
  if (command.name === 'list') return await list(command, log, clock, tell);
  if (command.name === 'show') return await show(command, log, tell);
  return await replayAll(command, log, clock, tell);
}

async function list({ filter, limit }: Command, log: MessageLog, clock: Clock, tell: (line: string) => void): Promise<number> {
  let found = 0;
  for await (const letter of readLetters(log, filter)) {
    found += 1;
    if (found <= limit) tell(lineOf(letter, clock()));
  }
  if (found === 0) tell('There are none.');
  else if (found > limit) tell(`… and ${found - limit} more: --limit shows more, filters show fewer.`);
  return 0;
}

async function show({ filter }: Command, log: MessageLog, tell: (line: string) => void): Promise<number> {
  for await (const { id, sensor, topic, partition, offset, at, by, reason, replayed, value } of readLetters(log, filter)) {
    tell(`id        ${id}\nsensor    ${sensor}\nplace     ${topic}/${partition}@${offset}\nreceived  ${new Date(at).toISOString()}`);
    tell(`by        ${by}\nreason    ${printable(reason)}\nreplay    ${replayed ?? 'never'}\nvalue     ${printable(value)}`);
    return 0;
  }
  tell(`There is no letter ${[...(filter.ids ?? [])].join()}.`);
  return 1;
}

async function replayAll({ filter, ...options }: Command, log: MessageLog, clock: Clock, tell: (line: string) => void): Promise<number> {
  const missing = new Set(filter.ids);
  const counts = { replayed: 0, skipped: 0 };
  for await (const letter of readLetters(log, filter)) {
    missing.delete(letter.id);
    const result = await replay(letter, log, clock, options);
    counts[result.outcome] += 1;
    const done = options.dryRun ? 'would be replayed' : 'replayed';
    tell(`${letter.id}  ${result.outcome === 'replayed' ? `${done} to ${result.topic}` : `skipped: ${result.reason}`}`);
  }
  for (const id of missing) tell(`${id}  not found`);
  tell(`${counts.replayed} ${options.dryRun ? 'would be replayed' : 'replayed'}, ${counts.skipped} skipped.`);
  return counts.skipped === 0 && missing.size === 0 ? 0 : 1;
}

function lineOf({ id, at, topic, partition, offset, by, sensor, replayed, reason }: ListedLetter, now: number): string {
  const state = replayed === 'done' ? 'replayed' : replayed === 'begun' ? 'replay broken off' : '-';
  const columns = [id.padEnd(10), ageOf(now - at).padStart(4), `${topic}/${partition}@${offset}`.padEnd(20), by.padEnd(10)];
  return [...columns, String(sensor).padStart(10), state.padEnd(9), printable(reason)].join('  ');
}

function ageOf(ms: number): string {
  const [span, unit] =
    ms < 120_000 ? [1_000, 's'] : ms < 7_200_000 ? [60_000, 'm'] : ms < 172_800_000 ? [3_600_000, 'h'] : [86_400_000, 'd'];
  return `${Math.max(0, Math.floor(ms / Number(span)))}${unit}`;
}

/** What came from outside must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

function parsedArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${reasonOf(error).replace(/\. To specify.*/s, '')}. Try npm run dead-letters -- --help`);
  }
}

function filterOf(values: ReturnType<typeof parsedArguments>['values'], now: number): LetterFilter {
  const { topic, by, reason, sensor, newer, older } = values;
  if (topic !== undefined && !(TOPICS as readonly string[]).includes(topic))
    throw new UsageError(`--topic ${topic} is none; there are ${TOPICS.join(', ')}`);
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(sensor === undefined ? {} : { sensor: whole(sensor, '--sensor') }),
    ...(newer === undefined ? {} : { from: now - span(newer, '--newer') }),
    ...(older === undefined ? {} : { to: now - span(older, '--older') }),
  };
}

function whole(text: string, option: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`${option} takes a whole number, not ${text}`);
  return Number(text);
}

function span(text: string, option: string): number {
  const { success, data } = duration.safeParse(text);
  if (!success) throw new UsageError(`${option} takes a span such as 30m, 2h or 7d, not ${text}`);
  return data;
}
