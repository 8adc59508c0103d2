import type { Database } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { openEmbeddedHistory } from '../../history/embedded.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import { historyContract } from './history.ts';

const open = async () => {
  const { store, close } = await openTemporaryStore();
  const history = openEmbeddedHistory(store, { found: () => undefined });
  return { history, close: async () => history.close().then(close) };
};

historyContract('embedded', open);

describe('embedded history', () => {
  const quiet = { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: [], at: 10 };

  it('keeps the beginning of a state that is only confirmed', async () => {
    const { history, close } = await open();
    await history.writeStates([quiet]);
    await history.writeStates([{ ...quiet, at: 500 }]);
    expect(await history.state(7)).toEqual(quiet);
    await close();
  });

  it('keeps the beginning of a state when the same types come in another order, but not when a type is added or removed', async () => {
    const { history, close } = await open();
    const active = ['smoke', 'water', 'battery'];
    await history.writeStates([{ ...quiet, active }]);
    await history.writeStates([{ ...quiet, active: active.toReversed(), at: 500 }]);
    expect(await history.state(7)).toEqual({ ...quiet, active });
    await history.writeStates([{ ...quiet, active: ['smoke', 'water', 'mains'], at: 600 }]);
    expect(await history.state(7)).toMatchObject({ active: ['smoke', 'water', 'mains'], at: 600 });
    await history.writeStates([{ ...quiet, active: ['smoke', 'mains'], at: 700 }]);
    expect(await history.state(7)).toMatchObject({ active: ['smoke', 'mains'], at: 700 });
    await close();
  });

  it('keeps the newer of two states that are written at the same moment', async () => {
    const { history, close } = await open();
    await Promise.all([history.writeStates([{ ...quiet, active: ['smoke'], at: 31 }]), history.writeStates([{ ...quiet, at: 30 }])]);
    expect(await history.state(7)).toMatchObject({ active: ['smoke'], at: 31 });
    await close();
  });

  it('removes the oldest counts first and says how many', async () => {
    const { history, close } = await open();
    const minutes = [0, 60_000, 120_000, 180_000];
    await history.writeCounts(minutes.map((minute) => ({ minute, type: 'smoke', region: 'UK', partition: 0, count: 1 })));
    expect(await history.expire?.(150_000, 2)).toBe(2);
    expect((await history.counts(0, 200_000, undefined)).map(({ minute }) => minute)).toEqual([120_000, 180_000]);
    expect(await history.expire?.(150_000, 2)).toBe(1);
    expect(await history.expire?.(150_000, 2)).toBe(0);
    await close();
  });
});

describe('a damaged row of the embedded history', () => {
  const MINUTE = 60_000;
  const state = (sensor: number) => ({ sensor, geohash: 'u10j1xx00', region: 'UK', active: ['smoke'], at: 10 });
  const countOf = (minute: number) => ({ minute, type: 'smoke', region: 'UK', partition: 0, count: 12 });

  it.each(['sensor-states', 'minute-counts'] as const)(
    'in %s hides nothing but itself, whichever bit, and is told by its key',
    async (name) => {
      const { store, close } = await openTemporaryStore();
      const told = new Set<string>();
      const history = openEmbeddedHistory(store, { found: (kind, key) => void told.add(`${kind} ${key}`) });
      const write = async () => {
        await history.writeStates([state(7), state(8)]);
        await history.writeCounts([countOf(MINUTE), countOf(2 * MINUTE)]);
      };
      await write();
      const rows: Database<Buffer, Buffer> = store.root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
      const [row] = Array.from(rows.getRange({ limit: 1 }), ({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
      const isState = name === 'sensor-states';
      for (let bit = 0; row && bit < row.value.length * 8; bit += 1) {
        const changed = Buffer.from(row.value);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await rows.put(row.key, changed);
        const [states, damaged]: [number[], number[]] = [[], []];
        for await (const batch of history.states()) states.push(...batch.map(({ sensor }) => sensor));
        const counts = await history.counts(0, 3 * MINUTE, undefined, (minute) => void damaged.push(minute));
        expect(states).toEqual(isState ? [8] : [7, 8]);
        expect(await history.state(7)).toEqual(isState ? 'damaged' : state(7));
        expect(counts).toEqual(isState ? [countOf(MINUTE), countOf(2 * MINUTE)] : [countOf(2 * MINUTE)]);
        expect(damaged).toEqual(isState ? [] : [MINUTE]);
      }
      expect([...told]).toEqual([isState ? 'shown-state 7' : 'count 60000 smoke UK 0']);
      // Whole again once it is written again.
      await write();
      expect(await history.state(7)).toEqual(state(7));
      expect(await history.counts(0, 3 * MINUTE, 'smoke')).toEqual([countOf(MINUTE), countOf(2 * MINUTE)]);
      await history.close();
      await close();
    },
  );

  it('is none of what earlier versions wrote, without checksums', async () => {
    const { store, close } = await openTemporaryStore();
    const told: string[] = [];
    await store.root.openDB({ name: 'sensor-states', keyEncoding: 'uint32' }).put(7, ['u10j1xx00', 'UK', ['smoke'], 10]);
    await store.root.openDB({ name: 'minute-counts' }).put([MINUTE, 'smoke', 'UK', 0], 12);
    const history = openEmbeddedHistory(store, { found: (kind) => void told.push(kind) });
    expect(await history.state(7)).toEqual(state(7));
    expect(await history.counts(0, 2 * MINUTE, undefined)).toEqual([countOf(MINUTE)]);
    expect(told).toEqual([]);
    await history.close();
    await close();
  });
});
