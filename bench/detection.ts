import { decodeStatus } from '../alarm/decode.ts';
import { Detection } from '../alarm/detection.ts';
import { DEFAULT_RULES } from '../alarm/rules.ts';
import { emptyStatus, type Status } from '../alarm/status.ts';
import { type Figure, ratios } from './report.ts';

const MESSAGES = 1_000_000;
/** One status in so many has a hit, as with a fleet that raises an alarm now and then. */
const HIT_EVERY = 200;

interface Corpus {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
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

function detectAll({ bytes, starts, ends }: Corpus): number {
  const detection = new Detection({ rules: DEFAULT_RULES, partition: 0, clockSkewMaxMs: 2_000 });
  const status = emptyStatus();
  let i = 0;
  const value = (): string => bytes.toString('utf8', starts[i], ends[i]);
  const began = performance.now();
  for (; i < starts.length; i += 1) {
    if (decodeStatus(bytes, starts[i] ?? 0, ends[i] ?? 0, status) === undefined) detection.entry(status, 1_700_000_000_000 + i, i, value);
    // The task takes effects once a batch.
    if (i % 10_000 === 9_999) detection.takeEffects();
  }
  const seconds = (performance.now() - began) / 1_000;
  if (detection.sensors === 0) throw new Error('the corpus raised nothing');
  return seconds;
}

function parseAll({ bytes, starts, ends }: Corpus): number {
  const texts = Array.from(starts, (start, i) => bytes.toString('latin1', start, ends[i]));
  const began = performance.now();
  let seen = 0;
  for (const text of texts) seen += (JSON.parse(text) as Status).id > 0 ? 1 : 0;
  const seconds = (performance.now() - began) / 1_000;
  if (seen !== MESSAGES) throw new Error('not all were parsed');
  return seconds;
}

function corpusOf(sensors: number): Corpus {
  const starts = new Int32Array(MESSAGES);
  const ends = new Int32Array(MESSAGES);
  const parts: Buffer[] = [];
  let end = 0;
  for (let i = 0; i < MESSAGES; i += 1) {
    const id = ((i * 7_919) % sensors) + 1;
    const hit = i % HIT_EVERY === 0;
    const part = Buffer.from(
      `{"id":${id},"motion":${hit && i % 3 === 0},"smoke":${hit && i % 3 === 1},"temperature":${hit && i % 3 === 2 ? 45.5 : 21.5},"maxTemperature":30.0}`,
    );
    starts[i] = end;
    end += part.length;
    ends[i] = end;
    parts.push(part);
  }
  return { bytes: Buffer.concat(parts), starts, ends };
}
