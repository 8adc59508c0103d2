import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import type { Topic } from '../../../records/topics.ts';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';

const T0 = Date.UTC(2026, 10, 24, 12);
const running: Running[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop()));
});

async function processorOn(
  log: MemoryLog,
  environment: NodeJS.ProcessEnv = {},
  clock = () => T0 + 60_000,
  logger = pino({ level: 'silent' }),
  types = REFERENCE,
) {
  const registry = new Registry();
  const health = new Health();
  const config = readSettings(processorSettings, environment);
  const processor = startProcessor(config, { log, types, clock, logger, registry, health });
  await processor.restored;
  running.push(processor);
  return { processor, registry, health };
}

async function put(log: MemoryLog, topic: Topic, key: number, value: object | string, at: number): Promise<void> {
  await log.append(topic, oneRecord(key, typeof value === 'string' ? value : JSON.stringify(value)), at);
}

const status = (id: number, changes: object = {}): object => ({
  id,
  motion: false,
  smoke: false,
  temperature: 20,
  maxTemperature: 30,
  ...changes,
});
const events = (log: MemoryLog): AlarmEvent[] => log.all('ALARM').map(({ value }) => JSON.parse(value) as AlarmEvent);
const changes = (log: MemoryLog): AlarmChange[] => events(log).filter((event) => event.event !== 'refused');

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000; i += 1) {
    if (what()) return;
    await sleep(5);
  }
  throw new Error('it did not happen within ten seconds');
}

