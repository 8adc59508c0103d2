/** A mailer on a real embedded log in a folder of its own; it can be killed and started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import type { MessageLog } from '../../message-log/port.ts';
import type { DeadLetter } from '../../records/dead-letter.ts';
import type { Delivery } from '../../records/delivery.ts';
import type { Topic } from '../../records/topics.ts';
import { mailerSettings } from '../../notify/config.ts';
import type { Client, Directory } from '../../directory/port.ts';
import type { MailTransport } from '../../notify/channels/mail/port.ts';
import type { MailBackoff } from '../../notify/mail-queue.ts';
import { type MailerLimits, startMailer } from '../../notify/mailer.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { TransientError } from '../../runtime/errors.ts';
import { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import { severalRecords } from '../../message-log/several-records.ts';
import { REFERENCE } from './alarm-types.ts';
import { clientOf } from './alarms.ts';

/** Back-offs that tests need not wait for; the real ones are tested with the queue. */
export const SOON: MailBackoff = { again: { firstMs: 2, maxMs: 20 }, outage: { firstMs: 4, maxMs: 20 } };

/** Where the process dies: nothing it does afterwards reaches the log. */
export type CrashPoint = 'before DELIVERY' | 'after DELIVERY' | 'before position' | 'between positions';

export interface MailerRig {
  readonly log: MessageLog;
  readonly health: Health;
  /** Health of the mailer started last. */
  readonly registry: Registry;
  readonly clients: Map<number, Client>;
  /** Level and message of each log line. */
  readonly lines: { level: number; msg: string }[];
  now: number;
  start(
    transport: MailTransport,
    options?: { settings?: NodeJS.ProcessEnv; types?: TypeSet; crash?: CrashPoint; directory?: Directory; limits?: Partial<MailerLimits> },
  ): Promise<Running>;
  /** Appends the events, those of a partition as one batch. */
  alarm(...events: readonly (AlarmEvent | string)[]): Promise<void>;
  deliveries(): Promise<readonly Delivery[]>;
  dead(): Promise<readonly DeadLetter[]>;
  /** Resolves when a mailer has died at its crash point. */
  crashed(): Promise<void>;
  /** Resolves when the mailer's position has passed all of ALARM. */
  done(): Promise<void>;
  /** Resolves when `check` holds. */
  until(check: () => boolean | Promise<boolean>): Promise<void>;
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

export async function openMailerRig(now: number, partitions = 1): Promise<MailerRig> {
  const folder = await mkdtemp(join(tmpdir(), 'mailer-'));
  const store = await openStore(folder, { durable: false });
  const silent = pino({ level: 'silent' });
  const log = await openEmbeddedLog(store, {
    partitions,
    // The clock of its records: by a real one they would sooner or later be too old to be kept.
    clock: () => now,
    removalClock: () => now,
    logger: silent,
    registry: new Registry(),
    health: new Health(),
    retentionMs: 86_400_000,
    retentionBytes: 1024 ** 3,
  });
  const running: Running[] = [];
  const crashes: CrashPoint[] = [];
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const clients = new Map<number, Client>([[42_959, clientOf()]]);
  const read = async <T>(topic: Topic): Promise<T[]> => {
    const values: T[] = [];
    for (let partition = 0; partition < partitions; partition += 1) {
      const { next } = await log.bounds(topic, partition);
      const reader = await log.reader(topic, partition, 'earliest');
      while (reader.position < next)
        for (const batch of await reader.poll(10))
          for (let i = 0; i < batch.length; i += 1) values.push(JSON.parse(batch.bytes.toString('utf8', batch.start(i), batch.end(i))));
      await reader.close();
    }
    return values;
  };
  const until: MailerRig['until'] = async (check) => {
    while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 2));
  };

  const rig: MailerRig = {
    log,
    health: new Health(),
    registry: new Registry(),
    clients,
    lines,
    now,
    start: async (transport, { settings = {}, types = REFERENCE, crash, directory = directoryOf(clients), limits } = {}) => {
      Object.assign(rig, { registry: new Registry(), health: new Health() });
      const mailer = await startMailer(readSettings(mailerSettings, settings), {
        log: crash ? crashing(log, crash, () => crashes.push(crash)) : log,
        directory,
        transport,
        types,
        clock: () => rig.now,
        logger,
        registry: rig.registry,
        health: rig.health,
        // Twenty times faster; the effect of the wait shows all the same.
        lookupTime: { now: () => 20 * performance.now(), sleep: (ms, signal) => sleep(ms / 20, undefined, signal && { signal }) },
        limits: { pollWaitMs: 5, drainMs: crash ? 0 : 2_000, backoff: SOON, ...limits },
      });
      running.push(mailer);
      return mailer;
    },
    alarm: async (...events) => {
      const records = events.map((event) => {
        if (typeof event === 'string') return { key: 0, value: event };
        return { key: event.alarm?.sensor ?? 0, value: JSON.stringify(event) };
      });
      await log.append('ALARM', severalRecords(records), now);
    },
    deliveries: () => read<Delivery>('DELIVERY'),
    dead: () => read<DeadLetter>('DEAD'),
    done: () =>
      until(async () => {
        for (let p = 0; p < partitions; p += 1) {
          const { next } = await log.bounds('ALARM', p);
          if (next > 0 && ((await log.committed('mailer', 'ALARM', p)) ?? 0) < next) return false;
        }
        return true;
      }),
    crashed: () => until(() => crashes.length > 0),
    until,
    metric: async (name) => {
      const { values } = (await rig.registry.getSingleMetric(name)?.get()) ?? { values: [] };
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    close: async () => {
      for (const mailer of running) await mailer.stop();
      await log.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
  return rig;
}

export function directoryOf(clients: ReadonlyMap<number, Client>): Directory {
  return {
    find: async (sensor) => clients.get(sensor),
    put: async () => undefined,
    size: async () => clients.size,
    places: async function* () {},
    ids: async function* () {},
    close: async () => undefined,
  };
}

/** The log as seen by a process that dies at `point`. */
function crashing(log: MessageLog, point: CrashPoint, onCrash: () => void): MessageLog {
  let dead = false;
  const die = (): never => {
    dead = true;
    onCrash();
    throw new TransientError('log-closed', 'the process is dead');
  };
  return {
    partitions: log.partitions,
    reader: (topic, partition, from) => log.reader(topic, partition, from),
    own: (owner) => log.own(owner),
    bounds: (topic, partition) => log.bounds(topic, partition),
    offsetAt: (topic, partition, at) => log.offsetAt(topic, partition, at),
    committed: (group, topic, partition) => log.committed(group, topic, partition),
    progress: () => log.progress(),
    close: () => log.close(),
    append: async (topic, records, at) => {
      if (dead || (topic === 'DELIVERY' && point === 'before DELIVERY')) die();
      const place = await log.append(topic, records, at);
      if (topic === 'DELIVERY' && point === 'after DELIVERY') die();
      return place;
    },
    subscribe: async (group, topics) => {
      const real = await log.subscribe(group, topics);
      return {
        onGap: undefined,
        assigned: real.assigned,
        poll: (waitMs) => (dead ? Promise.reject(new TransientError('log-closed', 'the process is dead')) : real.poll(waitMs)),
        commit: async (topic, partition, next) => {
          if (dead || point === 'before position' || (point === 'between positions' && topic === 'DELIVERY')) die();
          await real.commit(topic, partition, next);
        },
        close: () => real.close(),
      };
    },
  };
}
