import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type AlarmType, BUILT_IN_TYPES, typeOf } from '../alarm/alarm-type.ts';
import { parseCondition } from '../alarm/condition.ts';
import { Decoder } from '../alarm/decode.ts';
import { Detection } from '../alarm/detection.ts';
import { emptyStatus, type Status } from '../alarm/status.ts';
import { TypeSet } from '../alarm/type-set.ts';
import { type Figure, ratios } from './report.ts';

const MESSAGES = 1_000_000;
const BATCH = 10_000;
const WARM_UP = 200_000;
/** Share of statuses with a hit, as in a fleet that raises an alarm now and then. */
const HITS = 0.005;
/** A garbage collection goes on sweeping for about this long on its own threads. */
const SWEEPING_MS = 300;
const SEED = 20_260_301;

/** Five more types, over six more fields. */
const MORE_TYPES: readonly AlarmType[] = (
  [
    ['water', 'water'],
    ['co', 'co > 50'],
    ['tamper', 'tamper'],
    ['battery', 'battery < batteryMin'],
    ['panic', 'panic'],
  ] as const
).map(([name, when]) => {
  const condition = parseCondition(when);
  if (typeof condition === 'string') throw new Error(condition);
  return typeOf(name, condition);
});

/** So that garbage from before a measurement is not collected during it. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Corpus {
  readonly types: TypeSet;
  /** Ids are 1 to this. */
  readonly sensors: number;
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The same messages as strings, for JSON.parse. */
  readonly texts: readonly string[];
}

/** Decoding and detection as in the task, without log or network, compared with JSON.parse alone on ready strings. */
export async function benchDetection(runs: number): Promise<readonly Figure[]> {
  const reference = new TypeSet(BUILT_IN_TYPES);
  const eight = new TypeSet([...BUILT_IN_TYPES, ...MORE_TYPES]);
  return [
    ...figuresOf('50,000 sensors', corpusOf(50_000, reference), runs, '5 M (stretch 8 M)'),
    ...figuresOf('1,000,000 sensors', corpusOf(1_000_000, reference), runs, '3 M (stretch 4 M)'),
    ...figuresOf('50,000 sensors, eight types over ten fields', corpusOf(50_000, eight), runs, '2.5 x JSON.parse'),
  ];
}

function figuresOf(label: string, corpus: Corpus, runs: number, bar: string): Figure[] {
  const ours: number[] = [];
  const parse: number[] = [];
  detectAll(corpus);
  for (let run = 0; run < runs; run += 1) {
    ours.push(MESSAGES / detectAll(corpus));
    parse.push(MESSAGES / parseAll(corpus));
  }
  return [
    { name: `${label}: decode and detect`, unit: 'messages/s', values: ours, bar },
    { name: `${label}: JSON.parse alone`, unit: 'messages/s', values: parse },
    { name: `${label}: to JSON.parse`, unit: 'ratio', values: ratios(ours, parse) },
  ];
}

/** With sensors that have reported before, as nearly all have at any time. */
function detectAll(corpus: Corpus): number {
  const { types, sensors } = corpus;
  const detection = new Detection({ types, partition: 0, clockSkewMaxMs: 2_000, repeatWithinMs: 60_000 });
  const decoder = new Decoder(types);
  const known = JSON.stringify({ v: 3, known: types.namesOf(types.all) });
  for (let sensor = 1; sensor <= sensors; sensor += 1) detection.restore(sensor, known);
  const status = emptyStatus(types);
  const seconds = secondsOf((from) => detectBatch(corpus, from, decoder, detection, status));
  if (detection.sensors === 0) throw new Error('the corpus raised nothing');
  return seconds;
}

function detectBatch({ bytes, starts, ends }: Corpus, from: number, decoder: Decoder, detection: Detection, status: Status): void {
  let i = from;
  const value = (): string => bytes.toString('utf8', starts[i], ends[i]);
  for (; i < from + BATCH; i += 1) {
    if (decoder.status(bytes, starts[i] ?? 0, ends[i] ?? 0, status) === undefined) detection.entry(status, 1_700_000_000_000 + i, i, value);
  }
  // Once per batch, as the task does.
  detection.takeEffects();
}

function parseAll({ texts }: Corpus): number {
  let seen = 0;
  const seconds = secondsOf((from) => {
    seen += parseBatch(texts, from);
  });
  if (seen !== MESSAGES + WARM_UP) throw new Error('not all were parsed');
  return seconds;
}

function parseBatch(texts: readonly string[], from: number): number {
  let seen = 0;
  for (let i = from; i < from + BATCH; i += 1) seen += (JSON.parse(texts[i] ?? '') as { id: number }).id > 0 ? 1 : 0;
  return seen;
}

/**
 * CPU time for all messages, so that other processes on the machine matter less. It includes the engine's own threads, so these must first finish
 * sweeping, and compile again what a collection has discarded.
 */
function secondsOf(work: (from: number) => void): number {
  collectGarbage();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWEEPING_MS);
  for (let from = 0; from < WARM_UP; from += BATCH) work(from);
  const before = process.cpuUsage();
  for (let from = 0; from < MESSAGES; from += BATCH) work(from);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Sensors, hits and their types at random, the same in every run. */
function corpusOf(sensors: number, types: TypeSet): Corpus {
  const starts = new Int32Array(MESSAGES);
  const ends = new Int32Array(MESSAGES);
  const texts: string[] = [];
  const next = random(SEED);
  let end = 0;
  for (let i = 0; i < MESSAGES; i += 1) {
    const id = 1 + Math.floor(next() * sensors);
    const hit = next() < HITS ? types.types[Math.floor(next() * types.types.length)]?.name : undefined;
    const temperature = hit === 'temperature' ? 45.5 : (15 + next() * 10).toFixed(1);
    const usual = `{"id":${id},"motion":${hit === 'motion'},"smoke":${hit === 'smoke'},"temperature":${temperature},"maxTemperature":30.0`;
    const more = `,"water":${hit === 'water'},"co":${hit === 'co' ? 60 : i % 10},"tamper":${hit === 'tamper'},"battery":${hit === 'battery' ? 5 : 20 + (i % 80)},"batteryMin":15,"panic":${hit === 'panic'}`;
    const text = `${usual}${types.isReference ? '' : more}}`;
    starts[i] = end;
    end += text.length;
    ends[i] = end;
    texts.push(text);
  }
  return { types, sensors, bytes: Buffer.from(texts.join(''), 'latin1'), starts, ends, texts };
}

/** A linear congruential generator (Numerical Recipes): numbers from 0 up to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
