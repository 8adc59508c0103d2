import type { Database } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { openEmbeddedArchive } from '../../archive/embedded.ts';
import { alarmOf, NOON } from '../support/alarms.ts';
import { allOf } from '../support/parts.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import type { DamagedAlarm } from '../../archive/port.ts';
import { archiveContract } from './archive.ts';

const open = async () => {
  const { store, close } = await openTemporaryStore();
  const archive = openEmbeddedArchive(store, { found: () => undefined });
  return { archive, close: async () => archive.close().then(close) };
};

archiveContract('embedded', open);

describe('embedded archive', () => {
  const everything = {
    ...{ states: undefined, type: undefined, region: undefined, sensor: undefined, from: undefined, to: undefined },
    ...{ limit: 10, cursor: undefined },
  };

  it('removes old alarms that are over with their custody, the oldest first, and leaves open ones', async () => {
    const { archive, close } = await open();
    const rows = Array.from({ length: 6 }, (_, i) => ({
      ...alarmOf({ id: `a${i}`, raisedAt: NOON + i, state: i === 1 ? 'ACTIVE_ACK' : 'CLEARED_ACK' }),
      ...{ region: 'UK', geohash: 'gcwfhf0kz' },
    }));
    await archive.put(
      rows,
      rows.map(({ id }) => ({ alarm: id, entry: { key: 'raised', at: NOON, kind: 'raised' as const } })),
    );
    expect(await archive.expire?.(NOON + 5, 3)).toBe(3);
    expect((await archive.query(everything)).alarms.map(({ id }) => id)).toEqual(['a5', 'a4', 'a1']);
    expect((await archive.query({ ...everything, sensor: 42_959 })).alarms.map(({ id }) => id)).toEqual(['a5', 'a4', 'a1']);
    expect(await archive.find('a0')).toBeUndefined();
    expect(await archive.custody('a0')).toEqual([]);
    expect(await archive.custody('a1')).toHaveLength(1);
    expect(await archive.expire?.(NOON + 5, 3)).toBe(1);
    expect(await archive.expire?.(NOON + 5, 3)).toBe(0);
    await close();
  });

  it('leaves nothing in the store of what it removed', async () => {
    const { store, close } = await openTemporaryStore();
    const archive = openEmbeddedArchive(store, { found: () => undefined });
    const row = { ...alarmOf({ state: 'CLEARED_ACK' }), region: 'UK', geohash: 'gcwfhf0kz' };
    const left = () =>
      ['alarms', 'alarms-by-time', 'alarms-by-sensor', 'alarms-open', 'custody'].map((name) => store.root.openDB({ name }).getCount());
    await archive.put([row], [{ alarm: row.id, entry: { key: 'raised', at: NOON, kind: 'raised' } }]);
    expect(left()).toEqual([1, 1, 1, 0, 1]);
    await archive.expire?.(NOON + 1, 9);
    expect(left()).toEqual([0, 0, 0, 0, 0]);
    await archive.close();
    await close();
  });

  it('takes a place that comes late with an older version, but never replaces a known one', async () => {
    const { archive, close } = await open();
    const put = (version: number, region: string) =>
      archive.put([{ ...alarmOf({ version }), region, geohash: region === '' ? '' : 'gcwfhf0kz' }], []);
    const found = async () => {
      const alarm = await archive.find(alarmOf().id);
      const { version, region } = alarm === undefined || alarm === 'damaged' ? {} : alarm;
      return [version, region];
    };
    await put(3, '');
    await put(2, '');
    expect(await found()).toEqual([3, '']);
    await put(1, 'UK');
    expect(await found()).toEqual([3, 'UK']);
    await put(2, 'Asia');
    await put(2, '');
    expect(await found()).toEqual([3, 'UK']);
    await close();
  });

  it('lets other work of the process have its turn while very many open alarms are read', async () => {
    const { archive, close } = await open();
    const rows = Array.from({ length: 5_000 }, (_, i) => ({ ...alarmOf({ id: `a${i}`, raisedAt: NOON + i }), region: '', geohash: '' }));
    await archive.put(rows, []);
    let read = 0;
    let isTurn = true;
    for await (const part of archive.open()) {
      expect(isTurn).toBe(true);
      expect(part.length).toBeLessThan(2_000);
      read += part.length;
      isTurn = false;
      setImmediate(() => {
        isTurn = true;
      });
    }
    expect(read).toBe(5_000);
    await close();
  });

  it('looks at a bounded number of alarms per page and continues from there', async () => {
    const { archive, close } = await open();
    const rows = Array.from({ length: 20_100 }, (_, i) => ({
      ...alarmOf({ id: `a${i}`, raisedAt: NOON + i, evidence: [], type: i === 0 ? 'motion' : 'smoke' }),
      ...{ region: 'UK', geohash: 'gcwfhf0kz' },
    }));
    await archive.put(rows, []);
    const first = await archive.query({ ...everything, type: 'motion' });
    expect(first.alarms).toEqual([]);
    const second = await archive.query({ ...everything, type: 'motion', cursor: first.cursor });
    expect(second.alarms.map(({ id }) => id)).toEqual(['a0']);
    expect(second.cursor).toBeUndefined();
    await close();
  });
});

