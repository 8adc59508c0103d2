import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { z } from 'zod';
import { TOPICS } from '../../records/topics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { command, type CommandGroup, flag, option, type OptionsOf, text, UsageError } from '../../runtime/command-line.ts';
import { duration, integer } from '../../runtime/configuration.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../runtime/durations.ts';
import { type LetterFilter, type ListedLetter, readLetters } from './letters.ts';
import { replay, type ReplayOptions } from './replay.ts';

/** Opens the log, does the work, and closes the log whatever happens. */
export type WithLog = <T>(work: (log: MessageLog, clock: Clock) => Promise<T>) => Promise<T>;
type Print = (line: string) => void;

const FILTERS = {
  topic: option('TOPIC', z.enum(TOPICS, `must be one of ${TOPICS.join(', ')}`).optional(), 'only what came from this topic'),
  sensor: option('ID', integer(0, SENSOR_ID_MAX).optional(), 'only of this sensor'),
  by: option('PART', text, 'only what this part parked: processor, mailer, …'),
  reason: option('TEXT', text, 'only with this text in the reason'),
  newer: option('SPAN', duration.optional(), 'only what was received within the last 30m, 2h or 7d'),
  older: option('SPAN', duration.optional(), 'only what was received before that'),
};

const SOME_LEFT = { 0: 'all was done', 1: 'some were skipped or not found, or it failed' };

/** `print` gets one line at a time. */
export function deadLettersProgram(withLog: WithLog, print: Print): CommandGroup {
  return {
    name: 'npm run dead-letters',
    summary: `Records that could not be handled are kept in topic DEAD with their reason. Reads the log that the settings name: Kafka beside running
      processes; the embedded one (TOCSIN_DATA_DIR) only while its system is stopped.`,
    commands: { list: listCommand(withLog, print), show: showCommand(withLog, print), replay: replayCommand(withLog, print) },
  };
}

const listCommand = (withLog: WithLog, print: Print) =>
  command({
    name: 'npm run dead-letters -- list',
    summary: 'Lists dead letters, a line each.',
    about: ['A line has its id, age, place in the log, who parked it, its sensor, what was done with it, and why it is there.'],
    options: { ...FILTERS, limit: option('N', integer(0, 1_000_000_000), 'at most this many lines', '100') },
    run: ({ options }) => withLog((log, clock) => list(log, clock, filterOf(options, clock()), options.limit, print)),
  });

const showCommand = (withLog: WithLog, print: Print) =>
  command({
    name: 'npm run dead-letters -- show',
    summary: 'Shows all of one letter, its value included.',
    words: { name: 'ID', help: 'such as 0@17; list shows them', min: 1, max: 1 },
    options: {},
    exitCodes: { 0: 'it is there', 1: 'it is not, or it failed' },
    run: ({ words }) => {
      const ids = idsOf(words);
      return withLog((log) => show(log, ids, print));
    },
  });

const replayCommand = (withLog: WithLog, print: Print) =>
  command({
    name: 'npm run dead-letters -- replay',
    summary: 'Appends values of ENTRY and OK to their topic again, as if they were received now, if they are valid.',
    about: [
      'What was replayed is marked and never replayed again. A letter whose replay was interrupted needs --force: it may be back already.',
    ],
    words: { name: 'ID…', help: 'such as 0@17; list shows them', min: 0, max: Number.POSITIVE_INFINITY },
    options: {
      ...FILTERS,
      all: flag('all that the filters let through'),
      'dry-run': flag('only report what would be done'),
      force: flag('also what is not valid; the processor parks again what it cannot read'),
    },
    exitCodes: SOME_LEFT,
    run: ({ options, words }) => {
      if (words.length === 0 && !options.all) throw new UsageError(['replay which? Name ids, or --all with filters']);
      const ids = words.length === 0 ? {} : { ids: idsOf(words) };
      const how = { force: options.force, dryRun: options['dry-run'] };
      return withLog((log, clock) => replayAll(log, clock, { ...filterOf(options, clock()), ...ids }, how, print));
    },
  });

async function list(log: MessageLog, clock: Clock, filter: LetterFilter, limit: number, print: Print): Promise<number> {
  let found = 0;
  for await (const letter of readLetters(log, filter)) {
    found += 1;
    if (found <= limit) print(lineOf(letter, clock()));
  }
  if (found === 0) print('There are none.');
  else if (found > limit) print(`… and ${found - limit} more: --limit shows more, filters show fewer.`);
  return 0;
}

async function show(log: MessageLog, ids: ReadonlySet<string>, print: Print): Promise<number> {
  for await (const { id, sensor, topic, partition, offset, at, by, reason, replayed, value } of readLetters(log, { ids })) {
    print(`id        ${id}\nsensor    ${sensor}\nplace     ${topic}/${partition}@${offset}\nreceived  ${new Date(at).toISOString()}`);
    print(`by        ${by}\nreason    ${printable(reason)}\nreplay    ${replayed ?? 'never'}\nvalue     ${printable(value)}`);
    return 0;
  }
  print(`There is no letter ${[...ids].join()}.`);
  return 1;
}

async function replayAll(log: MessageLog, clock: Clock, filter: LetterFilter, options: ReplayOptions, print: Print): Promise<number> {
  const missing = new Set(filter.ids);
  const counts = { replayed: 0, skipped: 0 };
  for await (const letter of readLetters(log, filter)) {
    missing.delete(letter.id);
    const result = await replay(letter, log, clock, options);
    counts[result.outcome] += 1;
    const done = options.dryRun ? 'would be replayed' : 'replayed';
    print(`${letter.id}  ${result.outcome === 'replayed' ? `${done} to ${result.topic}` : `skipped: ${result.reason}`}`);
  }
  for (const id of missing) print(`${id}  not found`);
  print(`${counts.replayed} ${options.dryRun ? 'would be replayed' : 'replayed'}, ${counts.skipped} skipped.`);
  return counts.skipped === 0 && missing.size === 0 ? 0 : 1;
}

function lineOf({ id, at, topic, partition, offset, by, sensor, replayed, reason }: ListedLetter, now: number): string {
  const state = replayed === 'done' ? 'replayed' : replayed === 'begun' ? 'replay interrupted' : '-';
  const columns = [id.padEnd(10), ageOf(now - at).padStart(4), `${topic}/${partition}@${offset}`.padEnd(20), by.padEnd(10)];
  return [...columns, String(sensor).padStart(10), state.padEnd(9), printable(reason)].join('  ');
}

function ageOf(ms: number): string {
  const units = [[DAY_MS, 'd'] as const, [HOUR_MS, 'h'] as const, [MINUTE_MS, 'm'] as const];
  const [span, unit] = units.find(([length]) => ms >= 2 * length) ?? [1_000, 's'];
  return `${Math.max(0, Math.floor(ms / span))}${unit}`;
}

/** Text from outside must not send control characters to the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

function filterOf({ topic, sensor, by, reason, newer, older }: OptionsOf<typeof FILTERS>, now: number): LetterFilter {
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(sensor === undefined ? {} : { sensor }),
    ...(newer === undefined ? {} : { from: now - newer }),
    ...(older === undefined ? {} : { to: now - older }),
  };
}

/** Throws UsageError. */
function idsOf(words: readonly string[]): ReadonlySet<string> {
  const wrong = words.filter((word) => !/^\d{1,6}@\d{1,15}$/.test(word));
  if (wrong.length > 0) throw new UsageError(wrong.map((word) => `${word} is not an id such as 0@17; list shows them`));
  return new Set(words);
}
