import { readFile } from 'node:fs/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { createTopics } from '../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../message-log/kafka/topics.ts';
import { startKafka, type TestKafka } from '../test/support/servers/kafka.ts';
import { AlarmWatch } from './kafka/alarm-watch.ts';
import { type Contender, kafkaStreams, PARTITIONS, processor, whileRunning } from './kafka/contenders.ts';
import { backlogOf, fillEntry } from './kafka/statuses.ts';
import { type Figure, ratios } from './report.ts';
import { cpuSecondsOf } from './server.ts';

export interface BacklogOptions {
  readonly records: number;
  /** The Node that runs ours. */
  readonly node?: string;
}

interface Measured {
  /** Seconds per million records, all of the process since its start; and of the second half alone. */
  readonly cpuWhole: number;
  readonly cpuWarm: number;
  readonly perSecond: number;
  readonly firstAlarmSeconds: number;
  readonly peakMiB: number;
}

const BROKER_FLAGS = ['-XX:+UseG1GC', '-Xms1g', '-Xmx1g'];
const SPECS = topicSpecs({ prefix: '', partitions: PARTITIONS, replicationFactor: 1 });

/** The same backlog on the same broker by a processor of ours and by Kafka Streams, one after the other in every run. */
export async function benchKafkaBacklog(runs: number, { records, node }: BacklogOptions): Promise<readonly Figure[]> {
  const backlog = backlogOf(records);
  const contenders = [processor(node), await kafkaStreams()];
  const kafka = await startKafka({ java: BROKER_FLAGS });
  const admin = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    await createTopics(admin, SPECS);
    await fillEntry(kafka.connection, PARTITIONS, backlog.records);
    const results: Record<Contender['name'], Measured[]> = { ours: [], peer: [] };
    for (let run = 0; run < runs; run += 1) {
      // Whoever comes second finds the broker warmer: they take turns.
      for (const contender of run % 2 === 0 ? contenders : contenders.toReversed()) {
        results[contender.name].push(await measure(contender, kafka, backlog));
        await emptyOutputs(admin);
      }
    }
    return figuresOf(results);
  } finally {
    await admin.disconnect();
    await kafka.destroy();
  }
}

async function measure(contender: Contender, kafka: TestKafka, { records, alarms }: ReturnType<typeof backlogOf>): Promise<Measured> {
  const watch = await AlarmWatch.open(kafka.connection, `watch-${Date.now()}`);
  const started = performance.now();
  try {
    return await whileRunning(contender, kafka.brokers, async (pid) => {
      await watch.reached(1);
      const firstAlarmSeconds = (performance.now() - started) / 1_000;
      await watch.reached(alarms / 2);
      const cpuHalf = await cpuSecondsOf(pid);
      await watch.reached(alarms);
      const cpuAll = await cpuSecondsOf(pid);
      const seconds = (performance.now() - started) / 1_000 - firstAlarmSeconds;
      if (watch.raised !== alarms || watch.doubled > 0)
        throw new Error(`${contender.name}: ${watch.raised} of ${alarms} alarms, ${watch.doubled} twice`);
      return {
        cpuWhole: (cpuAll * 1e6) / records,
        cpuWarm: ((cpuAll - cpuHalf) * 1e6) / (records / 2),
        perSecond: records / seconds,
        firstAlarmSeconds,
        peakMiB: await peakMiBOf(pid),
      };
    });
  } finally {
    await watch.close();
  }
}

/** All but the backlog is made anew: no state, no alarms, no groups. */
async function emptyOutputs(admin: Admin): Promise<void> {
  const outputs = SPECS.filter(({ topic }) => topic !== 'ENTRY');
  const changelogs = (await admin.listTopics()).filter((name) => name.startsWith('peer-'));
  const { groups } = await admin.listGroups();
  await admin.deleteGroups(groups.map(({ groupId }) => groupId)).catch(() => undefined);
  await admin.deleteTopics({ topics: [...outputs.map(({ name }) => name), ...changelogs] });
  await untilGone(admin, new Set([...outputs.map(({ name }) => name), ...changelogs]));
  await createTopics(admin, outputs);
}

async function untilGone(admin: Admin, names: ReadonlySet<string>): Promise<void> {
  const end = Date.now() + 30_000;
  while ((await admin.listTopics()).some((name) => names.has(name))) {
    if (Date.now() > end) throw new Error('the topics of the last run were not removed');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function figuresOf(results: Readonly<Record<Contender['name'], readonly Measured[]>>): Figure[] {
  const of = (name: Contender['name'], value: keyof Measured): number[] => results[name].map((measured) => measured[value]);
  const rows: readonly [keyof Measured, string, string][] = [
    ['cpuWhole', 'CPU, whole process', 's per million'],
    ['cpuWarm', 'CPU, second half', 's per million'],
    ['perSecond', 'first alarm to last', 'records/s'],
    ['firstAlarmSeconds', 'start to first alarm', 's'],
    ['peakMiB', 'resident, peak', 'MiB'],
  ];
  const bars: Partial<Record<keyof Measured, string>> = { cpuWhole: '1.5 (stretch 0.7)', cpuWarm: '1.35 (stretch 0.6)' };
  return rows.flatMap(([value, what, unit]) => [
    { name: `ours: ${what}`, unit, values: of('ours', value), ...(bars[value] ? { bar: bars[value] } : {}) },
    { name: `Kafka Streams: ${what}`, unit, values: of('peer', value) },
    { name: `ratio: ${what}`, unit: 'ours / peer', values: ratios(of('ours', value), of('peer', value)) },
  ]);
}

async function peakMiBOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
