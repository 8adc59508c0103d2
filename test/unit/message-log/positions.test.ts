import type { Database } from 'lmdb';
import { expect, it } from 'vitest';
import { Positions } from '../../../message-log/embedded/positions.ts';

const positions = (stored: Readonly<Record<string, number>> = {}): Positions =>
  new Positions({ getRange: () => Object.entries(stored).map(([key, value]) => ({ key, value })) } as unknown as Database<number, string>);

it('a consumer continues where it was, and a new one begins where it is told', () => {
  const kept = positions({ 'mails/ALARM/1': 20 });
  expect(kept.get('mails', 'ALARM', 1)).toBe(20);
  expect(kept.begin('mails', 'ALARM', 1, 3)).toBe(20);
  expect(kept.begin('mails', 'ALARM', 2, 3)).toBe(3);
  expect(kept.get('mails', 'ALARM', 2)).toBeUndefined();
});

it('a committed position is found again, under its stored name', () => {
  const kept = positions();
  expect(kept.change('mails', 'ALARM', 1, 7)).toEqual({ name: 'mails/ALARM/1', position: 7 });
  expect(kept.get('mails', 'ALARM', 1)).toBeUndefined();
  kept.committed('mails', 'ALARM', 1, 7);
  expect(kept.get('mails', 'ALARM', 1)).toBe(7);
});

it('retention waits for the consumer that is furthest behind, even one that has committed nothing yet', () => {
  const kept = positions({ 'a/OK/1': 9, 'b/OK/1': 5, 'c/OK/11': 1, 'd/ENTRY/1': 2 });
  expect(kept.lowest('OK', 1)).toBe(5);
  expect(kept.lowest('OK', 2)).toBe(Number.POSITIVE_INFINITY);
  kept.begin('new', 'OK', 1, 3);
  kept.begin('new', 'OK', 2, 4);
  expect([kept.lowest('OK', 1), kept.lowest('OK', 2)]).toEqual([3, 4]);
  kept.committed('new', 'OK', 1, 8);
  expect(kept.lowest('OK', 1)).toBe(5);
});
