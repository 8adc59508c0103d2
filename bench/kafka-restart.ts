import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '../message-log/partitioning.ts';
import { type BenchBroker, PARTITIONS, withBroker } from './kafka/broker.ts';
import { type Contender, kafkaStreams, processor, Running, withFolder } from './kafka/contenders.ts';
import { monotonicMs } from './kafka/monotonic.ts';
import { type Seen, sendLoad, Watch } from './kafka/open-loop.ts';
import type { Figure } from './report.ts';

const RATE = 10_000;
const KILLED_AFTER_MS = 12_000;
const SECONDS = 30;
const SETTLE_MS = 45_000;
/** Alarms seen within this time after the kill were committed before it. */
const ECHO_MS = 100;

interface Measured {
  /** Seconds from the kill to the first alarm. */
  readonly first: number;
  /** Seconds from the kill until alarms of every partition had been seen. */
  readonly all: number;
  /** The longest time from when an alarm was due until it was seen, in seconds. */
  readonly worst: number;
}

/** kill -9 of a processor under load. The bench fails unless all alarms come, and none twice. */
export async function benchKafkaRestart(runs: number, { node }: { readonly node?: string }): Promise<readonly Figure[]> {
  const ours = processor({ node, instanceId: 'bench-a' });
  const other = processor({ node, instanceId: 'bench-b' });
  const peer = await kafkaStreams({ commitMs: 20, instanceId: 'bench-a' });
  const restarts: Record<Contender['name'], Measured[]> = { ours: [], peer: [] };
  const takeOvers: Measured[] = [];
  await withBroker(async (broker) => {
    for (let run = 0; run < runs; run += 1) {
      for (const contender of run % 2 === 0 ? [ours, peer] : [peer, ours]) {
        restarts[contender.name].push(await measure(broker, [contender], contender));
        await broker.empty();
      }
      takeOvers.push(await measure(broker, [ours, other]));
      await broker.empty();
    }
  });
  const figures = (name: string, measured: readonly Measured[], bars: readonly string[] = []): Figure[] =>
    (['first', 'all', 'worst'] as const).map((value, i) => ({
      name: `${name}: ${{ first: 'kill -9 to the first alarm', all: 'to alarms of every partition', worst: "the worst alarm's latency" }[value]}`,
      unit: 's',
      values: measured.map((m) => m[value]),
      ...(bars[i] ? { bar: bars[i] } : {}),
    }));
  return [
    ...figures('ours, restarted', restarts.ours, ['2.5 (stretch 1.2)', '', '4 (stretch 2)']),
    ...figures('Kafka Streams, restarted', restarts.peer),
    ...figures('ours, taken over', takeOvers, ['', '10 (stretch 5)']).filter((figure) => !figure.name.includes('first')),
  ];
}

/** The first of `members` is killed; then `successor` starts at once in its place, or the others take over. */
async function measure({ kafka: { brokers } }: BenchBroker, members: readonly Contender[], successor?: Contender): Promise<Measured> {
  return await withFolder(async (folder) => {
    const watch = await Watch.open(brokers, 'ALARM');
    const running = members.map((member, i) => new Running(member, brokers, `${folder}/${i}`));
    const load = sendLoad(brokers, { rate: RATE, seconds: SECONDS, firstSensor: 1 });
    // Awaited below; until then it may fail.
    load.catch(() => undefined);
    try {
      await Promise.race([sleep(KILLED_AFTER_MS), ...running.map(({ failed }) => failed)]);
      const killed = monotonicMs();
      await running.shift()?.end('SIGKILL');
      if (successor) running.push(new Running(successor, brokers, `${folder}/0`));
      const alarms = Promise.resolve(load).then((sent) => watch.alarmsOf(sent, SETTLE_MS));
      return measuredOf(await Promise.race([alarms, ...running.map(({ failed }) => failed)]), killed);
    } finally {
      await Promise.all([watch.close(), ...running.map((process) => process.end())]);
    }
  });
}

function measuredOf(alarms: readonly Seen[], killed: number): Measured {
  const after = alarms.filter(({ at }) => at > killed + ECHO_MS);
  const firsts = Array.from({ length: PARTITIONS }, (_, partition) =>
    Math.min(...after.filter(({ sensor }) => partitionOf(sensor, PARTITIONS) === partition).map(({ at }) => at)),
  );
  return {
    first: (Math.min(...firsts) - killed) / 1_000,
    all: (Math.max(...firsts) - killed) / 1_000,
    // Only of alarms that the kill may have delayed, not of the start, when there is a backlog.
    worst: Math.max(...after.map(({ due, at }) => at - due)) / 1_000,
  };
}
