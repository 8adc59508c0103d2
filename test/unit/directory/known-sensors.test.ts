import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { KnownSensors } from '../../../directory/known-sensors.ts';
import type { Directory } from '../../../directory/port.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { clientOf } from '../../support/alarms.ts';

const MINUTE = 60_000;
const AWAY = new TransientError('cassandra-away', 'Cassandra is out of reach');
const PART = 'known sensors';

/** Clients of these sensors, ten in a part, which can go away, also in the middle. */
function clientsOf(...sensors: number[]) {
  const state = { sensors: new Set(sensors), fault: undefined as Error | undefined, failsAt: undefined as number | undefined, lookUps: 0 };
  const directory: Pick<Directory, 'ids' | 'find'> = {
    find: async (sensor) => {
      state.lookUps += 1;
      if (state.fault) throw state.fault;
      return state.sensors.has(sensor) ? clientOf({ id: sensor }) : undefined;
    },
    ids: async function* (from = '0') {
      const all = [...state.sensors];
      for (let i = Number(from); i === 0 || i < all.length; i += 10) {
        if (state.fault || state.failsAt === i) throw state.fault ?? AWAY;
        yield { ids: all.slice(i, i + 10), next: i + 10 < all.length ? String(i + 10) : undefined };
      }
    },
  };
  return { state, directory };
}

function rig(
  sensors: readonly number[],
  { least = 1, open }: { least?: number; open?: () => Promise<Pick<Directory, 'ids' | 'find'>> } = {},
) {
  const clients = clientsOf(...sensors);
  const time = { now: 0 };
  const health = new Health();
  const registry = new Registry();
  const lines: { level: number; msg: string; reason?: string }[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const known = new KnownSensors({
    open: open ?? (async () => clients.directory),
    least,
    logger,
    health,
    registry,
    elapsed: () => time.now,
  });
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { ...clients, time, health, registry, lines, known, metric, notice: () => health.notices()[PART] };
}

const many = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i * 7);
const STRANGER = 2_000_000_001;

