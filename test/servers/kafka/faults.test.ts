/** Faults between Tocsin and real brokers: nothing is lost, shown too early, or written by two owners. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { InputPositions, MessageLog, TaskLog } from '../../../message-log/port.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { abandonTransaction, type KafkaInstallation, kafkaInstallation, kafkaOwner, taskBehindTheGroup } from '../../support/kafka-log.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { ownAll, readUntil, restoredState, valuesOf } from '../../support/log-reading.ts';

/** A present time: the broker removes records older than the topic's retention. */
const POSITIONS: InputPositions = { ENTRY: 1, OK: 0, ACTION: 0 };

let kafka: TestKafka;
let installation: KafkaInstallation;
let open: { close(): Promise<void> }[] = [];

const opened = async (overrides = {}): Promise<MessageLog> => {
  const log = await installation.open(overrides);
  open.push(log);
  return log;
};
const takeBehindTheGroup = async (): Promise<TaskLog> => {
  const taken = await taskBehindTheGroup(installation, 0);
  open.push(taken);
  await taken.task.restore(() => undefined);
  return taken.task;
};
const alarmOf = (key: number, value: string) => ({ topic: 'ALARM' as const, key, at: Date.now(), value: Buffer.from(value) });

afterEach(async () => {
  await Promise.all(open.map((log) => log.close()));
  open = [];
});

describe('one broker', () => {
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.destroy());

  it('fences the previous owner when another process takes a partition, whatever the group says', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 1 });
    const mine = (await ownAll(await opened())).tasks[0] as TaskLog;
    await restoredState(mine);
    await mine.commit([alarmOf(1, 'mine')], [{ key: 1, value: Buffer.from('mine') }], POSITIONS);
    const theirs = await takeBehindTheGroup();
    await expect(mine.commit([alarmOf(1, 'zombie')], [], POSITIONS)).rejects.toMatchObject({ name: 'PermanentError', code: 'fenced' });
    await expect(
      mine.restore(
        () => undefined,
        () => undefined,
      ),
    ).rejects.toMatchObject({ code: 'fenced' });
    await theirs.commit([alarmOf(1, 'theirs')], [], { ...POSITIONS, ENTRY: 2 });
    const seen = await readUntil(await (await opened()).reader('ALARM', 0, 'earliest'), 2);
    expect(seen).toEqual(['mine', 'theirs']);
  });

  it('shows nothing of a transaction that was not committed, and restores past its marker at the end of STATE', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 1 });
    const log = await opened();
    const task = (await ownAll(log)).tasks[0] as TaskLog;
    await restoredState(task);
    await task.commit([alarmOf(1, 'committed')], [{ key: 1, value: Buffer.from('committed') }], POSITIONS);
    await abandonTransaction(kafka, installation, 0, { ALARM: 'abandoned', STATE: 'abandoned' });
    const next = await takeBehindTheGroup();
    expect(await restoredState(next)).toEqual({ state: { 1: 'committed' }, positions: POSITIONS });
    await next.commit([alarmOf(1, 'after')], [], POSITIONS);
    expect(await readUntil(await log.reader('ALARM', 0, 'earliest'), 2)).toEqual(['committed', 'after']);
    const subscription = await log.subscribe('mailer', ['ALARM']);
    expect(await readUntil(subscription, 2)).toEqual(['committed', 'after']);
  });

  it('gives the partitions of a process that is killed to another one', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 2 });
    const first = kafkaOwner(installation);
    await first.owns(2);
    const log = await opened();
    const { tasks } = await ownAll(log, 1);
    expect(tasks).toHaveLength(1);
    const killedAt = performance.now();
    first.kill();
    await expect.poll(() => tasks.length, { timeout: 20_000, interval: 50 }).toBe(2);
    expect(performance.now() - killedAt).toBeLessThan(12_000);
    for (const task of tasks) await restoredState(task);
  });

  it('lets a process that was suspended beyond its session write nothing, until the group assigns it partitions again', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 1 });
    const sleeper = kafkaOwner(installation);
    const successor = kafkaOwner(installation);
    try {
      const log = await opened();
      const reader = await log.reader('ALARM', 0, 'earliest');
      const seen = await readUntil(reader, 10);
      const first = sleeper.pid === Number(seen[0]?.split(' ')[0]) ? sleeper : successor;
      await first.freeze();
      const writers = (values: readonly string[]): number[] => values.map((value) => Number(value.split(' ')[0]));
      while (writers(seen).every((pid) => pid === first.pid)) seen.push(...(await readUntil(reader, 1)));
      first.continue();
      seen.push(...(await readUntil(reader, 100)));
      // No number twice and none missing, whoever wrote it: positions and outputs were committed together.
      expect(seen.map((value) => Number(value.split(' ')[1]))).toEqual(seen.map((_, i) => Number(seen[0]?.split(' ')[1]) + i));
      // Once the successor had written, the suspended process wrote no more, unless the group gave the partition back and it was restored.
      const turns = writers(seen).filter((pid, i, all) => pid !== all[i - 1]);
      expect(turns.length).toBeLessThanOrEqual(3);
    } finally {
      sleeper.continue();
      sleeper.kill();
      successor.kill();
    }
  });

  it('gives a process with an instance id its partitions at once when it comes back', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 2, instanceId: 'processor-1', sessionTimeoutMs: 30_000 });
    const first = kafkaOwner(installation);
    await first.owns(2);
    first.kill();
    const began = performance.now();
    await ownAll(await opened());
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('refuses records while the broker is down, reports it to health, and continues by itself', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 2, appendTimeoutMs: 1_000, requestTimeoutMs: 1_000 });
    const log = await opened();
    const reader = await log.reader('ENTRY', partitionOf(1, 2), 'earliest');
    await log.append('ENTRY', oneRecord(1, 'before'), Date.now());
    await kafka.kill(1);
    await expect(log.append('ENTRY', oneRecord(1, 'lost'), Date.now())).rejects.toMatchObject({
      name: 'TransientError',
      code: 'log-unavailable',
    });
    await expect.poll(() => installation.health.problems(), { timeout: 15_000 }).toHaveProperty('log');
    const began = performance.now();
    await expect(log.append('ENTRY', oneRecord(1, 'refused'), Date.now())).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(performance.now() - began).toBeLessThan(100);
    await kafka.restart(1);
    await expect.poll(() => installation.health.ready, { timeout: 20_000 }).toBe(true);
    await expect
      .poll(
        () =>
          log.append('ENTRY', oneRecord(1, 'after'), Date.now()).then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    const seen = await readUntil(reader, 2);
    expect(seen[0]).toBe('before');
    expect(seen).toContain('after');
    expect(seen).not.toContain('refused');
  });
});

