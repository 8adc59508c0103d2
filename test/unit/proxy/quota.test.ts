import { describe, expect, it } from 'vitest';
import { clientOf, Quota } from '../../../proxy/intake/quota.ts';

const ROOM = 100_000;

describe('a quota', () => {
  it('limits nobody at 0', () => {
    expect([new Quota(0).limited, new Quota(1).limited]).toEqual([false, true]);
  });

  it('is one second’s worth, even after a long silence', () => {
    const quota = new Quota(10);
    quota.spend('a', 1, 0);
    quota.spend('a', 9, 3_600_000);
    expect(quota.wait('a', 3_600_000)).toBe(0);
    quota.spend('a', 1, 3_600_000);
    expect(quota.wait('a', 3_600_000)).toBeCloseTo(0.1);
    expect(quota.wait('a', 3_600_050)).toBe(0);
  });

  it('has a fixed number of places, and gives that of a client without debt to the next one', () => {
    const quota = new Quota(10);
    for (let i = 0; i < ROOM; i += 1) quota.spend(`client ${i}`, i === 3 ? 5 : 100, 0);
    expect(quota.size).toBe(ROOM);
    quota.spend('another', 50, 0);
    expect(quota.size).toBe(ROOM);
    expect(quota.wait('another', 0)).toBeCloseTo(4.1);
    // The client with most left is like a new one; all others are still in debt.
    expect([0, 1, 2, 4, 15, 16].map((i) => quota.wait(`client ${i}`, 0) > 9)).toEqual([true, true, true, true, true, true]);
  });

  it('examines sixteen clients for a place, others each time, in a circle', () => {
    const quota = new Quota(10);
    const owes = (i: number): number => (i % 16 === 15 ? 20 : 100);
    for (let i = 0; i < ROOM; i += 1) quota.spend(`client ${i}`, owes(i), 0);
    for (let i = 0; i < ROOM / 16; i += 1) quota.spend(`new ${i}`, 1_000, 0);
    expect(quota.size).toBe(ROOM);
    for (const i of [0, 14, 30, ROOM - 2]) expect(quota.wait(`client ${i}`, 0)).toBeCloseTo(9.1);
    for (const i of [0, 1, ROOM / 16 - 1]) expect(quota.wait(`new ${i}`, 0)).toBeCloseTo(99.1);
    expect(quota.size).toBe(ROOM);
  });

  it('takes the first one that owes nothing by now', () => {
    const quota = new Quota(10);
    for (let i = 0; i < ROOM; i += 1) quota.spend(`client ${i}`, i === 2 || i === 5 ? 20 : 100_000, 0);
    quota.spend('one', 1_000, 10_000);
    quota.spend('other', 1_000, 10_000);
    expect(quota.wait('client 1', 10_000)).toBeGreaterThan(9_000);
    expect(quota.wait('one', 10_000)).toBeCloseTo(99.1);
    expect(quota.wait('other', 10_000)).toBeCloseTo(99.1);
  });
});

it('a quota belongs to the gateway, the sensor, or the address if the sender is unknown', () => {
  expect(clientOf({ gateway: 'g', sensor: undefined }, '::1')).toBe('gateway g');
  expect(clientOf({ gateway: undefined, sensor: 7 }, '::1')).toBe('sensor 7');
  expect(clientOf(undefined, '::1')).toBe('address ::1');
});
