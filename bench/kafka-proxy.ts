import { join } from 'node:path';
import { settingsFor, withBroker } from './kafka/broker.ts';
import { withFolder } from './kafka/contenders.ts';
import { type Figure, ratios } from './report.ts';
import { cpuSecondsOf, startServer } from './server.ts';
import { type WrkLoad, type WrkResult, wrk } from './wrk.ts';

const SECONDS = 8;
const WARM_UP_SECONDS = 3;

interface Load {
  readonly name: string;
  readonly connections: number;
  readonly batch: number;
  readonly bars: { readonly rate: string; readonly cpu?: string };
}

const LOADS: readonly Load[] = [
  { name: 'single, 64', connections: 64, batch: 1, bars: { rate: '18,000 (stretch 25,000)', cpu: '30 (stretch 18)' } },
  { name: 'single, 256', connections: 256, batch: 1, bars: { rate: '30,000 (stretch 52,000)', cpu: '30 (stretch 18)' } },
  { name: 'batches of 100, 64', connections: 64, batch: 100, bars: { rate: '100,000 (stretch 250,000)' } },
];

type Measured = WrkResult & {
  readonly cpuMicros: number;
  /** Requests, including those of the warm-up. */
  readonly answered: number;
};

/**
 * Ingest over HTTP into Kafka, acknowledged once the broker has the records, and the bare handler, which stores nothing. Broker, proxy and load
 * share the machine.
 */
export async function benchKafkaProxy(runs: number): Promise<readonly Figure[]> {
  const results = LOADS.map(() => ({ proxy: [] as Measured[], bare: [] as Measured[] }));
  await withBroker(async ({ kafka, empty, recordsIn }) => {
    const environment = settingsFor(kafka.brokers);
    for (let run = 0; run < runs; run += 1) {
      let before = 0;
      for (const [i, load] of LOADS.entries()) {
        const measured = await measure(['main.ts', 'proxy'], environment, load);
        const now = await recordsIn('ENTRY');
        checkStored(now - before, measured.answered, load);
        before = now;
        results[i]?.proxy.push(measured);
        results[i]?.bare.push(await measure(['bench/peers/bare.ts'], {}, load));
      }
      await empty();
    }
  });
  return LOADS.flatMap((load, i) => figuresOf(load, results[i]?.proxy ?? [], results[i]?.bare ?? []));
}

async function measure(program: readonly string[], environment: NodeJS.ProcessEnv, { connections, batch }: Load): Promise<Measured> {
  return await withFolder(async (folder) => {
    const server = await startServer(program, { ...environment, TOCSIN_DATA_DIR: join(folder, 'data') }, 'free');
    const load: WrkLoad = { connections, batch, seconds: SECONDS, where: 'free' };
    try {
      const warmUp = wrk(folder, server.ready.ingestPort, { ...load, seconds: WARM_UP_SECONDS });
      const before = await cpuSecondsOf(server.pid);
      const result = wrk(folder, server.ready.ingestPort, load);
      const cpu = (await cpuSecondsOf(server.pid)) - before;
      return { ...result, answered: warmUp.requests + result.requests, cpuMicros: (cpu * 1e6) / (result.requestsPerSecond * SECONDS) };
    } finally {
      await server.stop();
    }
  });
}

/** Checks that acknowledged records are stored; those that were under way when the load ended may be. */
function checkStored(stored: number, answered: number, { connections, batch }: Load): void {
  const loads = 2;
  if (stored < answered * batch || stored > (answered + loads * connections) * batch)
    throw new Error(`${stored} records are in the topic, ${answered * batch} were acknowledged`);
}

function figuresOf({ name, batch, bars }: Load, proxy: readonly Measured[], bare: readonly Measured[]): Figure[] {
  const rates = (measured: readonly Measured[]): number[] => measured.map(({ requestsPerSecond }) => requestsPerSecond * batch);
  const unit = batch === 1 ? 'requests/s' : 'messages/s';
  return [
    { name: `${name}: proxy`, unit, values: rates(proxy), bar: bars.rate },
    { name: `${name}: proxy, p50`, unit: 'ms', values: proxy.map(({ p50Ms }) => p50Ms) },
    { name: `${name}: proxy, p99`, unit: 'ms', values: proxy.map(({ p99Ms }) => p99Ms) },
    {
      name: `${name}: proxy, CPU`,
      unit: 'µs/request',
      values: proxy.map(({ cpuMicros }) => cpuMicros),
      ...(bars.cpu ? { bar: bars.cpu } : {}),
    },
    { name: `${name}: bare handler`, unit, values: rates(bare) },
    { name: `${name}: bare handler, CPU`, unit: 'µs/request', values: bare.map(({ cpuMicros }) => cpuMicros) },
    { name: `${name}: proxy to bare`, unit: 'ratio', values: ratios(rates(proxy), rates(bare)) },
  ];
}