describe('the processor', () => {
  it('raises motion at once and smoke on the third hit, counts both, and clears on a recovery', async () => {
    const log = new MemoryLog();
    await processorOn(log);
    await put(log, 'ENTRY', 7, status(7, { motion: true }), T0);
    for (let i = 0; i < 3; i += 1) await put(log, 'ENTRY', 8, status(8, { smoke: true }), T0 + 1_000 * i);
    await until(() => changes(log).length === 2);
    await put(log, 'OK', 7, { id: 7 }, T0 + 10_000);
    await until(() => changes(log).length === 3);

    expect(changes(log).map(({ event, alarm }) => [event, alarm.sensor, alarm.type, alarm.state])).toEqual([
      ['raised', 7, 'motion', 'ACTIVE_UNACK'],
      ['raised', 8, 'smoke', 'ACTIVE_UNACK'],
      ['cleared', 7, 'motion', 'CLEARED_UNACK'],
    ]);
    expect(changes(log)[1]?.alarm.evidence.map(({ offset }) => offset)).toEqual([1, 2, 3]);
    expect(log.all('COUNT').map(({ value }) => (JSON.parse(value) as { type: string }).type)).toEqual(['motion', 'smoke']);
  });

  it('commits the alarms of a whole city piece by piece, each once', async () => {
    const log = new MemoryLog();
    const sensors = Array.from({ length: 9_000 }, (_, id) => id);
    for (const id of sensors) await put(log, 'ENTRY', id, status(id, { motion: true }), T0);
    await processorOn(log);
    await until(() => changes(log).length === sensors.length);
    expect(changes(log).map(({ alarm }) => alarm.sensor)).toEqual(sensors);
    // An event and its count; one run more than the bound of a commit.
    expect(Math.max(...log.commits)).toBeLessThanOrEqual(2 * (1_000 + 1_024));
  });

  it('parks what it cannot decode with its reason, and goes on', async () => {
    const log = new MemoryLog();
    const { registry } = await processorOn(log);
    await put(log, 'ENTRY', 1, 'not json', T0);
    await put(log, 'OK', 1, '{"id":-1}', T0);
    await put(log, 'ACTION', 1, '{"id":"x"}', T0);
    await put(log, 'ENTRY', 2, status(2, { motion: true }), T0 + 1);
    await until(() => changes(log).length === 1 && log.all('DEAD').length === 3);

    const letters = log
      .all('DEAD')
      .map(({ value }) => JSON.parse(value) as { topic: string; offset: number; reason: string; by: string; value: string });
    expect(letters.map(({ topic, offset, by, value }) => [topic, offset, by, value]).sort()).toEqual(
      [
        ['ACTION', 0, 'processor', '{"id":"x"}'],
        ['ENTRY', 0, 'processor', 'not json'],
        ['OK', 0, 'processor', '{"id":-1}'],
      ].sort(),
    );
    for (const { reason } of letters) expect(reason).not.toBe('');
    expect(await registry.getSingleMetricAsString('tocsin_task_parked_total')).toContain('tocsin_task_parked_total 3');
  });

  it('parks records whose key is not their sensor: their recovery could be in another partition', async () => {
    const log = new MemoryLog();
    await processorOn(log);
    await put(log, 'ENTRY', -1, status(7, { motion: true }), T0);
    await put(log, 'OK', 8, { id: 7 }, T0);
    await put(log, 'ENTRY', 9, status(9, { motion: true }), T0 + 1);
    await until(() => changes(log).length === 1 && log.all('DEAD').length === 2);
    const reasons = log.all('DEAD').map(({ value }) => (JSON.parse(value) as { reason: string }).reason);
    expect(new Set(reasons)).toEqual(new Set(["the record's key is not the id of its sensor"]));
  });

  it('carries out an acknowledgement, and refuses one that saw an older version', async () => {
    const log = new MemoryLog();
    await processorOn(log);
    await put(log, 'ENTRY', 7, status(7, { motion: true }), T0);
    await until(() => changes(log).length === 1);
    const { id, version } = changes(log)[0]?.alarm ?? { id: '', version: 0 };
    const action = { id: 'a1', alarm: id, sensor: 7, kind: 'acknowledge', version, by: 'op1' };
    await put(log, 'ACTION', 7, action, T0 + 10);
    await put(log, 'ACTION', 7, { ...action, id: 'a2', by: 'op2' }, T0 + 20);
    await until(() => events(log).length === 3);
    expect(events(log).map(({ event, alarm }) => [event, alarm?.state, alarm?.acknowledgedBy])).toEqual([
      ['raised', 'ACTIVE_UNACK', undefined],
      ['acknowledged', 'ACTIVE_ACK', 'op1'],
      ['refused', 'ACTIVE_ACK', 'op1'],
    ]);
  });

  it('answers an action that cannot be carried out, if it says who asked', async () => {
    const log = new MemoryLog();
    await processorOn(log);
    await put(log, 'ACTION', 7, { id: 'a1', alarm: '7-smoke-0-1-1', sensor: 7, kind: 'acknowledge', version: 0, by: 'op1' }, T0);
    await until(() => events(log).length === 1);
    expect(events(log)).toMatchObject([{ event: 'refused', reason: 'version must be a whole number from 1', action: { id: 'a1' } }]);
    expect(log.all('DEAD')).toEqual([]);
  });

  it('counts what could not be read, and tells of the fault; the other detectors raise their alarms', async () => {
    const log = new MemoryLog();
    const { registry } = await processorOn(log);
    for (let i = 0; i < 3; i += 1)
      await put(log, 'ENTRY', 7, '{"id":7,"smoke":true,"motion":nan,"temperature":20,"maxTemperature":30,"at":""}', T0 + i);
    await until(() => changes(log).length === 1 && log.all('SUPERVISION').length === 1);
    expect(log.all('SUPERVISION')).toMatchObject([{ key: 7 }]);
    expect(log.all('SUPERVISION').map(({ value }) => JSON.parse(value))).toEqual([
      {
        sensor: 7,
        at: T0,
        cause: { topic: 'ENTRY', partition: 0, offset: 0 },
        faults: [{ detector: 'motion', reason: 'unreadable', since: T0 }],
      },
    ]);
    await put(log, 'ENTRY', 8, { id: 8, smoke: true }, T0 + 9);
    await put(log, 'ENTRY', 8, status(8, { motion: true }), T0 + 10);
    await until(() => changes(log).length === 2);
    const counted = await registry.getSingleMetricAsString('tocsin_readings_not_reported_total');
    expect(counted.match(/\{.*/g)?.sort()).toEqual([
      '{field="at",reason="unreadable"} 3',
      '{field="maxTemperature",reason="absent"} 1',
      '{field="motion",reason="absent"} 1',
      '{field="motion",reason="unreadable"} 3',
      '{field="temperature",reason="absent"} 1',
    ]);
    expect(await registry.getSingleMetricAsString('tocsin_sensors_faulty')).toContain('tocsin_sensors_faulty{detector="motion"} 1');
    // Records of other programs in ENTRY become evidence as JSON too.
    expect(JSON.parse(changes(log)[0]?.alarm.evidence[0]?.value ?? '')).toMatchObject({ id: 7, smoke: true, motion: null });
  });

  it('counts hits that are older than a recovery, and says so once for each sensor', async () => {
    const log = new MemoryLog();
    const lines: string[] = [];
    const { registry } = await processorOn(log, {}, undefined, pino({ level: 'warn' }, { write: (line) => lines.push(line) }));
    for (let sensor = 0; sensor < 12; sensor += 1) await put(log, 'OK', sensor, { id: sensor }, T0 + 1_800_000);
    await until(() => log.states().size === 12);
    for (let i = 0; i < 10; i += 1)
      for (let sensor = 0; sensor < 12; sensor += 1) await put(log, 'ENTRY', sensor, status(sensor, { smoke: true }), T0 + i);
    const stale = async () => (await registry.getSingleMetricAsString('tocsin_hits_stale_total')).split(' ').at(-1);
    for (let i = 0; i < 1_000 && (await stale()) !== '120'; i += 1) await sleep(5);
    await until(() => log.all('SUPERVISION').length === 12);
    expect(await stale()).toBe('120');
    expect(await registry.getSingleMetricAsString('tocsin_sensors_faulty')).toContain('tocsin_sensors_faulty{detector="smoke"} 12');
    expect(changes(log)).toEqual([]);
    const told = lines.map((line) => JSON.parse(line) as { sensor?: number; sensors?: number });
    expect(new Set(told.flatMap(({ sensor }) => sensor ?? [])).size + told.reduce((sum, { sensors = 0 }) => sum + sensors, 0)).toBe(12);
  });

  it('counts hits that were sent again', async () => {
    const log = new MemoryLog();
    const { registry } = await processorOn(log);
    for (let i = 0; i < 5; i += 1) await put(log, 'ENTRY', 7, status(7, { smoke: true, seq: 4 }), T0 + i);
    await put(log, 'ENTRY', 8, status(8, { motion: true }), T0 + 9);
    await until(() => changes(log).length === 1);
    expect(await registry.getSingleMetricAsString('tocsin_hits_repeated_total')).toContain('tocsin_hits_repeated_total 4');
  });

  it('recognises repeats exactly as the settings say', async () => {
    const log = new MemoryLog();
    await processorOn(log, { TOCSIN_REPEAT_WITHIN: '1s' }, undefined, undefined, withTypes(typeWhen('water', 'water', { hits: 2 })));
    for (const [sensor, later] of [
      [7, 1_000],
      [8, 1_001],
    ] as const)
      for (const at of [T0, T0 + later]) await put(log, 'ENTRY', sensor, status(sensor, { water: true, seq: 4 }), at);
    await until(() => changes(log).length === 1);
    await sleep(20);
    expect(changes(log).map(({ alarm }) => alarm.sensor)).toEqual([8]);
  });

  it('says when hits that raised nothing take most of the memory for them, as long as they do', async () => {
    const log = new MemoryLog(2);
    const { health } = await processorOn(log, { TOCSIN_SENSOR_MEMORY: '200KiB' });
    const sensors = Array.from({ length: 190 }, (_, id) => id);
    for (const id of sensors.slice(0, 50)) await put(log, 'ENTRY', id, status(id, { smoke: true }), T0);
    await until(() => health.ready && log.all('ENTRY').length === 50);
    await sleep(50);
    expect(health.notices()).toEqual({});
    for (const id of sensors) await put(log, 'ENTRY', id, status(id, { smoke: true }), T0 + 1);
    await until(() => Object.keys(health.notices()).length === 2);
    expect(health.notices()['task 1']).toContain('take nearly all of the memory for sensors');
    expect(health.ready).toBe(true);
    for (const id of sensors) await put(log, 'OK', id, { id }, T0 + 2);
    await until(() => Object.keys(health.notices()).length === 0);
  });

  it('is not ready while lesser alarms are withheld, says so long before, and raises graver ones all the while', async () => {
    const log = new MemoryLog();
    const { health, registry } = await processorOn(log, { TOCSIN_ALARM_MEMORY: '200KiB' });
    const motion = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, i) => put(log, 'ENTRY', from + i, status(from + i, { motion: true }), T0)));
    await motion(0, 145);
    await until(() => Object.keys(health.notices()).length === 1);
    expect(health.notices()['task 0']).toContain('beyond it MINOR and WARNING alarms are not raised');
    expect([health.ready, changes(log).length]).toEqual([true, 145]);
    await motion(200, 300);
    await until(() => !health.ready);
    expect(health.problems()['task 0']).toContain('MINOR and WARNING alarms are not raised; graver ones are');
    for (let i = 0; i < 3; i += 1) await put(log, 'ENTRY', 999, status(999, { smoke: true }), T0 + 1);
    await until(() => changes(log).some(({ alarm }) => alarm.sensor === 999));
    expect(await registry.getSingleMetricAsString('tocsin_alarms_withheld_total')).toMatch(/ [1-9]\d*$/);
  });

  it('forgets hits that raised nothing after as long as the settings say', async () => {
    const log = new MemoryLog();
    await processorOn(log, { TOCSIN_HITS_KEPT: '1h' });
    for (const [sensor, last] of [
      [7, 3_600_000],
      [8, 3_599_999],
    ] as const)
      for (const later of [0, 1, last]) await put(log, 'ENTRY', sensor, status(sensor, { smoke: true }), T0 + later);
    await until(() => changes(log).length > 0);
    await sleep(20);
    expect(changes(log).map(({ alarm }) => alarm.sensor)).toEqual([8]);
  });

  it('stores reported detectors along with other commits, and in pieces', async () => {
    const log = new MemoryLog();
    let now = T0;
    await processorOn(log, {}, () => now);
    await put(log, 'ENTRY', 7, status(7), T0);
    await sleep(50);
    expect(log.states().size).toBe(0);
    now += 5_000;
    await put(log, 'ENTRY', 8, status(8), T0);
    await until(() => log.states().size === 2);
    expect([...log.states().values()].map(String)).toEqual(Array(2).fill('{"v":3,"known":["motion","smoke","temperature"]}'));
    for (let id = 10; id < 7_000; id += 1) await put(log, 'ENTRY', id, status(id), T0);
    await until(() => log.states().size >= 5_000);
    expect(log.states().size).toBeLessThanOrEqual(2 + 5_000 + 1_024);
  });

  it('stores them when it stops, too', async () => {
    const log = new MemoryLog();
    const { processor } = await processorOn(log);
    await put(log, 'ENTRY', 7, status(7), T0);
    await sleep(50);
    await processor.stop();
    expect([...log.states().keys()]).toEqual([7]);
  });

  it('restores itself after a fault of the log: nothing is lost, duplicated, or given another id', async () => {
    const log = new MemoryLog();
    const { health } = await processorOn(log);
    await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0);
    await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0 + 1_000);
    await until(() => log.all('ENTRY').length === 2);
    await sleep(20);
    const write = put(log, 'ENTRY', 7, status(7, { smoke: true }), T0 + 2_000);
    log.fault = new TransientError('disk-full', 'no space left');
    await write.catch(() => put(new MemoryLog(), 'ENTRY', 7, status(7), T0));
    await until(() => !health.ready || log.all('ENTRY').length === 2);
    log.fault = undefined;
    if (log.all('ENTRY').length === 2) await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0 + 2_000);
    await until(() => changes(log).length === 1 && health.ready);
    await sleep(50);
    expect(changes(log).map(({ event, alarm }) => [event, alarm.evidence.map(({ offset }) => offset)])).toEqual([['raised', [0, 1, 2]]]);
    expect(log.all('COUNT')).toHaveLength(1);
  });

  it('keeps trying even if the log calls a fault permanent, unless another owner has the partition', async () => {
    const log = new MemoryLog();
    await put(log, 'ENTRY', 7, status(7, { motion: true }), T0);
    log.fault = new PermanentError('record-too-large', 'a record is too large for the topic');
    const { health } = await processorOn(log);
    await until(() => !health.ready);
    expect(health.problems()).toEqual({ 'task 0': 'a record is too large for the topic' });
    log.fault = undefined;
    await until(() => changes(log).length === 1 && health.ready);
  });

  it('is back as fast after its tenth fault as after its first, if it ran well in between', async () => {
    const log = new MemoryLog();
    let now = T0 + 60_000;
    const { health } = await processorOn(log, {}, () => now);
    let worst = 0;
    for (let fault = 1; fault <= 10; fault += 1) {
      now += 60_000;
      log.commitFault = new TransientError('log-unavailable', 'the leader has moved');
      await put(log, 'ENTRY', fault, status(fault, { motion: true }), T0 + fault);
      await until(() => !health.ready);
      log.commitFault = undefined;
      const healed = performance.now();
      await until(() => changes(log).length === fault && health.ready);
      worst = Math.max(worst, performance.now() - healed);
    }
    expect(worst).toBeLessThan(1_000);
  });

  it('continues where it was when it is started again', async () => {
    const log = new MemoryLog();
    const { processor } = await processorOn(log);
    await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0);
    await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0 + 1_000);
    await sleep(30);
    await processor.stop();
    await put(log, 'ENTRY', 7, status(7, { smoke: true }), T0 + 2_000);
    await processorOn(log);
    await until(() => changes(log).length === 1);
    expect(changes(log)[0]?.alarm.evidence).toHaveLength(3);
  });

  it('commits its positions every five seconds if nothing happens, and not more often', async () => {
    const log = new MemoryLog();
    let now = T0;
    await processorOn(log, {}, () => now);
    await put(log, 'ENTRY', 7, status(7), T0);
    now = T0 + 4_999;
    await sleep(50);
    expect((await log.progress()).find(({ topic }) => topic === 'ENTRY')?.decided).toBeUndefined();
    now = T0 + 5_000;
    await until(() => log.commits.length > 0);
    expect((await log.progress()).find(({ topic }) => topic === 'ENTRY')?.decided).toBe(1);
    now = T0 + 60_000;
    await sleep(50);
    expect(log.commits).toEqual([0]);
  });

  it('detects what it is given, by its own rules, and clears what clears by itself', async () => {
    const log = new MemoryLog();
    const types = withTypes(
      typeWhen('water', 'water', { hits: 2, severity: 'MAJOR' }),
      typeWhen('battery', 'battery < 15', { severity: 'WARNING', clears: 'normal' }),
    );
    await processorOn(log, {}, undefined, undefined, types);
    const readings = [
      { id: 7, water: true },
      { id: 7, battery: 14, motion: true },
      { id: 7, water: true },
      { id: 7 },
      { id: 7, battery: 15 },
    ];
    for (const [i, reading] of readings.entries()) await put(log, 'ENTRY', 7, reading, T0 + 1_000 * i);
    await until(() => changes(log).length === 4);
    await put(log, 'OK', 7, { id: 7 }, T0 + 10_000);
    await until(() => changes(log).length === 6);
    expect(changes(log).map(({ event, at, alarm }) => [event, (at - T0) / 1_000, alarm.type, alarm.severity])).toEqual([
      ['raised', 1, 'motion', 'MINOR'],
      ['raised', 1, 'battery', 'WARNING'],
      ['raised', 2, 'water', 'MAJOR'],
      ['cleared', 4, 'battery', 'WARNING'],
      ['cleared', 10, 'motion', 'MINOR'],
      ['cleared', 10, 'water', 'MAJOR'],
    ]);
    expect(log.all('COUNT').map(({ value }) => (JSON.parse(value) as { type: string }).type)).toEqual(['motion', 'battery', 'water']);
  });

  it('continues with alarms of a type that is no longer in the settings', async () => {
    const log = new MemoryLog();
    const { processor } = await processorOn(log, {}, undefined, undefined, withTypes(typeWhen('water', 'water')));
    await put(log, 'ENTRY', 7, { id: 7, water: true }, T0);
    await until(() => changes(log).length === 1);
    await processor.stop();
    const { registry } = await processorOn(log);
    expect(await registry.getSingleMetricAsString('tocsin_alarms_active')).toContain('tocsin_alarms_active{type="water"} 1');
    await put(log, 'ENTRY', 7, { id: 7, water: true, motion: true }, T0 + 1_000);
    await until(() => changes(log).length === 2);
    const alarm = changes(log)[0]?.alarm.id;
    await put(log, 'ACTION', 7, { id: 'a', alarm, sensor: 7, kind: 'acknowledge', version: 1, by: 'ada' }, T0 + 2_000);
    await until(() => changes(log).length === 3);
    await put(log, 'OK', 7, { id: 7 }, T0 + 3_000);
    await until(() => changes(log).length === 5);
    expect(changes(log).map(({ event, alarm }) => [event, alarm.type, alarm.state])).toEqual([
      ['raised', 'water', 'ACTIVE_UNACK'],
      ['raised', 'motion', 'ACTIVE_UNACK'],
      ['acknowledged', 'water', 'ACTIVE_ACK'],
      ['cleared', 'motion', 'CLEARED_UNACK'],
      ['cleared', 'water', 'CLEARED_ACK'],
    ]);
    expect(await registry.getSingleMetricAsString('tocsin_alarms_active')).toContain('tocsin_alarms_active{type="water"} 0');
  });
});

