/** A console over a log and stores in memory, with a real processor behind it, and a client of its API. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { consoleSettings, type ConsoleConfig } from '../../console/config.ts';
import type { IncidentTopics } from '../../console/incidents/incident-view.ts';
import { type Console, startConsole } from '../../console/console.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import type { Archive, ArchivedAlarm, CustodyEntry, DamagedAlarm } from '../../archive/port.ts';
import { processorSettings } from '../../processor/config.ts';
import type { History, MinuteCount, SensorState } from '../../history/port.ts';
import { startProcessor } from '../../processor/processor.ts';
import type { Client } from '../../directory/port.ts';
import { readSettings } from '../../runtime/configuration.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Health } from '../../runtime/health.ts';
import { compareNewest } from '../../console/live/by-age.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import { accessFrom } from './operations-access.ts';
import { clientOf } from './alarms.ts';
import { MemoryDirectory } from './memory-directory.ts';
import { MemoryLog } from './memory-log.ts';
import { REFERENCE } from './alarm-types.ts';

export { MemoryDirectory };

export const OPERATOR_TOKEN = 'operator-token-0123456789';
export const VIEWER_TOKEN = 'viewer-token-0123456789';

export class MemoryArchive implements Archive {
  readonly alarms = new Map<string, ArchivedAlarm>();
  readonly trails = new Map<string, CustodyEntry[]>();
  /** Of the alarms that are open. */
  readonly damaged = new Map<string, DamagedAlarm>();
  fault: Error | undefined;

  async put(alarms: readonly ArchivedAlarm[], custody: readonly { readonly alarm: string; readonly entry: CustodyEntry }[]): Promise<void> {
    for (const alarm of alarms) if ((this.alarms.get(alarm.id)?.version ?? 0) < alarm.version) this.alarms.set(alarm.id, alarm);
    for (const { alarm, entry } of custody) this.trails.set(alarm, [...(this.trails.get(alarm) ?? []), entry]);
  }

  async find(id: string): Promise<ArchivedAlarm | 'damaged' | undefined> {
    if (this.fault) throw this.fault;
    return this.alarms.get(id) ?? (this.damaged.has(id) ? 'damaged' : undefined);
  }

  async custody(id: string): Promise<readonly CustodyEntry[]> {
    if (this.fault) throw this.fault;
    return (this.trails.get(id) ?? []).toSorted((a, b) => a.at - b.at);
  }

  async query({ states, type, region, sensor, from, to, limit, cursor }: Parameters<Archive['query']>[0]) {
    if (this.fault) throw this.fault;
    const start = cursor === undefined ? 0 : Number(cursor);
    const found = [...this.alarms.values()]
      .filter(
        (alarm) =>
          (states?.includes(alarm.state) ?? true) &&
          (type ?? alarm.type) === alarm.type &&
          (region ?? alarm.region) === alarm.region &&
          (sensor ?? alarm.sensor) === alarm.sensor &&
          alarm.raisedAt >= (from ?? 0) &&
          alarm.raisedAt < (to ?? Number.POSITIVE_INFINITY),
      )
      .sort(compareNewest);
    const next = start + limit;
    const damaged = [...this.damaged.values()].filter((alarm) => sensor === undefined || alarm.sensor === sensor);
    return { alarms: found.slice(start, next), cursor: next < found.length ? String(next) : undefined, damaged };
  }

  async *open(onDamaged: (alarm: DamagedAlarm) => void = () => undefined): AsyncGenerator<readonly ArchivedAlarm[]> {
    for (const alarm of this.damaged.values()) onDamaged(alarm);
    yield [...this.alarms.values()].filter(({ state }) => state !== 'CLEARED_ACK');
  }

  async close(): Promise<void> {}
}

export class MemoryHistory implements History {
  readonly latest = new Map<number, SensorState>();
  readonly minutes: MinuteCount[] = [];

  async writeStates(states: readonly SensorState[]): Promise<void> {
    for (const state of states) this.latest.set(state.sensor, state);
  }

  async writeCounts(counts: readonly MinuteCount[]): Promise<void> {
    this.minutes.push(...counts);
  }

  async state(sensor: number): Promise<SensorState | undefined> {
    return this.latest.get(sensor);
  }

  async *states() {
    yield [...this.latest.values()];
  }

  async counts(from: number, to: number, type: MinuteCount['type'] | undefined): Promise<readonly MinuteCount[]> {
    return this.minutes.filter(({ minute, ...count }) => minute >= from && minute < to && (type ?? count.type) === count.type);
  }

