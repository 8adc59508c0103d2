import { describe, expect, it } from 'vitest';
import { openEmbeddedArchive } from '../../archive/embedded.ts';
import { alarmOf, NOON } from '../support/alarms.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import { archiveContract } from './archive.ts';

const open = async () => {
  const { store, close } = await openTemporaryStore();
  const archive = openEmbeddedArchive(store);
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
    const archive = openEmbeddedArchive(store);
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
      const { version, region } = (await archive.find(alarmOf().id)) ?? {};
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