describe('what operators see of a processor', () => {
  /** Lines of a metric, without its name. */
  const samplesOf = async (registry: Registry, name: string): Promise<string[]> =>
    (await registry.getSingleMetricAsString(name)).split('\n').flatMap((line) => (line.startsWith(name) ? line.slice(name.length) : []));

  it('is how many alarms are active', async () => {
    const log = new MemoryLog(2);
    const { registry } = await processorOn(log);
    for (const id of [1, 2, 3]) await put(log, 'ENTRY', id, status(id, { motion: true }), T0);
    for (let i = 0; i < 3; i += 1) await put(log, 'ENTRY', 4, status(4, { smoke: true }), T0 + i);
    await put(log, 'OK', 3, { id: 3 }, T0 + 10);
    await until(() => changes(log).length === 5);
    expect(await samplesOf(registry, 'tocsin_alarms_active')).toEqual(['{type="motion"} 2', '{type="smoke"} 1', '{type="temperature"} 0']);
  });

  it('is each of the types that it detects, and how many of their detectors are at fault', async () => {
    const log = new MemoryLog(2);
    const types = withTypes(typeWhen('water', 'water'), typeWhen('gas', 'co > 50'));
    const { registry } = await processorOn(log, {}, undefined, undefined, types);
    for (const id of [1, 2]) await put(log, 'ENTRY', id, status(id, { water: true, co: 'none' }), T0);
    await until(() => changes(log).length === 2);
    expect(await samplesOf(registry, 'tocsin_alarms_active')).toEqual([
      '{type="motion"} 0',
      '{type="smoke"} 0',
      '{type="temperature"} 0',
      '{type="water"} 2',
      '{type="gas"} 0',
    ]);
    expect(await samplesOf(registry, 'tocsin_sensors_faulty')).toContain('{detector="gas"} 2');
    expect(await samplesOf(registry, 'tocsin_readings_not_reported_total')).toEqual(['{field="co",reason="unreadable"} 2']);
  });

  it('is how much is left to read, if the log answers', async () => {
    const log = new MemoryLog();
    const { registry } = await processorOn(log);
    await put(log, 'ENTRY', 1, status(1), T0);
    await put(log, 'ENTRY', 1, status(1, { motion: true }), T0);
    await put(log, 'OK', 1, { id: 1 }, T0 + 1);
    await until(() => changes(log).length === 2);
    expect(await samplesOf(registry, 'tocsin_task_lag_records')).toEqual([
      '{topic="ENTRY",partition="0"} 0',
      '{topic="OK",partition="0"} 0',
      '{topic="ACTION",partition="0"} 0',
    ]);
    // A partition that has more, one that was created again, and one of which nothing is known.
    log.bounds = async (topic) => {
      if (topic === 'ACTION') throw new TransientError('log-unavailable', 'no broker');
      return { earliest: 0, next: topic === 'ENTRY' ? 12 : 0 };
    };
    expect(await samplesOf(registry, 'tocsin_task_lag_records')).toEqual([
      '{topic="ENTRY",partition="0"} 10',
      '{topic="OK",partition="0"} 0',
    ]);
  });

  it('is a fault, logged once, while its task is tried again; its lag is not shown then, nor after its stop', async () => {
    const log = new MemoryLog();
    const lines: { level: number; partition: number; reason: string }[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const { processor, registry, health } = await processorOn(log, {}, undefined, logger);
    log.commitFault = new TransientError('disk-full', 'no space left');
    await put(log, 'ENTRY', 1, status(1, { motion: true }), T0);
    await until(() => log.commits.length > 2);
    expect(health.problems()).toEqual({ 'task 0': 'no space left' });
    expect(lines.map(({ level, partition, reason }) => [level, partition, reason])).toEqual([[40, 0, 'no space left']]);
    const before = log.commits.length;
    await until(() => log.commits.length > before);
    await sleep(0);
    expect(await samplesOf(registry, 'tocsin_task_lag_records')).toEqual([]);
    await processor.stop();
    expect(health.problems()).toEqual({});
    expect(await samplesOf(registry, 'tocsin_alarms_active')).toContain('{type="motion"} 0');
  });

  it('is that another process has taken its partition: then it writes nothing more', async () => {
    const log = new MemoryLog();
    const lines: { level: number; msg: string }[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const { processor, health } = await processorOn(log, {}, undefined, logger);
    log.commitFault = new PermanentError('fenced', 'another owner has taken over');
    await put(log, 'ENTRY', 1, status(1, { motion: true }), T0);
    await until(() => !health.ready);
    expect(health.problems()).toEqual({ 'task 0': 'another owner has taken over' });
    log.commitFault = undefined;
    await sleep(150);
    expect([changes(log), log.commits]).toEqual([[], [2]]);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([[50, 'task given up: the partition belongs to another owner']]);
    await processor.stop();
    expect(health.ready).toBe(true);
  });
});
