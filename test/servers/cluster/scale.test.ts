/**
 * Scaling out and in under load, on three Kafka nodes: one processor, then three, then one again; one of the two is stopped, the other killed.
 * Each has its share of the partitions, nothing is lost, duplicated or invented, and no alarm is later than a takeover makes it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { INPUTS } from '../../../records/topics.ts';
import { AlarmWatch } from '../../support/alarm-watch.ts';
import { type Sample, samplesOf } from '../../support/cluster-metrics.ts';
import { Cluster, type Part } from '../../support/cluster.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { type Simulation, simulate } from '../../support/system.ts';

const PARTITIONS = 8;
/** Messages per second. */
const RATE = 120;
/** Longer than the changes take on a busy machine; the load ends with the last of them. */
const LOAD_MINUTES = 3.5;
/** Records that may wait in all partitions: three seconds' worth. Three brokers on two busy cores sometimes take that long for a transaction. */
const LAG_MAX = 3 * RATE;
/** From a change until the partitions' new owners keep up: the session (6 s), seconds of work, and an allowance for a busy machine. */
const SHARED_DEADLINE_MS = 60_000;
/** A partition that moves waits until its new owner has restored it; if the owner was killed, it first waits for the end of the session. */
const LATE_MAX_MS = { moved: 15_000, killed: 25_000 };

/** Each processor has its own client id in Kafka's tools. */
const processor = (n: number): Part => ({
  name: `processor-${n}`,
  roles: ['processor'],
  environment: { TOCSIN_KAFKA_CLIENT_ID: `processor-${n}` },
});
const PARTS: readonly Part[] = [
  { name: 'consumers', roles: ['archiver', 'history', 'mailer', 'console'] },
  processor(1),
  { name: 'proxy-1', roles: ['proxy'] },
  { name: 'proxy-2', roles: ['proxy'] },
];

let folder: string;
let kafka: TestKafka;
let cluster: Cluster;
let watch: AlarmWatch;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-scale-'));
  kafka = await startKafka({ nodes: 3 });
  const environment = { TOCSIN_KAFKA_PARTITIONS: String(PARTITIONS) };
  cluster = await Cluster.start({ folder, brokers: kafka.brokers, parts: PARTS, environment });
  watch = await AlarmWatch.begin(kafka.brokers);
});
afterAll(async () => {
  await watch?.close();
  await cluster?.destroy();
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
});

it('moves the work to three processors and back to one: nothing lost, duplicated or invented, no alarm late', {
  timeout: 360_000,
}, async () => {
  let ended: Simulation | undefined;
  const enough = new AbortController();
  const running = simulate(cluster, join(folder, 'report.json'), simulatorArgs(), enough.signal).then((simulation) => {
    ended = simulation;
    return simulation;
  });
  await shared([1], LAG_MAX);
  await allSpeak(Date.now());

  await change('three instead of one', 'moved', [1, 2, 3], async () => {
    await Promise.all([2, 3].map((n) => cluster.add(processor(n))));
  });
  const shares = (await lagsOf([1, 2, 3])).map((own) => new Set(own.map(({ labels }) => Number(labels.partition))));
  expect(shares.map(({ size }) => size).sort()).toEqual([2, 3, 3]);
  expect(await ownersToKafka()).toEqual(
    new Map(shares.flatMap((own, i) => [...own].map((partition) => [partition, `processor-${i + 1}`]))),
  );
  const before = await recordsRead();
  await vi.waitFor(async () => expect((await recordsRead()).every((count, i) => count > (before[i] ?? 0) + 100)).toBe(true), 20_000);

  await change('the first stopped', 'moved', [2, 3], async () => {
    expect(await cluster.part('processor-1').end('SIGTERM')).toBe(0);
  });
  await change('the second killed', 'killed', [3], async () => {
    await cluster.part('processor-2').end('SIGKILL');
  });
  expect(ended).toBeUndefined();
  enough.abort();

  const { exitCode, output, report } = await running;
  process.stdout.write(`\n${output.slice(-2_000)}\n`);
  expect(report?.comparison?.findings).toEqual([]);
  expect(report?.comparison?.observed.activated).toBeGreaterThan(100);
  expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
  expect(report?.messages).toMatchObject({ refused: 0, unknown: 0, unsent: 0 });
  expect(watch.doubled).toEqual([]);
  expect(await watch.parked()).toBe(0);
  expect(exitCode).toBe(130);
  await shared([3], 0);
  expect(await ownersToKafka()).toEqual(new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, 'processor-3'])));
});

function simulatorArgs(): string[] {
  const load = ['--scenario', 'unrest', '--apps', '2', '--rate', String(RATE / 2), '--batch', '10', '--minutes', String(LOAD_MINUTES)];
  return [...load, '--sensors', '3200', '--timeout', '25', '--drain', '30', '--settle', '120'];
}

/** Makes the change, waits until these processors have all partitions and keep up, and checks the lateness of alarms meanwhile. */
async function change(what: string, kind: keyof typeof LATE_MAX_MS, numbers: readonly number[], make: () => Promise<void>): Promise<void> {
  watch.mark();
  const began = Date.now();
  await make();
  await shared(numbers, LAG_MAX);
  const settled = Date.now();
  await allSpeak(settled);
  const { worstMs } = watch.lateness;
  process.stdout.write(`${what}: keeping up after ${seconds(settled - began)}, latest alarm ${seconds(worstMs)} late\n`);
  expect(worstMs, what).toBeLessThan(LATE_MAX_MS[kind]);
}

/** Whether every partition has one owner among these processors, with hardly any records waiting in any input. */
async function shared(numbers: readonly number[], lagMax: number): Promise<void> {
  const each = INPUTS.flatMap((topic) => Array.from({ length: PARTITIONS }, (_, partition) => `${topic} ${partition}`)).sort();
  const settled = async (): Promise<void> => {
    const lags = await lagsOf(numbers);
    expect(lags.every(({ length }) => length > 0)).toBe(true);
    expect(lags.flatMap((own) => own.map(({ labels }) => `${labels.topic} ${labels.partition}`)).sort()).toEqual(each);
    expect(lags.flat().reduce((sum, { value }) => sum + value, 0)).toBeLessThanOrEqual(lagMax);
  };
  await vi.waitFor(settled, { timeout: SHARED_DEADLINE_MS, interval: 100 });
}

/** The metric in each of these processors. */
function lagsOf(numbers: readonly number[]): Promise<(readonly Sample[])[]> {
  return Promise.all(numbers.map((n) => samplesOf(cluster.part(`processor-${n}`), 'tocsin_task_lag_records')));
}

/** The owner of each partition of ENTRY according to kafka-consumer-groups. */
async function ownersToKafka(): Promise<ReadonlyMap<number, string>> {
  const { stdout } = await kafka.tool('kafka-consumer-groups', ['--describe', '--group', 'processor']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(rows.filter(([, topic]) => topic === 'ENTRY').map((cells) => [Number(cells[2]), cells.at(-1) ?? '']));
}

/** How much each of the three has read so far. */
async function recordsRead(): Promise<number[]> {
  const read = await Promise.all([1, 2, 3].map((n) => samplesOf(cluster.part(`processor-${n}`), 'tocsin_task_records_total')));
  return read.map((samples) => samples.reduce((sum, { value }) => sum + value, 0));
}

/** Whether every partition has raised or cleared an alarm because of a record after `since`, epoch ms. */
async function allSpeak(since: number): Promise<void> {
  await vi.waitFor(() => expect(watch.silentSince(since)).toEqual([]), { timeout: 60_000, interval: 50 });
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
