import { describe, expect, it } from 'vitest';
import { PlacesKeeper } from '../../../console/live/places-keeper.ts';
import type { Directory } from '../../../directory/port.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';

const MINUTE = 60_000;

/** A directory of this many sensors that gives ten in a part; the parts in `failAt` fail once. */
function directoryOf(sensors: number, failAt: number[], fault: Error = new TransientError('away', 'a node is slow')) {
  const given: number[] = [];
  const state = { sensors, given, failAt, unplaced: [] as number[] };
  const places: Directory['places'] = async function* (from = '0') {
    for (let first = Number(from); first < state.sensors; first += 10) {
      if (state.failAt[0] === first / 10) {
        state.failAt.shift();
        throw fault;
      }
      given.push(first / 10);
      const ids = Array.from({ length: Math.min(10, state.sensors - first) }, (_, i) => first + i);
      yield {
        placed: ids
          .filter((id) => !state.unplaced.includes(id))
          .map((sensor) => ({ sensor, latitude: 50, longitude: 8, geohash: 'u0', region: 'CentroEurope' })),
        unplaced: ids.filter((id) => state.unplaced.includes(id)),
        next: first + 10 < state.sensors ? String(first + 10) : undefined,
      };
    }
  };
  return { state, directory: { size: async () => state.sensors, places } as unknown as Directory };
}

describe('the places that the map needs', () => {
  it('are read to their end however often a part fails, each part once', async () => {
    const { state, directory } = directoryOf(95, [3, 3, 7]);
    const health = new Health();
    const keeper = new PlacesKeeper({ directory, health });
    await keeper.refresh();
    expect(keeper.file).toBeUndefined();
    await keeper.refresh();
    await keeper.refresh();
    await keeper.refresh();
    expect(keeper.file?.count).toBe(95);
    expect(state.given).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('do not prevent readiness while they are missing, but that is reported', async () => {
    const { directory } = directoryOf(20, [0]);
    const health = new Health();
    const keeper = new PlacesKeeper({ directory, health });
    await keeper.refresh();
    expect(health.ready).toBe(true);
    expect(health.notices()).toEqual({
      'console-places': 'the places of the sensors cannot be read, so the map is missing or out of date: a node is slow',
    });
    await keeper.refresh();
    expect(health.notices()).toEqual({});
  });

  it('are read from the beginning if the place to continue is refused', async () => {
    const { state, directory } = directoryOf(30, [1], new PermanentError('cassandra-refused', 'Invalid value for the paging state'));
    const keeper = new PlacesKeeper({ directory, health: new Health() });
    await keeper.refresh();
    await keeper.refresh();
    expect(keeper.file?.count).toBe(30);
    expect(state.given).toEqual([0, 0, 1, 2]);
  });

  it('are read again when the number of clients has changed, and now and then when not, since places change too', async () => {
    let now = 0;
    const { state, directory } = directoryOf(10, []);
    const keeper = new PlacesKeeper({ directory, health: new Health() }, () => now);
    await keeper.refresh();
    await keeper.refresh();
    expect(state.given).toEqual([0]);
    state.unplaced = [4];
    now += 9 * MINUTE;
    await keeper.refresh();
    expect(keeper.file?.unplaced).toEqual([]);
    now += 2 * MINUTE;
    await keeper.refresh();
    expect(keeper.file).toMatchObject({ count: 9, unplaced: [4] });
    expect(keeper.described()).toMatchObject({ count: 9 });
    state.sensors = 12;
    await keeper.refresh();
    expect(keeper.file?.count).toBe(11);
  });

  it('are read no more than a fiftieth of the time, failed attempts included', async () => {
    let now = 0;
    const { state, directory } = directoryOf(30, [1]);
    const slow: Directory = {
      ...directory,
      places: async function* (from) {
        now += MINUTE;
        yield* directory.places(from);
      },
    };
    const keeper = new PlacesKeeper({ directory: slow, health: new Health() }, () => now);
    expect(keeper.described()).toBeNull();
    await keeper.refresh();
    await keeper.refresh();
    expect(state.given).toHaveLength(3);
    now += 100 * MINUTE - 1;
    await keeper.refresh();
    expect(state.given).toHaveLength(3);
    now += 1;
    await keeper.refresh();
    expect(state.given).toHaveLength(6);
  });
});
