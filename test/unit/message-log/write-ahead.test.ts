import { cp, link, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../../message-log/embedded/journal.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import type { Reader, TaskLog } from '../../../message-log/port.ts';
import { TOPICS, type Topic } from '../../../records/topics.ts';
import { Health } from '../../../runtime/health.ts';

const MINUTE_MS = 60_000;

describe('commits by way of the journal', () => {
  let root: string;
  let dataDir: string;
  let store: Store;
  let log: EmbeddedLog;
  let health: Health;
  let registry: Registry;
  let now: number;
  let crashes = 0;

  const open = async (journal: (journal: Journal) => Journal | undefined = (own) => own): Promise<void> => {
    const own = await openStore(dataDir, { durable: false });
    const used = own.journal && journal(own.journal);
    store = {
      root: own.root,
      dataDir: own.dataDir,
      write: (action, bytes) => own.write(action, bytes),
      isOwned: () => own.isOwned(),
      close: () => own.close(),
      ...(used ? { journal: used } : {}),
    };
    health = new Health();
    registry = new Registry();
    log = await openEmbeddedLog(store, {
      partitions: 2,
      retentionMs: Number.MAX_SAFE_INTEGER,
      retentionBytes: Number.MAX_SAFE_INTEGER,
      clock: () => now,
      removalClock: () => now,
      logger: pino({ level: 'silent' }),
      registry,
      health,
    });
    if (used) await expect.poll(() => used.fits(1), { interval: 1 }).toBe(true);
  };
  const close = async (): Promise<void> => {
    await log.close();
    await store.close();
  };
  /** What a killed process leaves behind is what its files hold now; `damage` is done to it. */
  const crash = async (damage: (folder: string) => Promise<void> = async () => undefined): Promise<void> => {
    crashes += 1;
    const left = join(root, `after-${crashes}`);
    await cp(dataDir, left, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    await close();
    dataDir = left;
    await damage(join(dataDir, 'store'));
    await open();
  };
  const append = (topic: Topic, values: readonly string[], key = 0): Promise<{ partition: number; offset: number }> => {
    const ends = values.map((_, i) => values.slice(0, i + 1).join('').length);
    const bytes = Buffer.from(values.join(''));
    return log.append(topic, { length: ends.length, bytes, keys: ends.map(() => key), starts: [0, ...ends], ends }, now);
  };
  const read = async (reader: Reader): Promise<string[]> => {
    const seen: string[] = [];
    for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
      for (const batch of batches)
        for (let i = 0; i < batch.length; i += 1) seen.push(batch.bytes.toString('latin1', batch.start(i), batch.end(i)));
    return seen;
  };
  const all = async (topic: Topic = 'ENTRY', partition = 0): Promise<string[]> => read(await log.reader(topic, partition, 'earliest'));
  const frames = (topic: Topic = 'ENTRY', partition = 0): number[] => [
    ...store.root.openDB<Buffer, number>({ name: `log/${topic}/${partition}`, encoding: 'binary' }).getKeys(),
  ];
  const numbered = (count: number, size: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => `${from + i}`.padEnd(size, '.'));
  const task = async (): Promise<TaskLog> => {
    let own: TaskLog | undefined;
    await log.own({
      assigned: async (assigned) => {
        if (assigned.partition === 0) own = assigned;
      },
      revoked: async () => undefined,
    });
    return own as TaskLog;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tocsin-ahead-'));
    dataDir = join(root, 'data');
    now = 1_000 * MINUTE_MS;
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are read at once, from memory, and are in the tree as few large frames when they are moved', async () => {
    await open();
    for (const value of numbered(200, 1_000)) await append('ENTRY', [value]);
    expect(await all()).toEqual(numbered(200, 1_000));
    expect(frames()).toEqual([]);
    await log.sweep();
    expect(frames()).toEqual([0, 188]);
    expect(await all()).toEqual(numbered(200, 1_000));
    await close();
  });

  it('are moved by themselves when enough has gathered', async () => {
    await open();
    for (const value of numbered(30, 10_000)) await append('ENTRY', [value]);
    await expect.poll(frames).not.toEqual([]);
    expect(await all()).toEqual(numbered(30, 10_000));
    await close();
  });

  it('are all in the tree after a stop, also those that came while others were being moved', async () => {
    await open();
    for (const value of numbered(30, 10_000)) await append('ENTRY', [value]);
    await close();
    expect((await readdir(join(dataDir, 'store'))).filter((name) => name.startsWith('journal-'))).toEqual([]);
    await open();
    expect(await all()).toEqual(numbered(30, 10_000));
    await close();
  });

  it('stay apart in the tree where they are old, so that retention can have each in its time', async () => {
    await open();
    for (const value of numbered(3, 10)) await append('ENTRY', [value]);
    now += 11 * MINUTE_MS;
    for (const value of numbered(3, 10, 3)) await append('ENTRY', [value]);
    await log.sweep();
    expect(frames()).toEqual([0, 1, 2, 3]);
    await close();
  });

  it('go into the tree at once where they are large, after those that wait', async () => {
    await open();
    await append('ENTRY', ['small']);
    await append('ENTRY', ['x'.repeat(300_000)]);
    expect(frames()).toEqual([0, 1]);
    await append('ENTRY', ['small again']);
    await crash();
    expect((await all()).map((value) => value.length)).toEqual([5, 300_000, 11]);
    await close();
  });

  it('are found again after a crash: records of every partition, state and positions of a task, positions of consumers', async () => {
    await open();
    const before = await task();
    const subscription = await log.subscribe('mailer', ['ALARM']);
    for (const key of [1, 2, 3, 4]) await append('ENTRY', [`from ${key}`], key);
    const state = (key: number, value: string | null) => ({ key, value: value === null ? null : Buffer.from(value) });
    await before.commit([{ topic: 'ALARM', key: 1, at: now, value: Buffer.from('raised') }], [state(1, 'active'), state(2, 'two')], {
      ENTRY: 1,
      OK: 0,
      ACTION: 0,
    });
    await log.sweep();
    await before.commit([], [state(1, null), state(3, 'three')], { ENTRY: 2, OK: 0, ACTION: 0 });
    await subscription.commit('ALARM', 0, 1);
    const records = async (): Promise<unknown> => [await all('ENTRY', 0), await all('ENTRY', 1), await all('ALARM', 0)];
    const expected = await records();
    const restored = async (): Promise<unknown> => {
      const states = new Map<number, string>();
      const positions = await (await task()).restore(
        (key, value) => states.set(key, value.toString()),
        () => undefined,
      );
      return { states: [...states], positions };
    };
    const held = {
      states: [
        ...new Map([
          [2, 'two'],
          [3, 'three'],
        ]),
      ],
      positions: { ENTRY: 2, OK: 0, ACTION: 0 },
    } as const;
    expect(await restored()).toEqual(held);
    await crash();
    expect(await records()).toEqual(expected);
    expect(await restored()).toEqual(held);
    expect(await log.committed('mailer', 'ALARM', 0)).toBe(1);
    await append('ENTRY', ['later'], 1);
    await crash();
    await crash();
    expect(((await records()) as string[][]).flat().filter((value) => value === 'later')).toHaveLength(1);
    await close();
  });

  it('leave a gap, loudly, where one between others was damaged', async () => {
    await open();
    for (const value of numbered(3, 1_000)) await append('ENTRY', [value]);
    await crash(async (folder) => {
      const path = join(folder, (await readdir(folder)).find((name) => name.startsWith('journal-')) as string);
      const bytes = await readFile(path);
      bytes.fill('?', 3 * 512, 3 * 512 + 100);
      await writeFile(path, bytes);
    });
    const reader = await log.reader('ENTRY', 0, 'earliest');
    const gaps: number[][] = [];
    reader.onGap = (from, to) => gaps.push([from, to]);
    expect((await read(reader)).map((value) => value.slice(0, 1))).toEqual(['0', '2']);
    expect(gaps).toEqual([[1, 2]]);
    expect(await registry.metrics()).toContain('tocsin_log_corrupt_frames_total{topic="journal"} 1');
    await close();
    expect((await readdir(join(dataDir, 'store'))).filter((name) => name.startsWith('journal-'))).toEqual([]);
  });

  it('are refused where the journal fails; the next ones go into the tree, and what has failed is not there after a crash', async () => {
    let fails = false;
    await open((own) => {
      const failing = Object.create(own) as Journal;
      Object.defineProperty(failing, 'sequence', { get: () => own.sequence });
      failing.recovered = (applied, since, expected) => own.recovered(applied, since, expected);
      Object.defineProperty(failing, 'epoch', { get: () => own.epoch });
      Object.defineProperty(failing, 'hasPredecessors', { get: () => own.hasPredecessors });
      Object.defineProperty(failing, 'isInPlace', { get: () => own.isInPlace });
      failing.begin = (expected) => own.begin(expected);
      failing.ready = () => own.ready();
      failing.acknowledged = (sequence) => own.acknowledged(sequence);
      failing.free = (sequence) => own.free(sequence);
      failing.fits = (bytes) => own.fits(bytes);
      failing.close = () => own.close();
      failing.append = async (bytes, fill) => {
        const sequence = await own.append(bytes, fill);
        if (fails) throw new Error('input/output error');
        return sequence;
      };
      return failing;
    });
    await append('ENTRY', ['one']);
    fails = true;
    await expect(append('ENTRY', ['lost'])).rejects.toMatchObject({ name: 'TransientError', code: 'log-unavailable' });
    await expect.poll(() => health.ready).toBe(true);
    await append('ENTRY', ['large'.repeat(100_000)]);
    await crash();
    expect((await all()).map((value) => value.slice(0, 5))).toEqual(['one', 'large']);
    for (const value of ['two', 'three']) await append('ENTRY', [value]);
    await crash();
    expect((await all()).map((value) => value.slice(0, 5))).toEqual(['one', 'large', 'two', 'three']);
    await close();
  });

  it('are refused once another owner has taken over, who has all that was acknowledged before and nothing after', async () => {
    await open();
    await append('ENTRY', ['mine']);
    // Only by hand can the socket of a live owner disappear.
    const folder = join(dataDir, 'store');
    for (const name of await readdir(folder)) if (name.endsWith('.sock')) await rm(join(folder, name));
    const name = (await readdir(folder)).find((file) => file.startsWith('journal-')) as string;
    await link(join(folder, name), join(root, 'kept'));
    const [overtaken, before] = [log, store];
    await open();
    const late = oneRecord(0, 'late');
    await expect(overtaken.append('ENTRY', late, now)).rejects.toMatchObject({ name: 'PermanentError', code: 'fenced' });
    await overtaken.close();
    await before.close();
    // As if the successor had died before it could remove it.
    await rename(join(root, 'kept'), join(folder, name));
    await crash();
    expect(await all()).toEqual(['mine']);
    await append('ENTRY', ['yours']);
    await crash();
    expect(await all()).toEqual(['mine', 'yours']);
    await close();
  });

  it('make no difference to readers, near the end or far behind, whatever is small or large, moved, crashed or opened again', async () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          topic: fc.constantFrom(...TOPICS.filter((topic) => topic !== 'STATE')),
          size: fc.constantFrom(0, 20, 800, 5_000, 70_000, 300_000),
          records: fc.integer({ min: 1, max: 3 }),
        }),
      },
      { weight: 2, arbitrary: fc.constantFrom('sweep' as const, 'wait' as const, 'reopen' as const, 'crash' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, place) => {
        dataDir = await mkdtemp(join(root, 'run-'));
        await open();
        const written = new Map<Topic, string[]>();
        const followed: string[] = [];
        let follower = await log.reader('ENTRY', 0, 0);
        for (const what of steps) {
          if (what === 'sweep') await log.sweep();
          else if (what === 'wait') now += 11 * MINUTE_MS;
          else if (what === 'reopen' || what === 'crash') {
            const { position } = follower;
            if (what === 'crash') await crash();
            else {
              await close();
              await open();
            }
            follower = await log.reader('ENTRY', 0, position);
          } else {
            const before = written.get(what.topic) ?? [];
            const values = numbered(what.records, what.size, before.length);
            expect(await append(what.topic, values)).toEqual({ partition: 0, offset: before.length });
            written.set(what.topic, [...before, ...values]);
          }
          if (steps.length % 3 === 0) followed.push(...(await read(follower)));
        }
        followed.push(...(await read(follower)));
        const entries = written.get('ENTRY') ?? [];
        expect(followed).toEqual(entries);
        const from = place % (entries.length + 1);
        expect(await read(await log.reader('ENTRY', 0, from))).toEqual(entries.slice(from));
        for (const [topic, values] of written) expect(await all(topic)).toEqual(values);
        await close();
      }),
      { numRuns: 25 },
    );
  });
});
