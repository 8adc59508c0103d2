import { type BenchBroker, withBroker } from './kafka/broker.ts';
import { type Contender, kafkaStreams, processor, whileRunning } from './kafka/contenders.ts';
import { sendLoad, Watch } from './kafka/open-loop.ts';
import type { Figure } from './report.ts';
import { memoryOf } from './server.ts';

const LOAD = { rate: 5_000, seconds: 120, firstSensor: 1 } as const;
const SETTLE_MS = 20_000;
const MB = 1e6;

interface Measured {
  readonly rss: number;
  readonly peak: number;
}

/** Resident memory of a processor with a fleet of 50,000 sensors. One run takes five minutes. */
export async function benchKafkaMemory(runs: number, { node }: { readonly node?: string }): Promise<readonly Figure[]> {
  // Without a minimal heap: one that is allocated completely at the start would say nothing.
  const contenders = [processor({ node }), await kafkaStreams({ commitMs: 20, heap: ['-Xmx1g'] })];
  const results: Record<Contender['name'], Measured[]> = { ours: [], peer: [] };
  await withBroker(async (broker) => {
    for (let run = 0; run < runs; run += 1) {
      for (const contender of contenders) {
        results[contender.name].push(await whileRunning(contender, broker.kafka.brokers, (pid) => measure(broker, pid)));
        await broker.empty();
      }
    }
  });
  const figures = (name: Contender['name'], label: string, bar?: string): Figure[] => [
    {
      name: `${label}: resident after 2 minutes at 5,000/s`,
      unit: 'MB',
      values: results[name].map((m) => m.rss / MB),
      ...(bar ? { bar } : {}),
    },
    { name: `${label}: peak`, unit: 'MB', values: results[name].map((m) => m.peak / MB) },
  ];
  return [...figures('ours', 'ours', '150 (stretch 100)'), ...figures('peer', 'Kafka Streams')];
}

async function measure({ kafka: { brokers } }: BenchBroker, pid: number): Promise<Measured> {
  const watch = await Watch.open(brokers, 'ALARM');
  try {
    const sent = await sendLoad(brokers, LOAD);
    const { rss, peak } = await memoryOf(pid);
    await watch.alarmsOf(sent, SETTLE_MS);
    return { rss, peak };
  } finally {
    await watch.close();
  }
}
