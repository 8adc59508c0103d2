/**
 * The reference's case 2 at its own rate, but shorter, with a real server for every store. Each one is killed in mid-run and started again; in the end
 * their contents are read directly and compared with what the oracle knows.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DueAlarm } from '../../simulator/due-alarms.ts';
import type { Report } from '../../simulator/report.ts';
import { type KeptMail, Mailbox } from '../support/mailbox.ts';
import { runProgram } from '../support/program.ts';
import { type CassandraServer, startCassandra } from '../support/servers/cassandra.ts';
import { type InfluxServer, startInflux } from '../support/servers/influx.ts';
import { API_TOKEN, SystemProcess, simulate } from '../support/system.ts';
import { type ArchiveRows, archiveRows, type Place, pointsOf, places } from '../support/stores.ts';

const SENSORS = 50_000;
const MINUTE_MS = 60_000;
/** Enough for three stores that are down for a minute each, and for their starts. */
const LOAD_MINUTES = 5;
/** The bound of a bucket of `tocsin_alarm_raised_seconds`: no alarm may be later than this, whatever is down. */
const IN_TIME_S = 5;
/** A mail waits 2 s for a client, and its date is in whole seconds; the rest allows for a busy machine. */
const MAILED_IN_TIME_MS = 10_000;
/** TOCSIN_MAIL_CONCURRENCY: this many mails may have been accepted but not acknowledged when the mail server ends. */
const COPIES_MAX = 4;
/** Tolerance for comparing times of two processes on one machine, whose clock may be set by some ms meanwhile; outages are much longer. */
const CLOCK_MS = 500;

interface Outage {
  readonly store: string;
  readonly from: number;
  readonly to: number;
  readonly raised: number;
  readonly late: number;
}

let folder: string;
let cassandra: CassandraServer;
let influx: InfluxServer;
let mailbox: Mailbox;
let system: SystemProcess;
let report: Report;
let due: readonly DueAlarm[];
let archived: ArchiveRows;
let clients: ReadonlyMap<number, Place>;
const outages: Outage[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-stores-'));
  const outbox = join(folder, 'mails');
  await mkdir(outbox);
  // Cassandra must keep what it has acknowledged; a single node does so only if it waits for its disk.
  [cassandra, influx, mailbox] = await Promise.all([startCassandra({ durable: true }), startInflux('1.8'), Mailbox.open(outbox)]);
  const environment = {
    TOCSIN_CASSANDRA_CONTACT_POINTS: cassandra.contactPoints.join(','),
    TOCSIN_INFLUX_URL: influx.url,
    TOCSIN_SMTP_URL: mailbox.url,
  };
  expect(await runProgram('main/schema/main.ts', [], environment)).toMatchObject({ code: 0 });
  const loaded = await runProgram('main/clients/main.ts', ['generate', String(SENSORS), '--import'], environment, 150_000);
  expect(loaded).toMatchObject({ code: 0 });
  system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment });
  await system.start();

  const args = ['--scenario', 'case2', '--minutes', String(LOAD_MINUTES), '--batch', '10', '--timeout', '25', '--settle', '90'];
  const running = simulate({ ingestUrl: system.ingestUrl, consoleUrl: system.consoleUrl, outbox }, join(folder, 'report.json'), args);
  await raisedSince(0, 5);
  await outage('SMTP', mailbox, 10);
  await outage('InfluxDB', influx, 15);
  await outage('Cassandra', cassandra, 20);
  const { output, report: found } = await running;
  process.stdout.write(`\n${output.slice(-1_500)}\n${outages.map(described).join('\n')}\n`);
  if (!found) throw new Error(`the simulator left no report:\n${output}\n${system.output.slice(-4_000)}`);
  report = found;
  due = report.alarms;
  archived = await archiveRows(cassandra.contactPoints);
  clients = await places(cassandra.contactPoints);
}, 780_000);
afterAll(async () => {
  await system?.end('SIGKILL');
  await Promise.all([cassandra?.destroy(), influx?.destroy(), mailbox?.kill()]);
  await rm(folder, { recursive: true, force: true });
});

