import { describe, expect, it } from 'vitest';
import { ClientCache } from '../../../directory/client-cache.ts';
import { clientOf } from '../../support/alarms.ts';

const KEPT_MS = 10_000;

function cacheFor(keepMs = KEPT_MS) {
  const time = { now: 1_000 };
  const cache = new ClientCache(keepMs, () => time.now);
  /** Looks a client up and finds it. */
  const found = (id: number, city = 'Leeds'): void => cache.lookingUp()(clientOf({ id, city }));
  return { cache, time, found };
}

describe('a client that was looked up', () => {
  it('is known for a while, and then has to be looked up again', () => {
    const { cache, time, found } = cacheFor();
    found(7);
    expect(cache.get(7)).toEqual(clientOf({ id: 7 }));
    expect(cache.get(8)).toBeUndefined();
    time.now += KEPT_MS - 1;
    expect(cache.get(7)).toBeDefined();
    time.now += 1;
    expect(cache.get(7)).toBeUndefined();
    found(7, 'York');
    expect(cache.get(7)?.city).toBe('York');
  });

  it('is known for as long again each time', () => {
    const { cache, time, found } = cacheFor();
    found(7);
    time.now += KEPT_MS - 1;
    found(7, 'York');
    time.now += KEPT_MS - 1;
    expect(cache.get(7)?.city).toBe('York');
  });

  it('is not known any more once it was written, nor what was being looked up meanwhile', () => {
    const { cache, found } = cacheFor();
    for (const id of [7, 8]) found(id);
    const lookedUp = cache.lookingUp();
    cache.changed([7]);
    expect([cache.get(7), cache.get(8)?.id]).toEqual([undefined, 8]);
    lookedUp(clientOf({ id: 7, city: 'before' }));
    expect(cache.get(7)).toBeUndefined();
    found(7, 'after');
    expect(cache.get(7)?.city).toBe('after');
  });

  it('is not known where nothing is to be kept', () => {
    const { cache, found } = cacheFor(0);
    found(7);
    expect(cache.get(7)).toBeUndefined();
  });
});

describe('of more clients than there is room for', () => {
  it('those are forgotten that were looked up the longest ago', () => {
    const { cache, found } = cacheFor();
    for (let id = 0; id < 5_000; id += 1) found(id);
    expect(cache.get(0)).toBeDefined();
    found(0);
    found(5_000);
    expect([cache.get(0)?.id, cache.get(1), cache.get(2)?.id, cache.get(5_000)?.id]).toEqual([0, undefined, 2, 5_000]);
  });
});
