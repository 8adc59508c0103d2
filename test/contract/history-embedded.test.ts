import { describe, expect, it } from 'vitest';
import { openEmbeddedHistory } from '../../history/embedded.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import { historyContract } from './history.ts';

const open = async () => {
  const { store, close } = await openTemporaryStore();
  const history = openEmbeddedHistory(store);
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