describe('a run during which every store was down', () => {
  it('accepts everything that is sent and raises every alarm that is due, once', () => {
    expect(report.messages).toMatchObject({ refused: 0, unknown: 0, unsent: 0 });
    expect(report.comparison?.findings).toEqual([]);
    expect(due.length).toBeGreaterThan(60);
    expect(due.filter(({ recovered }) => recovered).length).toBeGreaterThan(20);
    expect(report.comparison?.observed.activated).toBe(due.length);
  });

  it('raises alarms in time, even while a store is down', async () => {
    expect(outages.map(({ store }) => store)).toEqual(['SMTP', 'InfluxDB', 'Cassandra']);
    for (const { store, late } of outages) expect([store, late]).toEqual([store, 0]);
    expect(await raised()).toMatchObject({ count: due.length, late: 0 });
  });

  it('dates every alarm by when the reading was received that completed it', () => {
    const raisedAt = new Map(archived.alarms.map(({ sensor, type, evidence, raisedAt }) => [`${sensor} ${type} ${evidence}`, raisedAt]));
    for (const { sensor, type, evidence, receivedBetween } of due) {
      const key = `${sensor} ${type} ${evidence}`;
      expect(raisedAt.get(key), key).toBeGreaterThan(receivedBetween[0] - CLOCK_MS);
      expect(raisedAt.get(key), key).toBeLessThan(receivedBetween[1] + CLOCK_MS);
    }
  });

  it('calls for a person only for what it cannot solve itself: alarms without any mail for half a minute', () => {
    const calls = system.output.split('\n').filter((line) => /"level":(50|60)/.test(line));
    expect(calls.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['alarms are not mailed']);
  });
});

describe('the mails', () => {
  it('come for every alarm that is raised or clears', () => {
    expect([report.mails?.missing, report.mails?.doubled, report.mails?.invented]).toEqual([[], [], []]);
    expect(report.mails?.mails).toBe(due.length + due.filter(({ recovered }) => recovered).length);
    // A mail that came twice has one file, since both have the same Message-ID.
    const ids = mailbox.mails.map(({ mail }) => mail.messageId);
    expect(ids.length - new Set(ids).size).toBeLessThanOrEqual(COPIES_MAX);
  });

  it('go out in time without the client while Cassandra is down, and are completed when it is back', { timeout: 90_000 }, async () => {
    const away = outages.find(({ store }) => store === 'Cassandra') as Outage;
    const without = mailsWith('x-tocsin-event', 'raised').filter(({ mail }) => mail.text?.includes('THE CLIENT COULD NOT BE LOOKED UP'));
    expect(without.length).toBeGreaterThan(10);
    const during = without.filter(({ mail }) => dateOf(mail) > away.from + 1_000);
    expect(during.length).toBeGreaterThan(10);
    expect(Math.max(...during.map(({ mail, arrivedAt }) => arrivedAt - dateOf(mail)))).toBeLessThan(MAILED_IN_TIME_MS);

    const completions = () => mailsWith('x-tocsin-completes', 'raised');
    await expect.poll(() => alarmsOf(completions()), { timeout: 60_000 }).toEqual(alarmsOf(without));
    for (const { mail } of completions()) {
      const sensor = Number(/^ {2}Sensor: (\d+)$/m.exec(mail.text ?? '')?.[1]);
      expect(mail.text).toContain(`  Surname: ${clients.get(sensor)?.surname}\n`);
      expect(mail.text).toContain(`  Region: ${clients.get(sensor)?.region}\n`);
    }
  });
});

