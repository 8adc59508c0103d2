import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import type { Topic } from '../../../message-log/topics.ts';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const T0 = Date.UTC(2026, 10, 24, 12);
const running: Running[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop()));
});

async function processorOn(log: MemoryLog, environment: NodeJS.ProcessEnv = {}, clock = () => T0 + 60_000) {
  const registry = new Registry();
  const health = new Health();
  const config = readSettings(processorSettings, environment);
  const processor = await startProcessor(config, { log, clock, logger: pino({ level: 'silent' }), registry, health });
  running.push(processor);
  return { processor, registry, health };
}

async function put(log: MemoryLog, topic: Topic, key: number, value: object | string, at: number): Promise<void> {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  await log.append(topic, { length: 1, bytes, keys: [key], starts: [0], ends: [bytes.length] }, at);
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

  it('commits what a whole city raises piece by piece, all of it once', async () => {
    const log = new MemoryLog();
    const sensors = Array.from({ length: 9_000 }, (_, id) => id);
    for (const id of sensors) await put(log, 'ENTRY', id, status(id, { motion: true }), T0);
    await processorOn(log);
    await until(() => changes(log).length === sensors.length);
    expect(changes(log).map(({ alarm }) => alarm.sensor)).toEqual(sensors);
    // An event and its count; a run more than what is wanted at once.
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

  it('restores itself after a fault of the log: nothing is lost, doubled, or given another id', async () => {
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

  it('goes on trying where the log calls a fault permanent, unless another owner has the partition', async () => {
    const log = new MemoryLog();
    await put(log, 'ENTRY', 7, status(7, { motion: true }), T0);
    log.fault = new PermanentError('record-too-large', 'a record is too large for the topic');
    const { health } = await processorOn(log);
    await until(() => !health.ready);
    expect(health.problems()).toEqual({ 'task 0': 'a record is too large for the topic' });
    log.fault = undefined;
    await until(() => changes(log).length === 1 && health.ready);
  });

  it('is back as fast after its tenth fault as after its first, where it ran well in between', async () => {
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

  it('goes on where it was when it is started again', async () => {
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

  it('says every five seconds how far it has come where nothing happens, and no oftener', async () => {
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

  it('refuses rules that make no sense, before it starts', async () => {
    await expect(processorOn(new MemoryLog(), { TOCSIN_SMOKE_WITHIN: '0s' })).rejects.toThrow(/smoke/i);
  });
});
