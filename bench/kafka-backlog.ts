import type { TestKafka } from '../test/support/servers/kafka.ts';
import { AlarmWatch } from './kafka/alarm-watch.ts';
import { withBroker } from './kafka/broker.ts';
import { type Contender, kafkaStreams, processor, whileRunning } from './kafka/contenders.ts';
import { backlogOf, fillEntry } from './kafka/statuses.ts';
import { type Figure, ratios } from './report.ts';
import { cpuSecondsOf, memoryOf } from './server.ts';

export interface BacklogOptions {
  readonly records: number;
  /** The Node binary for our processor. */
  readonly node?: string;
}

interface Measured {
  /** CPU seconds per million records, of the whole process since its start. */
  readonly cpuWhole: number;
  /** The same for the second half of the records only. */
  readonly cpuWarm: number;
  readonly perSecond: number;
  readonly firstAlarmSeconds: number;
  readonly peakMiB: number;
}

/** The same backlog on the same broker, processed by our processor and by Kafka Streams, one after the other in every run. */
export async function benchKafkaBacklog(runs: number, { records, node }: BacklogOptions): Promise<readonly Figure[]> {
  const backlog = backlogOf(records);
  // Commits every 100 ms, since every 20 ms, as for latency, would cost the peer more.
  const contenders = [processor({ node }), await kafkaStreams({ commitMs: 100 })];
  return await withBroker(async ({ kafka, empty }) => {
    await fillEntry(kafka.brokers, backlog.records);
    const results: Record<Contender['name'], Measured[]> = { ours: [], peer: [] };
    for (let run = 0; run < runs; run += 1) {
      // In turns, since the second one finds the broker warmer.
      for (const contender of run % 2 === 0 ? contenders : contenders.toReversed()) {
        results[contender.name].push(await measure(contender, kafka, backlog));
        await empty(['ENTRY']);
      }
    }
    return figuresOf(results);
  });
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
        peakMiB: (await memoryOf(pid)).peak / 1024 ** 2,
      };
    });
  } finally {
    await watch.close();
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