  async close(): Promise<void> {}
}

export interface TestConsole {
  readonly log: MemoryLog;
  readonly archive: MemoryArchive;
  readonly history: MemoryHistory;
  readonly directory: MemoryDirectory;
  readonly health: Health;
  readonly console: Console;
  /** Sends a status of a sensor as the proxy would. */
  report(sensor: number, status?: object): Promise<void>;
  /** Sends a recovery of a sensor. */
  recover(sensor: number): Promise<void>;
  stop(): Promise<void>;
}

interface Options {
  readonly environment?: Record<string, string>;
  readonly host?: string;
  readonly clients?: readonly Client[];
  readonly archived?: readonly ArchivedAlarm[];
  readonly damaged?: readonly DamagedAlarm[];
  readonly log?: MemoryLog;
  readonly clock?: Clock;
  /** By default the three types of the reference system. */
  readonly types?: TypeSet;
  readonly sessionsFile?: string;
  readonly auditEndFile?: string;
  readonly auditKeyFile?: string;
  /** False: nothing answers actions. */
  readonly processor?: boolean;
  readonly archive?: MemoryArchive;
  /** By default no incidents are kept. */
  readonly incidentTopics?: IncidentTopics;
  /** Doesn't wait until the open alarms have been read. */
  readonly isStillReading?: boolean;
}

export async function startTestConsole(options: Options = {}): Promise<TestConsole> {
  const log = options.log ?? new MemoryLog();
  const archive = options.archive ?? new MemoryArchive();
  const history = new MemoryHistory();
  const directory = new MemoryDirectory();
  await directory.put(options.clients ?? [clientOf()]);
  await archive.put(options.archived ?? [], []);
  for (const alarm of options.damaged ?? []) archive.damaged.set(alarm.id, alarm);
  const health = new Health();
  const shared = { log, clock: options.clock ?? Date.now, logger: pino({ level: 'silent' }), health, types: options.types ?? REFERENCE };
  const processor =
    options.processor === false ? undefined : startProcessor(readSettings(processorSettings, {}), { ...shared, registry: new Registry() });
  await processor?.restored;
  const environment = {
    TOCSIN_CONSOLE_PORT: '0',
    TOCSIN_API_TOKEN: OPERATOR_TOKEN,
    TOCSIN_VIEWER_TOKEN: VIEWER_TOKEN,
    ...options.environment,
  };
  const config: ConsoleConfig = { ...readSettings(consoleSettings, environment), host: options.host ?? '127.0.0.1' };
  const console = await startConsole(config, {
    ...shared,
    registry: new Registry(),
    operationsAccess: accessFrom({
      host: config.host,
      urls: config.publicUrl === undefined ? [] : [config.publicUrl],
      ...(config.proxies && { proxies: config.proxies }),
    }),
    archive,
    history,
    directory,
    archiveGroup: 'archive',
    sessionsFile: options.sessionsFile,
    auditEndFile: options.auditEndFile,
    auditKeyFile: options.auditKeyFile,
    incidentTopics: options.incidentTopics,
    showLink: () => undefined,
  });
  if (options.isStillReading !== true) await console.begun;
  let lastAt = 0;
  const append = async (topic: 'ENTRY' | 'OK', sensor: number, value: object): Promise<void> => {
    const bytes = Buffer.from(JSON.stringify({ id: sensor, ...value }));
    // As with a proxy: a recovery is later than the readings before it.
    lastAt = Math.max(Date.now(), topic === 'OK' ? lastAt + 1 : lastAt);
    await log.append(topic, oneRecord(sensor, bytes), lastAt);
  };
  return {
    log,
    archive,
    history,
    directory,
    health,
    console,
    report: (sensor, status = { motion: true }) =>
      append('ENTRY', sensor, { motion: false, smoke: false, temperature: 20, maxTemperature: 30, ...status }),
    recover: (sensor) => append('OK', sensor, {}),
    stop: async () => {
      await Promise.all([console.stop(), processor?.stop()]);
    },
  };
}

/** Calls the API with the operator's token, unless `init` has another. */
export async function call(
  { console }: Pick<TestConsole, 'console'>,
  path: string,
  init: { method?: string; token?: string | null; body?: unknown; headers?: Record<string, string> } = {},
) {
  const token = init.token === undefined ? OPERATOR_TOKEN : init.token;
  const response = await fetch(console.url + path, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(init.body === undefined ? {} : { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }),
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

/** Asks again until the answer is as wanted, for results that take some time. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`still not so after ${ms} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
