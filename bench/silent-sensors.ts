import { BUILT_IN_TYPES } from '../alarm/alarm-type.ts';
import { TypeSet } from '../alarm/type-set.ts';
import { Intervals } from '../incident/intervals.ts';
import { SensorWatch } from '../incident/sensor-watch.ts';
import type { Figure } from './report.ts';

const READINGS = 4_000_000;
/** A pulse after so many readings. */
const PULSE_EVERY = 100_000;
const SEED = 20_260_301;

/** What it costs to know which sensors are silent: memory, each reading, and a look at all of them. Processor time, one thread. */
export async function benchSilentSensors(runs: number): Promise<readonly Figure[]> {
  return [...figuresOf(50_000, runs), ...figuresOf(1_000_000, runs)];
}

function figuresOf(sensors: number, runs: number): Figure[] {
  const results = Array.from({ length: runs }, () => oneRun(sensors));
  const of = (count: string): string => `${count}, ${sensors.toLocaleString('en')} sensors`;
  return [
    { name: of('memory per sensor'), unit: 'bytes', values: results.map(({ bytes }) => bytes), bar: '16' },
    { name: of('a reading'), unit: 'ns', values: results.map(({ readingNs }) => readingNs), bar: '40' },
    {
      name: of('a reading, over one random write into as large an array'),
      unit: 'x',
      values: results.map(({ readingNs, bareNs }) => readingNs / bareNs),
    },
    { name: of('a look at all'), unit: 'ms', values: results.map(({ lookMs }) => lookMs) },
    { name: of('all fall silent at one pulse'), unit: 'ms', values: results.map(({ silentMs }) => silentMs) },
  ];
}

interface Result {
  readonly bytes: number;
  readonly readingNs: number;
  readonly bareNs: number;
  readonly lookMs: number;
  readonly silentMs: number;
}

function oneRun(sensors: number): Result {
  const types = new TypeSet(BUILT_IN_TYPES);
  const watch = new SensorWatch(new Intervals(types, { types: { smoke: 60_000 }, sensors: new Map() }), () => types.all);
  let ordinal = 0;
  const pulse = (): void => {
    ordinal += 1;
    watch.pulse({ proxy: 'a', ordinal, at: ordinal * 5_000 });
  };
  const ids = idsOf(sensors);
  const readAll = (): void =>
    ids.forEach((id) => {
      watch.reading(id);
    });
  const readMany = (): void => {
    for (let i = 0; i < READINGS; i += 1) {
      watch.reading(ids[i % sensors] as number);
      if (i % PULSE_EVERY === 0) pulse();
    }
  };
  readMany();
  const readingNs = (cpuMs(readMany) / READINGS) * 1e6;
  const words = new Int32Array(2 * Math.ceil(watch.bytes / 10));
  const bare = (): void => {
    for (let i = 0; i < READINGS; i += 1) {
      const place = 2 * ((((Math.imul(ids[i % sensors] as number, 0x9e3779b1) >>> 0) * (words.length / 2)) / 2 ** 32) | 0);
      if (words[place] === 0) words[place + 1] = i;
    }
  };
  bare();
  const bareNs = (cpuMs(bare) / READINGS) * 1e6;
  readAll();
  const firstHalf = Array.from({ length: 20 }, () => cpuMs(pulse));
  readAll();
  const secondHalf = Array.from({ length: 20 }, () => cpuMs(pulse));
  if (watch.silent !== 0) throw new Error('sensors that were heard are silent');
  const silentMs = Math.max(...Array.from({ length: 20 }, () => cpuMs(pulse)));
  if (watch.silent !== sensors) throw new Error(`${watch.silent} of ${sensors} sensors are silent`);
  return { bytes: watch.bytes / watch.watched, readingNs, bareNs, lookMs: Math.max(...firstHalf, ...secondHalf), silentMs };
}

/** Consecutive ids in no order, the same in every run. */
function idsOf(sensors: number): Int32Array {
  const ids = Int32Array.from({ length: sensors }, (_, i) => 1 + i);
  let state = SEED;
  for (let i = sensors - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (i + 1));
    const id = ids[i] as number;
    ids[i] = ids[other] as number;
    ids[other] = id;
  }
  return ids;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}
