/** Faults of a cluster of many processes. Each one ends, and leaves the cluster as it was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlarmWatch } from './alarm-watch.ts';
import { Cluster, PARTS } from './cluster.ts';
import { withAdmin } from './kafka-log.ts';
import { NetworkGate } from './network-gate.ts';
import { startKafka, type TestKafka } from './servers/kafka.ts';
import type { SystemProcess } from './system.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
/** Within clockSkewMax, 2 s. */
const SKEW = '1.5s';
/** Longer than a processor's session (6 s), so that others get its partitions. */
const BEYOND_SESSION_MS = 9_000;
const TAKE_OVER_DEADLINE_MS = 60_000;
/** A processor with an instance id: Kafka gives it its partitions back if it returns before its session ends. */
const NAMED = 'processor-1';
const NAMELESS = 'processor-2';
const JAVA_PARTITIONS_OF_TRANSACTIONS = 4;

export interface Stage {
  readonly kafka: TestKafka;
  readonly cluster: Cluster;
  readonly watch: AlarmWatch;
  /** Between `processor-2` and the brokers. */
  readonly gate: NetworkGate;
  /** Sets the clock of proxy-1 from its next start on, for example `+1.5s`. */
  setClock(offset: string): void;
  /** A random number in [0, 1). */
  readonly random: () => number;
}

/** Causes the fault and ends it. Resolves with a remark for the report, or with nothing. */
export type Fault = (stage: Stage) => Promise<string | undefined>;

/** A cluster in which processor-2 can be cut off, processor-1 has an instance id, and proxy-1's clock can be set. */
export async function startStage(folder: string, random: () => number, watchOf: (brokers: string[]) => Promise<AlarmWatch>) {
  const ends: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const kafka = await startKafka({ nodes: 3 });
    ends.push(() => kafka.destroy());
    const gate = await NetworkGate.open(
      join(folder, 'gate'),
      kafka.brokers.map((broker) => Number(broker.split(':')[1])),
    );
    ends.push(() => gate.close());
    const clock = join(folder, 'clock');
    const setClock = (offset: string): void => writeFileSync(clock, `${offset}\n`);
    setClock('+0s');
    const skewed = { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const parts = PARTS.map((part) => {
      if (part.name === NAMED) return { ...part, environment: { TOCSIN_KAFKA_INSTANCE_ID: NAMED } };
      if (part.name === NAMELESS) return { ...part, within: gate.within };
      return part.name === 'proxy-1' ? { ...part, environment: skewed } : part;
    });
    const cluster = await Cluster.start({ folder, brokers: kafka.brokers, parts });
    ends.push(() => cluster.destroy());
    const watch = await watchOf(kafka.brokers);
    ends.push(() => watch.close());
    return { stage: { kafka, cluster, watch, gate, setClock, random } satisfies Stage, end };
  } catch (error) {
    await end();
    throw error;
  }
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  'proxy killed': (stage) => killed(stage, one(stage, 'proxy'), 200 + stage.random() * 2_000),
  'processor killed, started again at once': (stage) => killed(stage, NAMELESS, 0),
  'processor with a name killed, started again at once': (stage) => killed(stage, NAMED, 0),
  'processor killed, taken over by another': async (stage) => {
    const name = one(stage, 'processor');
    await stage.cluster.part(name).end('SIGKILL');
    await untilAllSpeak(stage);
    await stage.cluster.part(name).start();
    return name;
  },
  'archiver, history, mailer and console killed': (stage) => killed(stage, 'consumers', stage.random() * 2_000),
  'broker killed': (stage) => brokerKilled(stage, 1 + Math.floor(stage.random() * 3)),
  'broker of a transaction coordinator killed': async (stage) =>
    brokerKilled(stage, await coordinatorOf(stage, Math.floor(stage.random() * 8))),
  'broker frozen': async ({ kafka, random }) => {
    const node = 1 + Math.floor(random() * 3);
    await kafka.freeze(node);
    await sleep(1_000 + random() * 5_000);
    kafka.continue(node);
    return `node ${node}`;
  },
  'processor frozen beyond its session': async (stage) => {
    const name = one(stage, 'processor');
    const processor = stage.cluster.part(name);
    const before = processor.output.length;
    processor.signal('SIGSTOP');
    await sleep(BEYOND_SESSION_MS + stage.random() * 3_000);
    processor.signal('SIGCONT');
    return `${name}, ${await fencing(processor, before)}`;
  },
  'every process stopped and started again, in turn': async ({ cluster }) => {
    for (const { name } of PARTS) {
      const code = await cluster.part(name).end('SIGTERM');
      if (code !== 0) throw new Error(`${name} ended with ${code}:\n${cluster.part(name).output.slice(-2_000)}`);
      await cluster.part(name).start();
    }
    return undefined;
  },
  'processor cut off from the brokers, silently': async (stage) => {
    const processor = stage.cluster.part(NAMELESS);
    const before = processor.output.length;
    stage.gate.silence();
    await sleep(BEYOND_SESSION_MS + stage.random() * 3_000);
    stage.gate.heal();
    return await fencing(processor, before);
  },
  'processor cut off from the brokers, connections refused': async (stage) => {
    const processor = stage.cluster.part(NAMELESS);
    const before = processor.output.length;
    stage.gate.sever();
    await sleep(BEYOND_SESSION_MS + stage.random() * 3_000);
    stage.gate.heal();
    return await fencing(processor, before);
  },
  "proxy's clock 1.5 s off": async (stage) => {
    const offset = `${stage.random() < 0.5 ? '+' : '-'}${SKEW}`;
    stage.setClock(offset);
    await killed(stage, 'proxy-1', 0);
    await sleep(5_000);
    stage.setClock('+0s');
    await killed(stage, 'proxy-1', 0);
    return offset;
  },
  'third processor comes and goes, in mid-transaction': async ({ cluster, random }) => {
    const third = await cluster.add({ name: 'processor-3', roles: ['processor'] });
    await sleep(random() * 3_000);
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM';
    await third.end(signal);
    return signal;
  },
};