describe('a damaged row of the archive', () => {
  const NAMES = ['alarms', 'alarms-by-time', 'alarms-by-sensor', 'alarms-open', 'custody'] as const;

  it.each(NAMES)('in %s hides nothing but itself, and is told by its key', async (name) => {
    const { store, close } = await openTemporaryStore();
    const told: string[] = [];
    const archive = openEmbeddedArchive(store, { found: (kind, key) => void told.push(`${kind} ${key}`) });
    const at = (id: string, raisedAt: number) => ({
      ...alarmOf({ id, sensor: 5, raisedAt, state: 'ACTIVE_UNACK' }),
      region: 'UK',
      geohash: 'gcwfhf0kz',
    });
    const [first, second] = [at('first', 1_000), at('second', 2_000)] as const;
    const step = (alarm: string) => ({ alarm, entry: { key: 'raised', at: 1_000, kind: 'raised' } as const });
    await archive.put([first, second], [step('first'), step('second')]);
    const rows: Database<Buffer, Buffer> = store.root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
    const [row] = Array.from(rows.getRange({ limit: 1 }), ({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
    const query = { states: undefined, type: undefined, region: undefined, from: undefined, to: undefined, limit: 10, cursor: undefined };
    for (let bit = 0; row && bit < row.value.length * 8; bit += 13) {
      const changed = Buffer.from(row.value);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await rows.put(row.key, changed);
      // What is open is known from its list, and for a damaged row of that from the alarm.
      expect((await allOf(archive.open())).map(({ id }) => id)).toEqual(['second', 'first']);
      const lists = [await archive.query({ ...query, sensor: 5 }), await archive.query({ ...query, sensor: undefined })];
      for (const { alarms, damaged = [] } of lists) {
        expect(alarms.map(({ id }) => id)).toEqual(name === 'alarms' ? ['second'] : ['second', 'first']);
        expect(damaged).toEqual(name === 'alarms' ? [{ id: 'first', sensor: 5, type: 'smoke', raisedAt: 1_000 }] : []);
      }
      expect(await archive.find('first')).toEqual(name === 'alarms' ? 'damaged' : first);
      expect(await archive.custody('second')).toHaveLength(1);
      expect(await archive.custody('first')).toHaveLength(name === 'custody' ? 0 : 1);
    }
    const named: Partial<Record<string, string[]>> = { alarms: ['alarm first'], custody: ['custody first raised'] };
    expect([...new Set(told)]).toEqual(named[name] ?? []);
    // Whatever is damaged is whole again once it is written again.
    await archive.put([{ ...first, version: first.version + 1 }], [step('first')]);
    expect((await allOf(archive.open())).map(({ id }) => id)).toEqual(['second', 'first']);
    expect(await archive.custody('first')).toHaveLength(1);
    await close();
  });
});

it('says of an alarm whose row is no longer under its id that it is damaged, as far as its index tells', async () => {
  const { store, close } = await openTemporaryStore();
  const told: string[] = [];
  const archive = openEmbeddedArchive(store, { found: (kind, key) => void told.push(`${kind} ${key}`) });
  const alarm = { ...alarmOf({ id: 'x', sensor: 5, raisedAt: 1_000, state: 'ACTIVE_UNACK' }), region: 'UK', geohash: 'gcwfhf0kz' };
  await archive.put([alarm], []);
  const rows: Database<Buffer, string> = store.root.openDB({ name: 'alarms', encoding: 'binary' });
  await rows.put('y', rows.get('x') ?? Buffer.alloc(0));
  await rows.remove('x');
  const page = await archive.query({
    ...{ states: undefined, type: undefined, region: undefined, sensor: undefined },
    ...{ from: undefined, to: undefined, limit: 10, cursor: undefined },
  });
  expect(page).toMatchObject({ alarms: [], damaged: [{ id: 'x', sensor: 5, type: 'smoke', raisedAt: 1_000 }] });
  // The list of open alarms has it whole but for its readings, unless an earlier version or damage left only part of its row there.
  const missing: DamagedAlarm[] = [];
  const ids = async () => (await allOf(archive.open((one) => void missing.push(one)))).map(({ id }) => id);
  expect([await ids(), missing]).toEqual([['x'], []]);
  await store.root.openDB({ name: 'alarms-open' }).put([1_000, 'x'], ['ACTIVE_UNACK', 'smoke', 'UK', 5]);
  expect(await ids()).toEqual([]);
  expect(missing).toEqual([{ id: 'x', sensor: 5, type: 'smoke', raisedAt: 1_000 }]);
  expect(await archive.find('y')).toBe('damaged');
  expect(new Set(told)).toEqual(new Set(['alarm x', 'alarm y']));
  await close();
});

it('reads what earlier versions wrote, without checksums', async () => {
  const { store, close } = await openTemporaryStore();
  const alarm = { ...alarmOf({ id: 'x', sensor: 5, raisedAt: 1_000, state: 'ACTIVE_UNACK' }), region: 'UK', geohash: 'gcwfhf0kz' };
  const told: string[] = [];
  await store.root.openDB({ name: 'alarms' }).put('x', alarm);
  for (const name of ['alarms-open', 'alarms-by-time'])
    await store.root.openDB({ name }).put([1_000, 'x'], [alarm.state, alarm.type, 'UK', 5]);
  await store.root.openDB({ name: 'custody' }).put(['x', 'raised'], { key: 'raised', at: 1_000, kind: 'raised' });
  const archive = openEmbeddedArchive(store, { found: (kind) => void told.push(kind) });
  expect(await archive.find('x')).toEqual(alarm);
  const { evidence: _, ...brief } = alarm;
  expect(await allOf(archive.open())).toEqual([brief]);
  expect(await archive.custody('x')).toEqual([{ key: 'raised', at: 1_000, kind: 'raised' }]);
  expect(told).toEqual([]);
  await close();
});
