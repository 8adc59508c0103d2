import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import type { Reader, Subscription, TaskLog } from '../../../message-log/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const MIB = 1024 ** 2;

describe('the embedded log', () => {
  let dataDir: string;
  let store: Store;
  let log: EmbeddedLog;
  let now: number;
  let removalTime: () => number | undefined;
  let registry: Registry;
  let health: Health;
  const open = async (retentionBytes = 1024 * MIB, partitions = 1, write?: Store['write']): Promise<void> => {
    store = await openStore(dataDir);
    const { root, dataDir: folder } = store;
    const written: Store = write ? { root, dataDir: folder, write, isOwned: () => store.isOwned(), close: () => store.close() } : store;
    registry = new Registry();
    health = new Health();
    log = await openEmbeddedLog(written, {
      partitions,
      retentionMs: HOUR_MS,
      retentionBytes,
      clock: () => now,
      removalClock: () => removalTime(),
      logger: pino({ level: 'silent' }),
      registry,
      health,
    });
    const { journal } = written;
    if (journal) await expect.poll(() => journal.fits(1), { interval: 1 }).toBe(true);
  };
  const close = async (): Promise<void> => {
    await log.close();
    await store.close();
  };
  const append = async (topic: 'ENTRY' | 'ALARM', value: string | Buffer): Promise<void> => {
    await log.append(topic, oneRecord(1, value as string), now);
  };
  const values = async (from: Reader | Subscription): Promise<string[]> => {
    const seen: string[] = [];
    for (let batches = await from.poll(0); batches.length > 0; batches = await from.poll(0))
      for (const batch of batches)
        for (let i = 0; i < batch.length; i += 1)
          seen.push(batch.bytes.toString('utf8', batch.start(i), Math.min(batch.start(i) + 10, batch.end(i))));
    return seen;
  };
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-embedded-'));
    now = START;
    removalTime = () => now;
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  describe('retention', () => {
    it('removes what is too old, keeps the newest frame and goes on with its offsets', async () => {
      await open();
      await append('ENTRY', 'old');
      await append('ENTRY', 'older than an hour');
      now += HOUR_MS + 1;
      await append('ENTRY', 'new');
      await log.sweep();
      expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 2, next: 3 });
      now += HOUR_MS + 1;
      await log.sweep();
      await close();
      await open();
      expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 2, next: 3 });
      await close();
    });

    it('removes nothing by age while there is no time to go by, but what is too much for the disk', async () => {
      await open(4 * MIB);
      await append('ENTRY', 'old');
      removalTime = () => undefined;
      now += 31 * 24 * HOUR_MS;
      await append('ENTRY', 'new');
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBe(0);
      for (let i = 0; i < 12; i += 1) await append('ENTRY', Buffer.alloc(MIB / 2, 'x'));
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBeGreaterThan(0);
      await close();
    });

    it('keeps what nobody has read up to twice the limit, and no more', async () => {
      await open(4 * MIB);
      const subscription = await log.subscribe('slow', ['ENTRY']);
      const gaps: number[][] = [];
      subscription.onGap = (_topic, _partition, from, to) => gaps.push([from, to]);
      // Swept after each, as it is every second: one sweep after all might find more than twice the limit at once.
      const appended = async (count: number): Promise<number> => {
        for (let i = 0; i < count; i += 1) {
          await append('ENTRY', Buffer.alloc(MIB / 2, 'x'));
          await log.sweep();
        }
        return (await log.bounds('ENTRY', 0)).earliest;
      };
      // 6 MiB: above the limit, below twice of it.
      expect(await appended(12)).toBe(0);
      // 10 MiB.
      expect(await appended(8)).toBeGreaterThan(0);
      await values(subscription);
      expect(gaps).toHaveLength(1);
      await close();
    });

    it('waits for a consumer that has not read them yet, also across a restart', async () => {
      await open();
      const subscription = await log.subscribe('mailer', ['ALARM']);
      for (const value of ['a', 'b', 'c']) await append('ALARM', value);
      await subscription.commit('ALARM', 0, 1);
      now += 2 * HOUR_MS;
      await log.sweep();
      expect(await log.bounds('ALARM', 0)).toEqual({ earliest: 1, next: 3 });
      await close();
      await open();
      await log.sweep();
      expect(await values(await log.subscribe('mailer', ['ALARM']))).toEqual(['b', 'c']);
      await close();
    });

    it('waits for the task', async () => {
      await open();
      let task: TaskLog | undefined;
      await log.own({
        assigned: async (assigned) => {
          task = assigned;
        },
        revoked: async () => undefined,
      });
      for (const value of ['a', 'b', 'c']) await append('ENTRY', value);
      now += 2 * HOUR_MS;
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBe(0);
      await task?.commit([], [], { ENTRY: 2, OK: 0, ACTION: 0 });
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBe(2);
      await close();
    });

    it('keeps the size near its limit when all is read, and to twice of it when it is not, telling the reader of the gap', async () => {
      await open(4 * MIB);
      const large = Buffer.alloc(MIB / 2, 'x');
      for (let i = 0; i < 12; i += 1) await append('ENTRY', large);
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBeGreaterThanOrEqual(4);

      const subscription = await log.subscribe('slow', ['ENTRY']);
      const gaps: number[][] = [];
      subscription.onGap = (_topic, _partition, from, to) => gaps.push([from, to]);
      const { earliest } = await log.bounds('ENTRY', 0);
      for (let i = 0; i < 5; i += 1) await append('ENTRY', large);
      await log.sweep();
      expect((await log.bounds('ENTRY', 0)).earliest).toBe(earliest);
      for (let i = 0; i < 12; i += 1) await append('ENTRY', large);
      await log.sweep();
      const after = await log.bounds('ENTRY', 0);
      expect(after.earliest).toBeGreaterThan(earliest);
      expect(await values(subscription)).toHaveLength(after.next - after.earliest);
      expect(gaps).toEqual([[earliest, after.earliest]]);
      expect(await registry.metrics()).toMatch(/tocsin_log_removed_frames_total\{topic="ENTRY",read="no"\} [1-9]/);
      await close();
    });
  });

  describe('where a frame is damaged', () => {
    const fill = '.'.repeat(70_000);
    const frames = () => store.root.openDB<Buffer, number>({ name: 'log/ENTRY/0', encoding: 'binary' });

    it('passes over it, loudly, and gives the rest', async () => {
      await open();
      for (const value of ['a', 'b', 'c']) await append('ENTRY', value + fill);
      await log.sweep();
      const damaged = Buffer.from(frames().getBinary(1) ?? []);
      damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
      await store.write(() => void frames().put(1, damaged));
      const reader = await log.reader('ENTRY', 0, 'earliest');
      const gaps: number[][] = [];
      reader.onGap = (from, to) => gaps.push([from, to]);
      expect((await values(reader)).map((value) => value.slice(0, 1))).toEqual(['a', 'c']);
      expect(gaps).toEqual([[1, 2]]);
      expect(await registry.metrics()).toContain('tocsin_log_corrupt_frames_total{topic="ENTRY"} 1');
      await close();
    });

    it.each(['ALARM', 'ENTRY'] as const)('in the journal, gives its readers of %s what comes after it', async (topic) => {
      await open();
      const before = await log.subscribe('mailer', [topic]);
      for (const value of ['alarm-one', 'alarm-two']) {
        await append(topic, value);
        const [batch] = await before.poll(1_000);
        await before.commit(topic, 0, batch?.nextOffset ?? 0);
      }
      // As kill -9 leaves it, with a bit that has turned in the entry of the second.
      const crashed = `${dataDir}-crashed`;
      await cp(dataDir, crashed, { recursive: true, filter: (path) => !path.endsWith('.sock') });
      await close();
      const [name = ''] = (await readdir(join(crashed, 'store'))).filter((each) => each.startsWith('journal-'));
      const journal = await readFile(join(crashed, 'store', name));
      const at = journal.indexOf('alarm-two');
      journal.writeUInt8(journal.readUInt8(at) ^ 1, at);
      await writeFile(join(crashed, 'store', name), journal);
      dataDir = crashed;
      await open();
      expect(await registry.metrics()).toContain(`tocsin_log_corrupt_frames_total{topic="${topic}"} 1`);
      await append(topic, 'alarm-three');
      const after = await log.subscribe('mailer', [topic]);
      expect((await values(after)).map((value) => value.slice(0, 10))).toEqual(['alarm-thre']);
      // Whoever hadn't read the lost one is told of the gap.
      const reader = await log.reader(topic, 0, 'earliest');
      const gaps: number[][] = [];
      reader.onGap = (from, to) => gaps.push([from, to]);
      expect((await values(reader)).map((value) => value.slice(0, 10))).toEqual(['alarm-one', 'alarm-thre']);
      expect(gaps).toEqual([[1, 2]]);
      // It stays so, in the tree as in the journal.
      await log.sweep();
      await close();
      await open();
      await append(topic, 'alarm-four');
      const again = await log.reader(topic, 0, 'earliest');
      expect((await values(again)).map((value) => value.slice(0, 10))).toEqual(['alarm-one', 'alarm-thre', 'alarm-four']);
      await close();
      await rm(crashed, { recursive: true });
    });

    it('never uses an offset twice, even if it was the last', async () => {
      await open();
      await append('ENTRY', `a${fill}`);
      await log.sweep();
      await store.write(() => void frames().put(0, Buffer.from('nonsense')));
      await close();
      await open();
      await append('ENTRY', 'b');
      expect((await log.bounds('ENTRY', 0)).next).toBeGreaterThan(2);
      expect(await values(await log.reader('ENTRY', 0, 'earliest'))).toEqual(['b']);
      await close();
    });
  });

  it('refuses another number of partitions than its data have', async () => {
    await open(MIB, 2);
    await close();
    await expect(open(MIB, 3)).rejects.toMatchObject({ name: 'PermanentError', code: 'partitions' });
    await store.close();
  });

  it('refuses a call that is larger than all that may wait for the disk, and none after it', async () => {
    await open();
    const bytes = Buffer.alloc(65 * MIB);
    const tooLarge = log.append('ENTRY', oneRecord(1, bytes), now);
    await expect(tooLarge).rejects.toMatchObject({ name: 'TransientError', code: 'log-full' });
    await append('ENTRY', 'small');
    expect(await values(await log.reader('ENTRY', 0, 'earliest'))).toEqual(['small']);
    await close();
  });

  it('acknowledges nothing while its files are not where they were, and goes on once they are back', async () => {
    await open();
    await append('ENTRY', 'before');
    await rename(dataDir, `${dataDir}-elsewhere`);
    // Somebody makes a new one, such as the outbox.
    await mkdir(join(dataDir, 'outbox'), { recursive: true });
    await expect(append('ENTRY', 'into nothing')).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining('was removed'),
    });
    expect(health.problems()).toMatchObject({ log: expect.stringContaining('was removed') });
    await rm(dataDir, { recursive: true });
    await rename(`${dataDir}-elsewhere`, dataDir);
    await expect
      .poll(
        () =>
          append('ENTRY', 'after').then(
            () => true,
            () => false,
          ),
        { timeout: 5_000 },
      )
      .toBe(true);
    expect(await values(await log.reader('ENTRY', 0, 'earliest'))).toEqual(['before', 'after']);
    await rm(join(dataDir, 'store', 'journal-1'));
    await append('ENTRY', 'tree');
    await close();
    await open();
    expect(await values(await log.reader('ENTRY', 0, 'earliest'))).toEqual(['before', 'after', 'tree']);
    await close();
  });

  describe('a task that reads what is on its way to the disk', () => {
    let task: TaskLog;
    let fail: Error | undefined;
    /** What the next write waits for. */
    let held: Promise<void> | undefined;
    const write: Store['write'] = async (action, bytes) => {
      const before = held;
      held = undefined;
      await before;
      if (fail) throw fail;
      await store.write(action, bytes);
    };
    const begin = async (): Promise<void> => {
      fail = undefined;
      await open(MIB, 1, write);
      await log.own({
        assigned: async (assigned) => {
          task = assigned;
        },
        revoked: async () => undefined,
      });
      await task.restore(
        () => undefined,
        () => undefined,
      );
    };
    /** Raises an alarm for each of the next records. */
    const raise = async (reader: Reader): Promise<void> => {
      const [batch] = await reader.poll(1_000);
      const outputs = Array.from({ length: batch?.length ?? 0 }, (_, i) => ({
        topic: 'ALARM' as const,
        key: 1,
        at: now,
        value: Buffer.from(`for ${batch?.bytes.toString('utf8', batch.start(i), batch.end(i))}`),
      }));
      await task.commit(outputs, [{ key: 1, value: Buffer.from('active') }], { ENTRY: batch?.nextOffset ?? 0, OK: 0, ACTION: 0 });
    };
    const commits = async (): Promise<number> => Number(/tocsin_log_commit_seconds_count (\d+)/.exec(await registry.metrics())?.[1]);

    it('has its answer written with the same commit, and nobody reads either of them before', async () => {
      await begin();
      const before = await commits();
      const others = await log.reader('ENTRY', 0, 'latest');
      const alarms = await log.reader('ALARM', 0, 'latest');
      const raised = raise(await task.reader('ENTRY', 0));
      const appended = append('ENTRY', 'smoke');
      expect([await others.poll(0), await alarms.poll(0)]).toEqual([[], []]);
      await Promise.all([appended, raised]);
      expect(await commits()).toBe(before + 1);
      expect([await values(others), await values(alarms)]).toEqual([['smoke'], ['for smoke']]);
      await close();
    });

    it('loses its answer where the commit fails, and must be restored; others then get the offsets', async () => {
      await begin();
      const reader = await task.reader('ENTRY', 0);
      fail = new TransientError('disk-full', 'the disk is full');
      const outcomes = await Promise.allSettled([append('ENTRY', 'smoke'), raise(reader)]);
      expect(outcomes).toMatchObject([{ reason: { code: 'disk-full' } }, { reason: { code: 'disk-full' } }]);
      fail = undefined;
      await expect.poll(() => health.ready).toBe(true);
      await append('ENTRY', 'motion');

      await expect(reader.poll(0)).rejects.toMatchObject({ name: 'TransientError', code: 'input-lost' });
      await expect(task.commit([], [], { ENTRY: 1, OK: 0, ACTION: 0 })).rejects.toMatchObject({ code: 'input-lost' });
      const state: number[] = [];
      expect(
        await task.restore(
          (key) => state.push(key),
          () => undefined,
        ),
      ).toEqual({ ENTRY: 0, OK: 0, ACTION: 0 });
      expect(state).toEqual([]);
      await raise(await task.reader('ENTRY', 0));
      expect(await values(await log.reader('ALARM', 0, 'earliest'))).toEqual(['for motion']);
      expect(await values(await log.reader('ENTRY', 0, 'earliest'))).toEqual(['motion']);
      await close();
    });

    it('loses it too where it answers only while the commit that fails is under way', async () => {
      await begin();
      const reader = await task.reader('ENTRY', 0);
      let answered: Promise<void> = Promise.resolve();
      const slow = reader.poll(1_000).then(async ([batch]) => {
        await new Promise(setImmediate);
        answered = task.commit([{ topic: 'ALARM', key: 1, at: now, value: Buffer.from('late') }], [], {
          ENTRY: batch?.nextOffset ?? 0,
          OK: 0,
          ACTION: 0,
        });
        fails(new TransientError('disk-full', 'the disk is full'));
        await answered;
      });
      let fails: (error: Error) => void = () => undefined;
      held = new Promise((_, reject) => {
        fails = reject;
      });
      const outcomes = await Promise.allSettled([append('ENTRY', 'smoke'), slow]);
      expect(outcomes).toMatchObject([{ reason: { code: 'disk-full' } }, { reason: { code: 'disk-full' } }]);
      await expect.poll(() => health.ready).toBe(true);
      expect(await values(await log.reader('ALARM', 0, 'earliest'))).toEqual([]);
      await close();
    });
  });

  it('counts what it appends', async () => {
    await open();
    await append('ENTRY', 'a');
    await log.sweep();
    const text = await registry.metrics();
    expect(text).toContain('tocsin_log_appended_records_total{topic="ENTRY"} 1');
    expect(text).toMatch(/tocsin_log_appended_bytes_total\{topic="ENTRY"\} [1-9]/);
    expect(text).toContain('tocsin_log_commit_seconds_count 1');
    expect(text).toMatch(/tocsin_log_size_bytes\{topic="ENTRY"\} [1-9]/);
    await close();
  });

  describe('the store', () => {
    it('is refused to a second owner, but open beside it for tools', async () => {
      store = await openStore(dataDir);
      await expect(openStore(dataDir)).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'data-dir-in-use',
        message: `another Tocsin (pid ${process.pid}) is using ${dataDir}; stop it or set TOCSIN_DATA_DIR to another folder`,
      });
      const beside = await openStore(dataDir, { owner: false });
      const db = beside.root.openDB<string, string>({ name: 'alarms' });
      await beside.write(() => void db.put('key', 'value'));
      expect(db.get('key')).toBe('value');
      await beside.close();
      await store.close();
      await (await openStore(dataDir)).close();
    });

    it('is refused without the number of a process where whoever listens says none, or has it elsewhere', async () => {
      const refusal = { code: 'data-dir-in-use', message: expect.stringMatching(/^another Tocsin is using /) };
      await (await openStore(dataDir)).close();
      const foreign = JSON.stringify({ pid: process.pid, host: 'ward-7', place: 'ward-7 pid:[1]' });
      for (const [answer, expected] of [
        ['', refusal],
        [undefined, refusal],
        [foreign, { ...refusal, message: expect.stringMatching(/^another Tocsin \(on ward-7\) is using /) }],
      ] as const) {
        const owner = createServer((socket) => {
          if (answer !== undefined) socket.end(answer);
        });
        await new Promise<void>((resolve) => owner.listen(join(dataDir, 'store', 'tocsin-1-a.sock'), resolve));
        await expect(openStore(dataDir)).rejects.toMatchObject(expected);
        await new Promise((resolve) => owner.close(resolve));
      }
    });

    it.runIf(process.platform === 'linux')(
      'stays with a process that was stopped while it wrote: a second start is refused, and waits for nothing',
      async () => {
        const script = `const { openStore } = await import(${JSON.stringify(join(process.cwd(), 'message-log/embedded/store.ts'))});
        try {
          const { root } = await openStore(${JSON.stringify(dataDir)});
          root.transactionSync(() => process.kill(process.pid, 'SIGSTOP'));
        } catch (error) {
          process.stdout.write(error.message);
        }
        process.exit();`;
        const start = () =>
          spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
        const owner = start();
        try {
          await expect.poll(() => readFile(`/proc/${owner.pid}/stat`, 'utf8'), { timeout: 30_000 }).toMatch(/\) T /);
          const second = start();
          const deadline = setTimeout(() => second.kill('SIGKILL'), 30_000);
          expect(await text(second.stdout)).toMatch(/^another Tocsin is using /);
          clearTimeout(deadline);
        } finally {
          owner.kill('SIGKILL');
        }
      },
      70_000,
    );

    it('rejects every write once another owner has taken over, and nothing of it is written', async () => {
      store = await openStore(dataDir);
      const db = store.root.openDB<string, string>({ name: 'alarms' });
      // Only by hand can the socket of a live owner disappear.
      const folder = join(dataDir, 'store');
      for (const name of await readdir(folder)) if (name.endsWith('.sock')) await rm(join(folder, name));
      const successor = await openStore(dataDir);
      await expect(store.write(() => void db.put('key', 'zombie'))).rejects.toMatchObject({ name: 'PermanentError', code: 'fenced' });
      await successor.write(() => void db.put('other', 'fine'));
      expect(db.get('key')).toBeUndefined();
      await store.close();
      await successor.close();
    });

    it('keeps its files from other users', async () => {
      await (await openStore(join(dataDir, 'new'))).close();
      expect((await stat(join(dataDir, 'new'))).mode & 0o777).toBe(0o700);
      await chmod(join(dataDir, 'new', 'store'), 0o755);
      await (await openStore(join(dataDir, 'new'))).close();
      expect((await stat(join(dataDir, 'new', 'store'))).mode & 0o777).toBe(0o700);
    });

    it('says what is wrong with the folder', async () => {
      await writeFile(join(dataDir, 'file'), '');
      await expect(openStore(join(dataDir, 'file'))).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'data-dir',
        message: expect.stringContaining('TOCSIN_DATA_DIR'),
      });
      await mkdir(join(dataDir, 'foreign', 'store'), { recursive: true });
      await writeFile(join(dataDir, 'foreign', 'store', 'data.mdb'), Buffer.alloc(20_000, 'no store'));
      await expect(openStore(join(dataDir, 'foreign'))).rejects.toMatchObject({ code: 'store-damaged' });
    });

    it.each([
      ['of a newer version, and names it', 99, '99.1.0', /Tocsin 99\.1\.0, in format 99;.* Start Tocsin 99\.1\.0 or a newer one/],
      ['of a newer version that left no name', 99, undefined, /by a newer version of Tocsin, in format 99;.* Start that version/],
      ['of before the first release', 1, undefined, /no release of Tocsin has used/],
    ])('refuses data %s', async (_, format, version, message) => {
      store = await openStore(dataDir);
      const meta = store.root.openDB<number | string, string>({ name: 'meta', useVersions: true });
      await store.write(() => {
        void meta.put('format', format, 0);
        void (version === undefined ? meta.remove('written-by') : meta.put('written-by', version, 0));
      });
      await store.close();
      await expect(openStore(dataDir)).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'data-format',
        message: expect.stringMatching(message),
      });
    });

    it('says in its data which version of Tocsin had it last', async () => {
      store = await openStore(dataDir);
      const meta = () => store.root.openDB<string, string>({ name: 'meta', useVersions: true });
      const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
      expect(meta().get('written-by')).toBe(version);
      await store.write(() => void meta().put('written-by', '0.0.9', 0));
      await store.close();
      store = await openStore(dataDir);
      expect(meta().get('written-by')).toBe(version);
    });
  });
});
