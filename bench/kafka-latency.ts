import { type BenchBroker, withBroker } from './kafka/broker.ts';
import { type Contender, kafkaStreams, processor, whileRunning } from './kafka/contenders.ts';
import { sendLoad, Watch } from './kafka/open-loop.ts';
import { type Figure, quantile } from './report.ts';
import { cpuSecondsOf } from './server.ts';

const RATES = [5_000, 20_000] as const;
/** The time for the contender to start and warm up, which is not counted. */
const WARM_UP_SECONDS: Readonly<Record<Who, number>> = { ours: 10, peer: 10, floor: 3 };
const SECONDS = 20;
const SETTLE_MS = 20_000;

type Who = Contender['name'] | 'floor';

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly busy: number;
  /** CPU of the contender, in cores. */
  readonly cores: number;
}

/** The time from when a status is due until a reader of committed records sees its alarm or, without a contender, the status itself. */
export async function benchKafkaLatency(runs: number, { node }: { readonly node?: string }): Promise<readonly Figure[]> {
  const ours = processor({ node });
  const peer = await kafkaStreams({ commitMs: 20 });
  const results: Record<Who, Measured[][]> = { ours: [], peer: [], floor: [] };
  await withBroker(async (broker) => {
    for (let run = 0; run < runs; run += 1) {
      // First, so that the contenders don't meet a cold broker.
      results.floor.push(await measure(broker, 'floor'));
      await broker.empty();
      for (const contender of run % 2 === 0 ? [ours, peer] : [peer, ours]) {
        results[contender.name].push(await whileRunning(contender, broker.kafka.brokers, (pid) => measure(broker, contender.name, pid)));
        await broker.empty();
      }
    }
  });
  return RATES.flatMap((rate, i) => figuresOf(rate, (who) => results[who].map((loads) => loads[i] as Measured)));
}

/** Runs one load after the other. */
async function measure({ kafka: { brokers } }: BenchBroker, who: Who, pid?: number): Promise<Measured[]> {
  const watch = await Watch.open(brokers, who === 'floor' ? 'ENTRY' : 'ALARM');
  const warmUpSeconds = WARM_UP_SECONDS[who];
  const loads: Measured[] = [];
  try {
    for (const [i, rate] of RATES.entries()) {
      const cpu = pid ? await cpuSecondsOf(pid) : 0;
      const seconds = warmUpSeconds + SECONDS;
      const sent = await sendLoad(brokers, { rate, seconds, firstSensor: 1 + i * 10_000 });
      const cores = pid ? ((await cpuSecondsOf(pid)) - cpu) / seconds : 0;
      const alarms = await watch.alarmsOf(sent, SETTLE_MS);
      const ms = alarms.filter(({ due }) => due - sent.began > warmUpSeconds * 1_000).map(({ due, at }) => at - due);
      loads.push({ p50: quantile(ms, 0.5), p99: quantile(ms, 0.99), busy: sent.busy, cores });
    }
    return loads;
  } finally {
    await watch.close();
  }
}

const NAMES: Readonly<Record<Who, string>> = { ours: 'ours', peer: 'Kafka Streams', floor: 'floor, no processor' };

function figuresOf(rate: number, of: (who: Who) => readonly Measured[]): Figure[] {
  const bars: Partial<Record<Who, readonly [string, string]>> = { ours: ['15 (stretch 6)', '40 (stretch 20)'] };
  const who: readonly Who[] = ['ours', 'peer', 'floor'];
  const at = `${rate.toLocaleString('en')}/s`;
  return [
    ...who.flatMap((name): Figure[] => {
      const [p50, p99] = bars[name] ?? [];
      return [
        { name: `${at}: ${NAMES[name]}, p50`, unit: 'ms', values: of(name).map((m) => m.p50), ...(p50 ? { bar: p50 } : {}) },
        { name: `${at}: ${NAMES[name]}, p99`, unit: 'ms', values: of(name).map((m) => m.p99), ...(p99 ? { bar: p99 } : {}) },
      ];
    }),
    ...(['ours', 'peer'] as const).map((name) => ({
      name: `${at}: ${NAMES[name]}, CPU`,
      unit: 'cores',
      values: of(name).map((m) => m.cores),
    })),
    {
      name: `${at}: the generator's own load`,
      unit: 'of a core',
      values: who.flatMap((name) => of(name).map((m) => m.busy)),
      bar: 'below 0.8',
    },
  ];
}