describe('sensors that no client has', () => {
  it('are those that the directory does not list, once it was read to its end', async () => {
    const { known, metric, notice } = rig([0, 7, 2_147_483_647, ...many(200, 1_000)]);
    expect([STRANGER, 7].map(known.isUnknown)).toEqual([false, false]);
    expect(await known.refresh()).toBe(true);
    expect([0, 7, 2_147_483_647, 1_000, 2_393].map(known.isUnknown)).toEqual([false, false, false, false, false]);
    expect([1, 8, 1_001, STRANGER].map(known.isUnknown)).toEqual([true, true, true, true]);
    expect([await metric('tocsin_known_sensors'), await metric('tocsin_known_sensors_reliable')]).toEqual([203, 1]);
    expect(notice()).toBeUndefined();
  });

  it('are none while the directory is away or half read, and that is said', async () => {
    const { known, state, notice, metric, health } = rig(many(95));
    state.failsAt = 40;
    expect(await known.refresh()).toBe(false);
    expect(known.isUnknown(STRANGER)).toBe(false);
    expect(notice()).toMatch(/have not been read yet .*Cassandra is out of reach.* every sensor counts as known/);
    expect(health.ready).toBe(true);
    expect(await metric('tocsin_known_sensors_reliable')).toBe(0);
    state.failsAt = undefined;
    expect(await known.refresh()).toBe(true);
    expect([94 * 7, STRANGER].map(known.isUnknown)).toEqual([false, true]);
    expect(notice()).toBeUndefined();
  });

  it('are none while the directory cannot even be opened, and known once it can', async () => {
    const { directory } = clientsOf(7);
    let fault: Error | undefined = new PermanentError('cassandra-login', 'the password is wrong');
    const { known, notice } = rig([], { open: async () => (fault ? Promise.reject(fault) : directory) });
    expect(await known.refresh()).toBe(false);
    expect(known.isUnknown(STRANGER)).toBe(false);
    expect(notice()).toContain('the password is wrong');
    fault = undefined;
    expect(await known.refresh()).toBe(true);
    expect([7, STRANGER].map(known.isUnknown)).toEqual([false, true]);
  });

  it('are none of a directory without clients, or with fewer than the operator says there are', async () => {
    const empty = rig([]);
    await empty.known.refresh();
    expect(empty.known.isUnknown(STRANGER)).toBe(false);
    expect(empty.notice()).toMatch(/no clients.*counts as known/);
    const half = rig(many(500), { least: 900 });
    await half.known.refresh();
    expect(half.known.isUnknown(STRANGER)).toBe(false);
    expect(half.notice()).toMatch(/500 clients, fewer than TOCSIN_CLIENTS_LEAST \(900\)/);
    for (const sensor of many(500, 1_000_000)) half.state.sensors.add(sensor);
    await half.known.refresh();
    expect(half.known.isUnknown(STRANGER)).toBe(true);
    expect(half.notice()).toBeUndefined();
  });

  it('are not those whose clients vanish all at once: emptied, or half imported again', async () => {
    for (const left of [0, 500]) {
      const { known, state, notice, lines } = rig(many(1_000));
      await known.refresh();
      state.sensors = new Set([...many(left), 8]);
      await known.refresh();
      await known.refresh();
      expect(many(1_000).filter(known.isUnknown)).toEqual([]);
      expect([known.isUnknown(8), known.isUnknown(STRANGER)]).toEqual([false, true]);
      expect(notice()).toMatch(new RegExp(`lists ${left + 1} clients?, and had 1000: .*until this process is restarted`));
      expect(lines.filter(({ level }) => level === 40)).toHaveLength(1);
      state.sensors = new Set(many(1_000));
      await known.refresh();
      expect(notice()).toBeUndefined();
    }
  });

  it('become more when single clients go', async () => {
    const { known, state, notice } = rig(many(1_000));
    await known.refresh();
    state.sensors.delete(7);
    await known.refresh();
    expect([known.isUnknown(7), known.isUnknown(14), notice()]).toEqual([true, false, undefined]);
  });

  it('are none once the list is old, since the directory is away', async () => {
    const { known, state, time, notice } = rig(many(20));
    await known.refresh();
    state.fault = AWAY;
    time.now = 14 * MINUTE;
    await known.refresh();
    expect(known.isUnknown(STRANGER)).toBe(true);
    time.now = 16 * MINUTE;
    await known.refresh();
    expect(known.isUnknown(STRANGER)).toBe(false);
    expect(notice()).toMatch(/could not be read for long .*counts as known/);
    state.fault = undefined;
    await known.refresh();
    expect(known.isUnknown(STRANGER)).toBe(true);
  });

  it('that is one whose client is new is known by its second status, before the directory is read again', async () => {
    const { known, state } = rig(many(20));
    await known.refresh();
    state.sensors.add(STRANGER);
    expect(known.isUnknown(STRANGER)).toBe(true);
    await known.lookUp();
    expect(known.isUnknown(STRANGER)).toBe(false);
    await known.refresh();
    expect(known.isUnknown(STRANGER)).toBe(false);
  });

  it('are looked up once each, and a bounded number of them, however many there are', async () => {
    const { known, state } = rig(many(20));
    await known.refresh();
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 100_000; i += 1) known.isUnknown(STRANGER + i);
      await known.lookUp();
    }
    expect(state.lookUps).toBe(60);
    for (let i = 0; i < 200; i += 1) await known.lookUp();
    expect(state.lookUps).toBeLessThanOrEqual(1_060);
  });

  it('stay what they are while look-ups fail', async () => {
    const { known, state } = rig(many(20));
    await known.refresh();
    state.fault = AWAY;
    expect(known.isUnknown(STRANGER)).toBe(true);
    await known.lookUp();
    expect([known.isUnknown(STRANGER), known.isUnknown(7)]).toEqual([true, false]);
  });
});

describe('reading in the background', () => {
  const running: KnownSensors[] = [];
  afterEach(async () => {
    for (const known of running.splice(0)) await known.stop();
  });

  it('begins at once, goes on after failures, and ends with a stop', async () => {
    const { known, state } = rig(many(95));
    state.failsAt = 90;
    running.push(known.start());
    expect(known.isUnknown(STRANGER)).toBe(false);
    state.failsAt = undefined;
    await expect.poll(() => known.isUnknown(STRANGER), { timeout: 5_000 }).toBe(true);
    state.sensors.add(STRANGER);
    await expect.poll(() => known.isUnknown(STRANGER), { timeout: 5_000 }).toBe(false);
  });

  it('of a directory that never answers keeps nobody waiting', async () => {
    const { known } = rig([], { open: () => new Promise(() => undefined) });
    known.start();
    expect(known.isUnknown(STRANGER)).toBe(false);
    await known.stop();
  });
});