describe('InfluxDB', () => {
  it('counts, by minute and type, the alarms that were due', { timeout: 60_000 }, async () => {
    const counted = async (): Promise<Map<string, number>> => {
      const counts = new Map<string, number>();
      for (const { time, type, count } of pointsOf(await influx.query('SELECT "count","type","region","p" FROM "alarm_count"', 'tocsin')))
        add(counts, Date.parse(String(time)), type, Number(count));
      return counts;
    };
    const sum = async () => [...(await counted()).values()].reduce((all, count) => all + count, 0);
    await expect.poll(sum, { timeout: 40_000 }).toBe(due.length);
    const counts = await counted();
    const [least, most] = [new Map<string, number>(), new Map<string, number>()];
    for (const { type, receivedBetween } of due) {
      const [first, last] = receivedBetween.map((ms) => Math.floor(ms / MINUTE_MS) * MINUTE_MS) as [number, number];
      // A reading around the full minute may count for either minute.
      for (const minute of new Set([first, last])) add(most, minute, type, 1);
      if (first === last) add(least, first, type, 1);
    }
    for (const key of new Set([...counts.keys(), ...most.keys()])) {
      expect(counts.get(key) ?? 0, key).toBeGreaterThanOrEqual(least.get(key) ?? 0);
      expect(counts.get(key) ?? 0, key).toBeLessThanOrEqual(most.get(key) ?? 0);
    }
  });

  it('has the final state of every sensor, at its place', { timeout: 120_000 }, async () => {
    const states = async (): Promise<readonly string[]> => {
      const last = 'SELECT last("active") AS "active","type" FROM "sensor_state" GROUP BY "sensor","geohash","region"';
      return pointsOf(await influx.query(last, 'tocsin'))
        .map((point) => `${point.sensor} ${point.region} ${point.geohash} ${point.active} ${String(point.type).split(',').sort()}`)
        .sort();
    };
    const active = new Map<number, string[]>();
    for (const { sensor, type, recovered } of due) if (!recovered) active.set(sensor, [...(active.get(sensor) ?? []), type]);
    const expected = [...clients]
      .map(([sensor, { region, geohash }]) => {
        const types = active.get(sensor) ?? [];
        return `${sensor} ${region} ${geohash} ${types.length > 0 ? 1 : 0} ${types.sort()}`;
      })
      .sort();
    expect(expected.length).toBe(SENSORS);
    expect(active.size).toBeGreaterThan(20);
    await expect.poll(async () => (await states()).length, { timeout: 90_000, interval: 2_000 }).toBe(SENSORS);
    const wrong = async () => {
      const found = new Set(await states());
      return expected.filter((state) => !found.has(state)).slice(0, 20);
    };
    await expect.poll(wrong, { timeout: 20_000, interval: 2_000 }).toEqual([]);
  });
});

describe('Cassandra', () => {
  it('has one row for every alarm, with its state and its readings, and where its sensor is', () => {
    const rows = archived.alarms.map(({ sensor, type, state, evidence, region }) => `${sensor} ${type} ${state} ${evidence} ${region}`);
    const expected = due.map(({ sensor, type, recovered, evidence }) => {
      return `${sensor} ${type} ${recovered ? 'CLEARED_UNACK' : 'ACTIVE_UNACK'} ${evidence} ${clients.get(sensor)?.region}`;
    });
    expect(rows.sort()).toEqual(expected.sort());
  });

  it('lists every alarm once as open, by hour and by sensor', () => {
    const ids = archived.alarms.map(({ id }) => id).sort();
    expect(archived.open.toSorted()).toEqual(ids);
    expect(archived.byHour.toSorted()).toEqual(ids);
    expect(archived.bySensor.toSorted()).toEqual(ids);
  });
});

function add(counts: Map<string, number>, minute: number, type: unknown, count: number): void {
  const key = `${new Date(minute).toISOString()} ${type}`;
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** Down for a minute, and until this many alarms were raised meanwhile. */
async function outage(store: string, server: { kill(): Promise<void>; restart(): Promise<void> }, alarms: number): Promise<void> {
  const before = await raised();
  const from = Date.now();
  await server.kill();
  await Promise.all([raisedSince(before.count, alarms), delay(MINUTE_MS)]);
  await server.restart();
  const after = await raised();
  outages.push({ store, from, to: Date.now(), raised: after.count - before.count, late: after.late - before.late });
}

async function raisedSince(before: number, alarms: number): Promise<void> {
  const enough = async () => expect((await raised()).count - before).toBeGreaterThanOrEqual(alarms);
  await vi.waitFor(enough, { timeout: 90_000, interval: 250 });
}

async function raised(): Promise<{ readonly count: number; readonly late: number }> {
  const response = await fetch(`${system.operationsUrl}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  const text = await response.text();
  const value = (sample: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${sample} `))
        ?.split(' ')[1] ?? Number.NaN,
    );
  const count = value('tocsin_alarm_raised_seconds_count');
  return { count, late: count - value(`tocsin_alarm_raised_seconds_bucket{le="${IN_TIME_S}"}`) };
}

function mailsWith(header: string, value: string): readonly KeptMail[] {
  return mailbox.mails.filter(({ mail }) => mail.headers.get(header) === value);
}

/** Every mail once: a mail may come again if its server ends between accepting it and saying so. */
function alarmsOf(mails: readonly KeptMail[]): readonly string[] {
  return [...new Set(mails.map(({ mail }) => String(mail.headers.get('x-tocsin-alarm'))))].sort();
}

function dateOf({ date }: KeptMail['mail']): number {
  return date?.getTime() ?? Number.NaN;
}

function described({ store, from, to, raised: alarms, late }: Outage): string {
  return `${store} away for ${Math.round((to - from) / 1_000)} s: ${alarms} alarms raised meanwhile, ${late} later than ${IN_TIME_S} s`;
}
