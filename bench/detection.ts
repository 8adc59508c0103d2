import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeStatus } from '../alarm/decode.ts';
import { Detection } from '../alarm/detection.ts';
import { DEFAULT_RULES } from '../alarm/rules.ts';
import { ALARM_TYPES, emptyStatus, type Status } from '../alarm/status.ts';
import { type Figure, ratios } from './report.ts';

const MESSAGES = 1_000_000;
/** Share of statuses with a hit, as with a fleet that raises an alarm now and then. */
const HITS = 0.005;
const SEED = 20_260_301;

/** The state of a sensor that reports all and of which there is nothing else to remember. */
const KNOWN = '{"v":2,"known":7}';

/** What was made before a measurement must not be collected in it. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

interface Corpus {
  /** Ids are 1 to this. */
  readonly sensors: number;
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The same messages as strings, for JSON.parse. */
  readonly texts: readonly string[];
}

/** Decode and detect as the task does, without log or network; the ceiling beside it is JSON.parse alone on ready strings. */
export async function benchDetection(runs: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [sensors, bar] of [
    [50_000, '5 M (stretch 8 M)'],
    [1_000_000, '3 M (stretch 4 M)'],
  ] as const) {
    const corpus = corpusOf(sensors);
    const ours: number[] = [];
    const parse: number[] = [];
    detectAll(corpus);
    for (let run = 0; run < runs; run += 1) {
      ours.push(MESSAGES / detectAll(corpus));
      parse.push(MESSAGES / parseAll(corpus));
    }
    const label = `${sensors.toLocaleString('en')} sensors`;
    figures.push({ name: `${label}: decode and detect`, unit: 'messages/s', values: ours, bar });
    figures.push({ name: `${label}: JSON.parse alone`, unit: 'messages/s', values: parse });
    figures.push({ name: `${label}: to JSON.parse`, unit: 'ratio', values: ratios(ours, parse) });
  }
  return figures;
}

/** The sensors have reported before, as nearly all have at any time: one is new only once. */
function detectAll({ bytes, starts, ends, sensors }: Corpus): number {
  const detection = new Detection({ rules: DEFAULT_RULES, partition: 0, clockSkewMaxMs: 2_000, repeatWithinMs: 60_000 });
  for (let sensor = 1; sensor <= sensors; sensor += 1) detection.restore(sensor, KNOWN);
  const status = emptyStatus();
  let i = 0;
  const value = (): string => bytes.toString('utf8', starts[i], ends[i]);
  const seconds = secondsOf(() => {
    for (; i < starts.length; i += 1) {
      if (decodeStatus(bytes, starts[i] ?? 0, ends[i] ?? 0, status) === undefined) detection.entry(status, 1_700_000_000_000 + i, i, value);
      // The task takes effects once a batch.
      if (i % 10_000 === 9_999) detection.takeEffects();
    }
  });
  if (detection.sensors === 0) throw new Error('the corpus raised nothing');
  return seconds;
}

function parseAll({ texts }: Corpus): number {
  let seen = 0;
  const seconds = secondsOf(() => {
    for (const text of texts) seen += (JSON.parse(text) as Status).id > 0 ? 1 : 0;
  });
  if (seen !== MESSAGES) throw new Error('not all were parsed');
  return seconds;
}

/** Processor time, so that what else runs on the machine matters less; it includes the engine's own threads. */
function secondsOf(work: () => void): number {
  collectGarbage();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Sensors, hits and their types at random, the same in every run. */
function corpusOf(sensors: number): Corpus {
  const starts = new Int32Array(MESSAGES);
  const ends = new Int32Array(MESSAGES);
  const texts: string[] = [];
  const next = random(SEED);
  let end = 0;
  for (let i = 0; i < MESSAGES; i += 1) {
    const id = 1 + Math.floor(next() * sensors);
    const hit = next() < HITS ? ALARM_TYPES[Math.floor(next() * ALARM_TYPES.length)] : undefined;
    const temperature = hit === 'temperature' ? 45.5 : (15 + next() * 10).toFixed(1);
    const text = `{"id":${id},"motion":${hit === 'motion'},"smoke":${hit === 'smoke'},"temperature":${temperature},"maxTemperature":30.0}`;
    starts[i] = end;
    end += text.length;
    ends[i] = end;
    texts.push(text);
  }
  return { sensors, bytes: Buffer.from(texts.join(''), 'latin1'), starts, ends, texts };
}

/** A linear congruential generator (Numerical Recipes): numbers from 0 up to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
