/** The contract of every message log. Records may become visible up to PATIENCE_MS late, and offsets may have gaps. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partitionOf } from '../../message-log/partitioning.ts';
import type {
  InputPositions,
  MessageLog,
  OutgoingRecord,
  Reader,
  RecordBatch,
  Records,
  Subscription,
  TaskLog,
} from '../../message-log/port.ts';
import type { Topic } from '../../records/topics.ts';

const PATIENCE_MS = 10_000;

/** A log, and its data, which outlive it. */
export interface LogFixture {
  readonly log: MessageLog;
  /** Closes the log and opens it again on the same data; `log` is the new one. */
  reopen(): Promise<void>;
  /** Removes all records of a partition but some of the newest, in the adapter's own way. */
  expire(topic: Topic, partition: number): Promise<void>;
  close(): Promise<void>;
}

interface Seen {
  readonly partition: number;
  readonly offset: number;
  readonly key: number;
  readonly at: number;
  readonly value: string;
}

/** A present time: logs remove records older than their retention, and some refuse records far from their own time. */
let at = Date.now();

/** `severalWriters`: other processes with other clocks may write too, so only the records of one open log are kept in order of time. */
export interface LogTraits {
  readonly severalWriters?: boolean;
}

export function messageLogContract(name: string, open: (partitions: number) => Promise<LogFixture>, traits: LogTraits = {}): void {
  describe(`message log: ${name}`, () => {
    let fixture: LogFixture;
    const use = async (partitions: number): Promise<MessageLog> => {
      fixture = await open(partitions);
      return fixture.log;
    };
    beforeEach(() => {
      at = Date.now() - 2_000;
    });
    afterEach(() => fixture.close());

    describe('append and read', () => {
      it('gives back values, keys, times and growing offsets in the order of appending', async () => {
        const log = await use(1);
        await log.append('ENTRY', records([7, 'a'], [9, 'bcd'], [7, '']), at);
        await log.append('ENTRY', records([8, 'é']), at + 5);
        const seen = await read(await log.reader('ENTRY', 0, 'earliest'), 4);
        expect(seen.map(({ key, at: time, value }) => ({ key, time: time - at, value }))).toEqual([
          { key: 7, time: 0, value: 'a' },
          { key: 9, time: 0, value: 'bcd' },
          { key: 7, time: 0, value: '' },
          { key: 8, time: 5, value: 'é' },
        ]);
        expect(seen.map((r) => r.offset)).toEqual(seen.map((r) => r.offset).toSorted((a, b) => a - b));
        expect(new Set(seen.map((r) => r.offset)).size).toBe(4);
      });

      it('resolves an append with the partition and offset of its first record', async () => {
        const log = await use(3);
        await log.append('ENTRY', records([1, 'before'], [2, 'before'], [3, 'before']), at);
        const place = await log.append('ENTRY', records([2, 'first'], [3, 'second']), at);
        expect(place.partition).toBe(partitionOf(2, 3));
        const [seen] = await read(await log.reader('ENTRY', place.partition, place.offset), 1);
        expect(seen).toMatchObject({ offset: place.offset, key: 2, value: 'first' });
      });

      it('puts each key into the partition that the partitioning says and keeps the order of each key', async () => {
        const log = await use(3);
        const keys = Array.from({ length: 200 }, (_, i) => i % 20);
        await Promise.all(
          [0, 50, 100, 150].map((from) =>
            log.append('OK', records(...keys.slice(from, from + 50).map((key, i) => [key, `${from + i}`] as const)), at),
          ),
        );
        const seen = (
          await Promise.all(
            [0, 1, 2].map(async (p) => read(await log.reader('OK', p, 'earliest'), keys.filter((k) => partitionOf(k, 3) === p).length)),
          )
        ).flat();
        expect(seen).toHaveLength(200);
        for (const { key, partition } of seen) expect(partition).toBe(partitionOf(key, 3));
        for (let key = 0; key < 20; key += 1) {
          const values = seen.filter((r) => r.key === key).map((r) => Number(r.value));
          expect(values).toEqual(values.toSorted((a, b) => a - b));
        }
      });

      it('keeps concurrent appends whole and apart', async () => {
        const log = await use(1);
        const places = await Promise.all(
          Array.from({ length: 200 }, (_, i) => log.append('ENTRY', records([i, `${i}/0`], [i, `${i}/1`]), at)),
        );
        const seen = await read(await log.reader('ENTRY', 0, 'earliest'), 400);
        expect(new Set(places.map((p) => p.offset)).size).toBe(200);
        for (const [i, place] of places.entries()) {
          const first = seen.findIndex((r) => r.offset === place.offset);
          expect(seen.slice(first, first + 2).map((r) => r.value)).toEqual([`${i}/0`, `${i}/1`]);
        }
      });

      it('lets the caller reuse its bytes as soon as the call has returned', async () => {
        const log = await use(1);
        const mine = { ...records([1, 'kept'], [2, 'kept']) };
        const done = log.append('ENTRY', mine, at);
        mine.bytes.fill(0);
        await done;
        const seen = await read(await log.reader('ENTRY', 0, 'earliest'), 2);
        expect(seen.map((r) => r.value)).toEqual(['kept', 'kept']);
      });

      it('takes values of a MiB, scattered ranges, and ranges out of order', async () => {
        const log = await use(1);
        const large = 'x'.repeat(1024 * 1024 - 8);
        await log.append('ENTRY', records([1, large], [2, 'after']), at);
        const bytes = Buffer.from('...two.....................................................one');
        await log.append('ENTRY', { length: 2, bytes, keys: [1, 2], starts: [59, 3], ends: [62, 6] }, at);
        const seen = await read(await log.reader('ENTRY', 0, 'earliest'), 4);
        expect(seen.map((r) => r.value.length)).toEqual([large.length, 5, 3, 3]);
        expect(seen[0]?.value).toBe(large);
        expect(seen.slice(2).map((r) => r.value)).toEqual(['one', 'two']);
      });

      it('never lets record times run backwards within a partition', async () => {
        const log = await use(1);
        await log.append('ENTRY', records([1, 'a']), at + 1_000);
        await log.append('ENTRY', records([1, 'b']), at);
        if (!traits.severalWriters) await fixture.reopen();
        await fixture.log.append('ENTRY', records([1, 'c']), at - 1_000);
        const times = (await read(await fixture.log.reader('ENTRY', 0, 'earliest'), 3)).map((r) => r.at);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      });

      it('holds what was appended, and its offsets, when opened again', async () => {
        const log = await use(2);
        await log.append('ENTRY', records(...Array.from({ length: 50 }, (_, i) => [i, `${i}`] as const)), at);
        const before = await log.bounds('ENTRY', 1);
        await fixture.reopen();
        expect(await fixture.log.bounds('ENTRY', 1)).toEqual(before);
        const key = [0, 1, 2, 3, 4].find((k) => partitionOf(k, 2) === 1) as number;
        expect((await fixture.log.append('ENTRY', records([key, 'more']), at)).offset).toBeGreaterThanOrEqual(before.next);
      });

      it('accepts an append of no records', async () => {
        const log = await use(1);
        await log.append('ENTRY', records([1, 'a']), at);
        expect(await log.append('ENTRY', records(), at)).toMatchObject({ partition: 0 });
        await log.close();
        await expect(log.append('ENTRY', records(), at)).rejects.toMatchObject({ name: 'TransientError', code: 'log-closed' });
      });

      it('refuses work once closed', async () => {
        const log = await use(1);
        await log.close();
        await expect(log.append('ENTRY', records([1, 'a']), at)).rejects.toMatchObject({ name: 'TransientError', code: 'log-closed' });
      });
    });

    describe('readers', () => {
      it('begin at the earliest, the latest or a given record, and know their position', async () => {
        const log = await use(1);
        await log.append('ENTRY', records([1, 'a'], [1, 'b'], [1, 'c']), at);
        const [, second] = await read(await log.reader('ENTRY', 0, 'earliest'), 3);
        const middle = await log.reader('ENTRY', 0, second?.offset ?? 0);
        expect((await read(middle, 2)).map((r) => r.value)).toEqual(['b', 'c']);
        expect(middle.position).toBe((await log.bounds('ENTRY', 0)).next);
        const latest = await log.reader('ENTRY', 0, 'latest');
        expect(await latest.poll(0)).toEqual([]);
        await log.append('ENTRY', records([1, 'd']), at);
        expect((await read(latest, 1)).map((r) => r.value)).toEqual(['d']);
      });

      it('are told where the records of a time begin, before and after it is opened again', async () => {
        const log = await use(1);
        for (let i = 0; i < 40; i += 1) await log.append('AUDIT', records([1, `${i}`]), at + i * 1_000);
        const from = async (time: number): Promise<string | undefined> => {
          const offset = await fixture.log.offsetAt('AUDIT', 0, time);
          const { next } = await fixture.log.bounds('AUDIT', 0);
          return offset === next ? undefined : (await read(await fixture.log.reader('AUDIT', 0, offset), 1))[0]?.value;
        };
        const places = async () => [
          await from(0),
          await from(at),
          await from(at + 17_000),
          await from(at + 17_001),
          await from(at + 40_000),
        ];
        expect(await places()).toEqual(['0', '0', '17', '18', undefined]);
        await fixture.reopen();
        expect(await places()).toEqual(['0', '0', '17', '18', undefined]);
      });

      it('wake as soon as there is something', async () => {
        const log = await use(1);
        const reader = await log.reader('ACTION', 0, 'latest');
        const waiting = reader.poll(PATIENCE_MS);
        await log.append('ACTION', records([1, 'now']), at);
        expect(values(await waiting)).toEqual(['now']);
      });

      it('return nothing when the wait is over', async () => {
        const log = await use(1);
        expect(await (await log.reader('ACTION', 0, 'earliest')).poll(5)).toEqual([]);
      });

      it('get a backlog in bounded portions, complete and in order', async () => {
        const log = await use(1);
        const value = 'x'.repeat(1_000);
        for (let n = 0; n < 10; n += 1)
          await log.append('ENTRY', records(...Array.from({ length: 1_000 }, (_, i) => [n * 1_000 + i, value] as const)), at);
        const reader = await log.reader('ENTRY', 0, 'earliest');
        const keys: number[] = [];
        for (const end = Date.now() + PATIENCE_MS; keys.length < 10_000 && Date.now() < end; ) {
          const batches = await reader.poll(100);
          expect(batches.reduce((sum, batch) => sum + batch.length, 0)).toBeLessThan(5_000);
          for (const batch of batches) for (let i = 0; i < batch.length; i += 1) keys.push(batch.key(i));
        }
        expect(keys).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
      });

      it('are told which records were removed before they read them', async () => {
        const log = await use(1);
        for (let i = 0; i < 20; i += 1) await log.append('ENTRY', records([1, `${i}`]), at);
        const [first] = await read(await log.reader('ENTRY', 0, 'earliest'), 1);
        await fixture.expire('ENTRY', 0);
        const { earliest, next } = await fixture.log.bounds('ENTRY', 0);
        expect(earliest).toBeGreaterThan(first?.offset ?? 0);
        const gaps: [number, number][] = [];
        const reader = await fixture.log.reader('ENTRY', 0, first?.offset ?? 0);
        reader.onGap = (from, to) => gaps.push([from, to]);
        await fixture.log.append('ENTRY', records([1, 'last']), at);
        const seen: Seen[] = [];
        for (const end = Date.now() + PATIENCE_MS; seen.at(-1)?.value !== 'last' && Date.now() < end; )
          seen.push(...flat(await reader.poll(100)));
        expect(gaps).toEqual([[first?.offset, earliest]]);
        expect(seen.every((r) => r.offset >= earliest)).toBe(true);
        expect(next).toBeGreaterThanOrEqual(earliest);
      });
    });

    describe('subscriptions', () => {
      let subscription: Subscription;
      const subscribe = async (log: MessageLog, topics: readonly Topic[] = ['ALARM']): Promise<Subscription> => {
        subscription = await log.subscribe('mailer', topics);
        return subscription;
      };

      it('begin with the earliest record of all their topics and partitions', async () => {
        const log = await use(2);
        await log.append('ALARM', records(...Array.from({ length: 10 }, (_, i) => [i, `alarm ${i}`] as const)), at);
        await log.append('COUNT', records([1, 'count']), at);
        const seen = await read(await subscribe(log, ['ALARM', 'COUNT']), 11);
        expect(seen.map((r) => r.value).toSorted()).toEqual(['count', ...Array.from({ length: 10 }, (_, i) => `alarm ${i}`)].toSorted());
      });

      it('continue after what was committed, even after a restart', async () => {
        const log = await use(1);
        await log.append('ALARM', records([1, 'a'], [1, 'b'], [1, 'c']), at);
        expect(await log.committed('mailer', 'ALARM', 0)).toBeUndefined();
        const seen = await read(await subscribe(log), 3);
        await subscription.commit('ALARM', 0, seen[2]?.offset ?? 0);
        expect(await log.committed('mailer', 'ALARM', 0)).toBe(seen[2]?.offset);
        await subscription.close();
        await fixture.reopen();
        expect((await read(await subscribe(fixture.log), 1)).map((r) => r.value)).toEqual(['c']);
      });

      it('never move backwards, even when commits overtake each other', async () => {
        const log = await use(1);
        await log.append('ALARM', records([1, 'a'], [1, 'b'], [1, 'c']), at);
        const seen = await read(await subscribe(log), 3);
        const end = await log.bounds('ALARM', 0);
        await Promise.all([subscription.commit('ALARM', 0, end.next), subscription.commit('ALARM', 0, seen[0]?.offset ?? 0)]);
        await subscription.commit('ALARM', 0, seen[1]?.offset ?? 0);
        await subscription.close();
        await fixture.reopen();
        expect(await fixture.log.committed('mailer', 'ALARM', 0)).toBe(end.next);
        expect(await (await subscribe(fixture.log)).poll(50)).toEqual([]);
      });

      it('of different names do not disturb each other', async () => {
        const log = await use(1);
        await log.append('ALARM', records([1, 'a']), at);
        const seen = await read(await subscribe(log), 1);
        await subscription.commit('ALARM', 0, (seen[0]?.offset ?? 0) + 1);
        expect((await read(await log.subscribe('archive', ['ALARM']), 1)).map((r) => r.value)).toEqual(['a']);
      });

      it('wake on any of their topics', async () => {
        const log = await use(2);
        const waiting = (await subscribe(log, ['ALARM', 'DELIVERY'])).poll(PATIENCE_MS);
        await log.append('DELIVERY', records([5, 'sent']), at);
        expect(values(await waiting)).toEqual(['sent']);
      });

      it('stop waiting when they are closed', async () => {
        const log = await use(1);
        const waiting = (await subscribe(log)).poll(PATIENCE_MS * 10);
        await subscription.close();
        expect(await waiting).toEqual([]);
      });
    });

    describe('tasks', () => {
      let log: MessageLog;
      beforeEach(async () => {
        log = await use(2);
      });

      it('begin without state, at the beginning of their inputs', async () => {
        const { tasks } = await own(log);
        expect(tasks.map((t) => t.partition).toSorted()).toEqual([0, 1]);
        for (const task of tasks) {
          const { state, positions } = await restored(task);
          expect(state).toEqual({});
          for (const topic of ['ENTRY', 'OK', 'ACTION'] as const)
            expect(positions[topic]).toBeLessThanOrEqual((await log.bounds(topic, task.partition)).earliest);
        }
      });

      it('commit outputs, state and positions in one, and find them again', async () => {
        const [first] = (await own(log)).tasks;
        const key = keyOf(first);
        await first?.commit([alarm(key, 'raised'), { ...alarm(key, '1'), topic: 'COUNT' }], [{ key, value: Buffer.from('active') }], {
          ENTRY: 5,
          OK: 2,
          ACTION: 1,
        });
        await first?.commit(
          [alarm(key, 'cleared')],
          [
            { key, value: Buffer.from('cleared') },
            { key: key + 1_000, value: Buffer.from('x') },
          ],
          { ENTRY: 9, OK: 3, ACTION: 1 },
        );
        await first?.commit([], [{ key: key + 1_000, value: null }], { ENTRY: 10, OK: 3, ACTION: 1 });
        await fixture.reopen();
        const again = await own(fixture.log);
        expect(await restored(again.tasks.find((t) => t.partition === first?.partition))).toEqual({
          state: { [key]: 'cleared' },
          positions: { ENTRY: 10, OK: 3, ACTION: 1 },
        });
        const seen = await read(await fixture.log.reader('ALARM', first?.partition ?? 0, 'earliest'), 2);
        expect(seen.map(({ key: k, value }) => [k, value])).toEqual([
          [key, 'raised'],
          [key, 'cleared'],
        ]);
        expect(await read(await fixture.log.reader('COUNT', first?.partition ?? 0, 'earliest'), 1)).toHaveLength(1);
      });

      it('are fenced by whoever owns them later, and then write nothing at all', async () => {
        const before = await own(log);
        const old = before.tasks[0];
        const key = keyOf(old);
        await old?.commit([], [{ key, value: Buffer.from('mine') }], { ENTRY: 1, OK: 0, ACTION: 0 });
        const after = await own(log);
        const now = after.tasks.find((t) => t.partition === old?.partition);
        expect(await restored(now)).toEqual({ state: { [key]: 'mine' }, positions: { ENTRY: 1, OK: 0, ACTION: 0 } });
        const late = old?.commit([alarm(key, 'zombie')], [{ key, value: Buffer.from('zombie') }], { ENTRY: 99, OK: 99, ACTION: 99 });
        await expect(late).rejects.toMatchObject({ name: 'PermanentError', code: 'fenced' });
        await now?.commit([alarm(key, 'true')], [], { ENTRY: 2, OK: 0, ACTION: 0 });
        const seen = await read(await log.reader('ALARM', now?.partition ?? 0, 'earliest'), 1);
        expect(seen.map((r) => r.value)).toEqual(['true']);
        await fixture.reopen();
        const found = await restored((await own(fixture.log)).tasks.find((t) => t.partition === old?.partition));
        expect(found).toEqual({ state: { [key]: 'mine' }, positions: { ENTRY: 2, OK: 0, ACTION: 0 } });
      });

      it('are given back after they were revoked, and are then fenced', async () => {
        const { tasks, revoked, release } = await own(log);
        await release();
        expect(revoked.toSorted()).toEqual([0, 1]);
        await expect(tasks[0]?.commit([], [], { ENTRY: 1, OK: 1, ACTION: 1 })).rejects.toMatchObject({ code: 'fenced' });
      });

      it('read their inputs from a given position on, and wait for more', async () => {
        const [task] = (await own(log)).tasks;
        const key = keyOf(task);
        await task?.restore(
          () => undefined,
          () => undefined,
        );
        await log.append('ENTRY', records([key, 'a'], [key, 'b']), at);
        const reader = await task?.reader('ENTRY', 0);
        if (!reader) throw new Error('no task');
        const [, second] = await read(reader, 2);
        const waiting = reader.poll(PATIENCE_MS);
        await log.append('ENTRY', records([key, 'c']), at);
        expect(values(await waiting)).toEqual(['c']);
        const again = await task?.reader('ENTRY', second?.offset ?? 0);
        expect((await read(again ?? reader, 2)).map(({ value }) => value)).toEqual(['b', 'c']);
        await task?.commit([alarm(key, 'raised')], [], { ENTRY: reader.position, OK: 0, ACTION: 0 });
      });

      it('show how far they have decided what sensors sent, partition by partition', async () => {
        const { tasks } = await own(log);
        const of = async (partition: number | undefined) =>
          (await log.progress())
            .filter((input) => input.partition === partition)
            .map(({ topic, next, decided }) => ({ topic, next, decided }));
        const [first, second] = tasks;
        expect(await of(first?.partition)).toEqual([
          { topic: 'ENTRY', next: 0, decided: undefined },
          { topic: 'OK', next: 0, decided: undefined },
        ]);
        await log.append('ENTRY', records([keyOf(first), 'a'], [keyOf(first), 'b'], [keyOf(second), 'c']), at);
        await log.append('OK', records([keyOf(first), 'ok']), at);
        await first?.restore(
          () => undefined,
          () => undefined,
        );
        await first?.commit([], [], { ENTRY: 2, OK: 0, ACTION: 0 });
        const decided = async (): Promise<boolean> => (await of(first?.partition))[0]?.decided === 2;
        for (const end = Date.now() + PATIENCE_MS; !(await decided()) && Date.now() < end; )
          await new Promise((done) => setTimeout(done, 50));
        expect(await of(first?.partition)).toEqual([
          { topic: 'ENTRY', next: 2, decided: 2 },
          { topic: 'OK', next: 1, decided: 0 },
        ]);
        expect(await of(second?.partition)).toEqual([
          { topic: 'ENTRY', next: 1, decided: undefined },
          { topic: 'OK', next: 0, decided: undefined },
        ]);
      });

      it('wake the consumers of what they write', async () => {
        const subscription = await log.subscribe('mailer', ['ALARM']);
        const [task] = (await own(log)).tasks;
        const waiting = subscription.poll(PATIENCE_MS);
        await task?.commit([alarm(keyOf(task), 'raised')], [], { ENTRY: 1, OK: 0, ACTION: 0 });
        expect(values(await waiting)).toEqual(['raised']);
      });

      it('commit the alarms of a whole city at once', async () => {
        const [task] = (await own(log)).tasks;
        const key = keyOf(task);
        const outputs = Array.from({ length: 6_000 }, (_, i) => alarm(key, `${i} `.padEnd(1_024, 'x')));
        const state = Array.from({ length: 6_000 }, (_, i) => ({ key: i, value: Buffer.alloc(1_024, 'x') }));
        await task?.commit(outputs, state, { ENTRY: 3, OK: 2, ACTION: 1 });
        const seen = await read(await log.reader('ALARM', task?.partition ?? 0, 'earliest'), outputs.length);
        expect(seen.map(({ value }) => Number.parseInt(value, 10))).toEqual(outputs.map((_, i) => i));
        await fixture.reopen();
        const found = await restored((await own(fixture.log)).tasks.find((t) => t.partition === task?.partition));
        expect(Object.keys(found.state)).toHaveLength(state.length);
        expect(found.positions).toEqual({ ENTRY: 3, OK: 2, ACTION: 1 });
      });

      it('restore many sensors completely', async () => {
        const [task] = (await own(log)).tasks;
        const state = Array.from({ length: 12_000 }, (_, key) => ({ key, value: Buffer.from(`${key}`) }));
        await task?.commit([], state, { ENTRY: 0, OK: 0, ACTION: 0 });
        await fixture.reopen();
        const found = await restored((await own(fixture.log)).tasks.find((t) => t.partition === task?.partition));
        expect(found.state).toEqual(Object.fromEntries(state.map(({ key }) => [key, `${key}`])));
      });
    });
  });
}