function one({ cluster, random }: Stage, role: string): string {
  const names = cluster.withRole(role);
  return names[Math.floor(random() * names.length)] ?? '';
}

async function killed({ cluster }: Stage, name: string, awayMs: number): Promise<string> {
  await cluster.part(name).end('SIGKILL');
  await sleep(awayMs);
  await cluster.part(name).start();
  return name;
}

async function brokerKilled({ kafka, random }: Stage, node: number): Promise<string> {
  await kafka.kill(node);
  await sleep(1_000 + random() * 5_000);
  await kafka.restart(node);
  return `node ${node}`;
}

/** The node that coordinates the transactions of a task. */
async function coordinatorOf({ kafka }: Stage, task: number): Promise<number> {
  const hash = [...`task-${task}`].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) | 0, 0);
  const partition = (hash & 0x7f_ff_ff_ff) % JAVA_PARTITIONS_OF_TRANSACTIONS;
  const { topics } = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics: ['__transaction_state'] }));
  const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader;
  if (leader === undefined || leader < 1) throw new Error(`nobody coordinates the transactions of task ${task}`);
  return leader;
}

async function untilAllSpeak({ watch }: Stage): Promise<void> {
  for (const end = Date.now() + TAKE_OVER_DEADLINE_MS; watch.silent.length > 0; await sleep(50)) {
    if (Date.now() > end) throw new Error(`partitions ${watch.silent} were not taken over`);
  }
}

/** A processor that comes back late must notice that others have its partitions; resolves with how it did. */
async function fencing(processor: SystemProcess, since: number): Promise<string> {
  const signs = { expelled: 'the group went on without this process', fenced: 'a task was fenced' };
  for (const end = Date.now() + TAKE_OVER_DEADLINE_MS; Date.now() < end; await sleep(50)) {
    const said = processor.output.slice(since);
    const found = Object.entries(signs).filter(([, sign]) => said.includes(sign));
    if (found.length > 0) return found.map(([word]) => word).join(' and ');
  }
  throw new Error(`a processor came back late and did not notice:\n${processor.output.slice(-2_000)}`);
}
