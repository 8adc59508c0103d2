/** Load and watch for latencies, each in a process of its own, so that neither delays the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../../runtime/node-flags.ts';
import { settingsFor } from './broker.ts';

export interface Load {
  /** Statuses a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Alarms are raised for this sensor and the following ones. */
  readonly firstSensor: number;
}

/** What the load has sent; times are those of `monotonicMs`. */
export interface Sent {
  readonly began: number;
  /** Sensors that raise an alarm, and when their statuses were due. */
  readonly due: readonly (readonly [sensor: number, at: number])[];
  readonly failed: number;
  /** Share of the time in which the generator was busy: near 1 it would measure itself. */
  readonly busy: number;
}

export interface Seen {
  readonly sensor: number;
  readonly due: number;
  /** When it was first seen. */
  readonly at: number;
}

const ALARMS_PER_SECOND = 50;
const POLL_MS = 200;

/** Runs a load to its end. */
export async function sendLoad(brokers: readonly string[], { rate, seconds, firstSensor }: Load): Promise<Sent> {
  const child = start('kafka-load', [rate, seconds, ALARMS_PER_SECOND, firstSensor].map(String), brokers);
  const [sent] = (await Promise.race([once(child, 'message'), ended(child, 'the load')])) as [Sent];
  if (sent.failed > 0) throw new Error(`${sent.failed} statuses were not accepted by the broker`);
  return sent;
}

/** A reader of committed records, from the beginning of a topic. */
export class Watch {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = ended(child, 'the watch');
    this.#ended.catch(() => undefined);
  }

  /** Resolves once it reads. */
  static async open(brokers: readonly string[], topic: 'ALARM' | 'ENTRY'): Promise<Watch> {
    const child = start('kafka-watch', [brokers.join(','), topic], brokers);
    const watch = new Watch(child);
    await Promise.race([once(child, 'message'), watch.#ended]);
    return watch;
  }

  /** Resolves once every alarm of the load has been seen. Rejects if one is still missing after `patienceMs`, or came twice. */
  async alarmsOf({ due }: Sent, patienceMs: number): Promise<Seen[]> {
    const end = Date.now() + patienceMs;
    for (;;) {
      const all = await this.#seen();
      const first = new Map([...all].reverse());
      const missing = due.filter(([sensor]) => !first.has(sensor)).length;
      if (missing === 0) {
        const mine = new Set(due.map(([sensor]) => sensor));
        const doubled = all.filter(([sensor]) => mine.has(sensor)).length - mine.size;
        if (doubled > 0) throw new Error(`${doubled} alarms came twice`);
        return due.map(([sensor, at]) => ({ sensor, due: at, at: first.get(sensor) ?? Number.NaN }));
      }
      if (Date.now() > end) throw new Error(`${missing} of ${due.length} alarms were lost`);
      await sleep(POLL_MS);
    }
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #seen(): Promise<[sensor: number, at: number][]> {
    this.#child.send('what was seen?');
    const [seen] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [[number, number][]];
    return seen;
  }
}

function start(program: string, args: readonly string[], brokers: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...NODE_FLAGS, `bench/peers/${program}.ts`, ...args], {
    env: { ...process.env, ...settingsFor(brokers) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function ended(child: ChildProcess, what: string): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`${what} ended with ${code}`);
}