function records(...list: readonly (readonly [key: number, value: string])[]): Records & { bytes: Buffer } {
  const bytes = Buffer.concat(list.map(([, value]) => Buffer.from(value)));
  let used = 0;
  const ends = list.map(([, value]) => {
    used += Buffer.byteLength(value);
    return used;
  });
  return { length: list.length, bytes, keys: list.map(([key]) => key), starts: [0, ...ends.slice(0, -1)], ends };
}

function flat(batches: readonly RecordBatch[]): Seen[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, i) => ({
      partition: batch.partition,
      offset: batch.offset(i),
      key: batch.key(i),
      at: batch.time(i),
      value: batch.bytes.toString('utf8', batch.start(i), batch.end(i)),
    })),
  );
}

const values = (batches: readonly RecordBatch[]): string[] => flat(batches).map((r) => r.value);

/** The next `count` records or more; rejects if they don't come in time. */
async function read(from: Reader | Subscription, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const end = Date.now() + PATIENCE_MS; seen.length < count && Date.now() < end; ) seen.push(...flat(await from.poll(200)));
  if (seen.length < count) throw new Error(`only ${seen.length} of ${count} records came`);
  return seen;
}

async function own(log: MessageLog): Promise<{ tasks: TaskLog[]; revoked: number[]; release: () => Promise<void> }> {
  const tasks: TaskLog[] = [];
  const revoked: number[] = [];
  const release = await log.own({
    assigned: async (task) => {
      tasks.push(task);
    },
    revoked: async (partition) => {
      revoked.push(partition);
    },
  });
  for (const end = Date.now() + PATIENCE_MS; tasks.length < log.partitions && Date.now() < end; )
    await new Promise((done) => setTimeout(done, 10));
  return { tasks, revoked, release };
}

async function restored(task: TaskLog | undefined): Promise<{ state: Record<number, string>; positions: InputPositions }> {
  if (!task) throw new Error('the partition was not assigned');
  const state: Record<number, string> = {};
  const positions = await task.restore(
    (key, value) => {
      state[key] = value.toString();
    },
    () => undefined,
  );
  return { state, positions };
}

/** A sensor that belongs to the task's partition. */
function keyOf(task: TaskLog | undefined): number {
  for (let key = 0; ; key += 1) if (partitionOf(key, 2) === task?.partition) return key;
}

const alarm = (key: number, value: string): OutgoingRecord => ({ topic: 'ALARM', key, at, value: Buffer.from(value) });