describe('three brokers', () => {
  beforeAll(async () => {
    kafka = await startKafka({ nodes: 3 });
  });
  afterAll(() => kafka?.destroy());

  it.each([1, 2, 3])('lose nothing acknowledged and refuse nothing when broker %i is killed during appends', async (node) => {
    installation = await kafkaInstallation(kafka, { partitions: 6 });
    const log = await opened();
    const acknowledged = new Set<string>();
    let sent = 0;
    let done = false;
    const writer = async (): Promise<void> => {
      while (!done) {
        sent += 1;
        const value = String(sent);
        await log.append('ENTRY', oneRecord(sent % 1_000, value), Date.now());
        acknowledged.add(value);
      }
    };
    const writers = Promise.all(Array.from({ length: 20 }, writer));
    await expect.poll(() => acknowledged.size, { timeout: 10_000 }).toBeGreaterThan(500);
    await kafka.kill(node);
    const before = acknowledged.size;
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 2_000);
    done = true;
    await writers;
    await kafka.restart(node);

    const seen: string[] = [];
    for (let partition = 0; partition < 6; partition += 1) {
      const reader = await log.reader('ENTRY', partition, 'earliest');
      const { next } = await log.bounds('ENTRY', partition);
      while (reader.position < next) seen.push(...valuesOf(await reader.poll(200)));
    }
    const distinct = new Set(seen);
    expect([...acknowledged].filter((value) => !distinct.has(value))).toEqual([]);
    expect(seen).toHaveLength(distinct.size);
  });

  it('let a task continue after the leader of its partition is killed, with everything that it committed', async () => {
    installation = await kafkaInstallation(kafka, { partitions: 1 });
    const log = await opened();
    const task = (await ownAll(log)).tasks[0] as TaskLog;
    await restoredState(task);
    const committed: string[] = [];
    const end = performance.now() + 15_000;
    for (let n = 0; n < 200 && performance.now() < end; n += 1) {
      if (n === 50) await kafka.kill(2);
      try {
        await task.commit([alarmOf(1, `${n}`)], [{ key: 1, value: Buffer.from(`${n}`) }], { ...POSITIONS, ENTRY: n });
        committed.push(`${n}`);
      } catch (error) {
        expect(error).toMatchObject({ name: 'TransientError' });
        await untilRestored(task);
      }
    }
    await kafka.restart(2);
    const { positions } = await untilRestored(task);
    const reader = await log.reader('ALARM', 0, 'earliest');
    const { next } = await log.bounds('ALARM', 0);
    const seen: string[] = [];
    while (reader.position < next) seen.push(...valuesOf(await reader.poll(200)));
    for (const value of committed) expect(seen).toContain(value);
    expect(seen).toHaveLength(new Set(seen).size);
    // Visible records and positions were committed together.
    expect(positions.ENTRY).toBe(Number(seen.at(-1)));
  });
});

async function untilRestored(task: TaskLog) {
  for (;;) {
    try {
      return await restoredState(task);
    } catch (error) {
      expect(error).toMatchObject({ name: 'TransientError' });
      await sleep(50);
    }
  }
}
