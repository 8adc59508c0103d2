import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figure, ratios } from './report.ts';
import { cpuSecondsOf, startServer } from './server.ts';
import { type WrkLoad, type WrkResult, wrk } from './wrk.ts';

interface Contender {
  readonly name: string;
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** The proxy on the durable log, the proxy without syncing to disk, and the bare handler. */
const CONTENDERS: readonly Contender[] = [
  { name: 'durable', program: 'bench/peers/proxy.ts', environment: {} },
  { name: 'not durable', program: 'bench/peers/proxy.ts', environment: { BENCH_DURABLE: 'off' } },
  { name: 'bare handler', program: 'bench/peers/bare.ts', environment: {} },
];

const LOADS: readonly (WrkLoad & { readonly name: string; readonly bar?: string })[] = [
  { name: 'single, 64 connections', connections: 64, seconds: 8, batch: 1, bar: '0.6 (stretch 0.85)' },
  { name: 'batches of 100, 64 connections', connections: 64, seconds: 8, batch: 100 },
];

/** Ingest over HTTP. The contenders run one after the other in every run, so that changes of the machine's speed affect all of them. */
export async function benchIngest(runs: number): Promise<readonly Figure[]> {
  const results = new Map<string, (WrkResult & { cpuMicros: number })[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const load of LOADS) {
      for (const contender of CONTENDERS) {
        const key = `${load.name}: ${contender.name}`;
        results.set(key, [...(results.get(key) ?? []), await measure(contender, load)]);
      }
    }
  }
  return LOADS.flatMap((load) => figuresOf(load, (name) => results.get(`${load.name}: ${name}`) ?? []));
}

async function measure({ program, environment }: Contender, load: WrkLoad): Promise<WrkResult & { cpuMicros: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const server = await startServer(program, { ...environment, TOCSIN_DATA_DIR: join(folder, 'data') });
  try {
    wrk(folder, server.ready.ingestPort, { ...load, seconds: 2 });
    const before = await cpuSecondsOf(server.pid);
    const result = wrk(folder, server.ready.ingestPort, load);
    const cpu = (await cpuSecondsOf(server.pid)) - before;
    return { ...result, cpuMicros: (cpu * 1e6) / (result.requestsPerSecond * load.seconds) };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function figuresOf(load: (typeof LOADS)[number], of: (name: string) => readonly (WrkResult & { cpuMicros: number })[]): Figure[] {
  const rates = (name: string): number[] => of(name).map(({ requestsPerSecond }) => requestsPerSecond * load.batch);
  const figures: Figure[] = [];
  for (const { name } of CONTENDERS) {
    figures.push({ name: `${load.name}: ${name}`, unit: 'messages/s', values: rates(name) });
    figures.push({ name: `${load.name}: ${name}, p99`, unit: 'ms', values: of(name).map(({ p99Ms }) => p99Ms) });
    figures.push({ name: `${load.name}: ${name}, CPU`, unit: 'µs/request', values: of(name).map(({ cpuMicros }) => cpuMicros) });
  }
  figures.push({
    name: `${load.name}: durable to bare`,
    unit: 'ratio',
    values: ratios(rates('durable'), rates('bare handler')),
    ...(load.bar ? { bar: load.bar } : {}),
  });
  figures.push({ name: `${load.name}: durable to not durable`, unit: 'ratio', values: ratios(rates('durable'), rates('not durable')) });
  return figures;
}
