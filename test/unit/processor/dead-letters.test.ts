import { expect, it } from 'vitest';
import { park, parkRecord } from '../../../processor/dead-letters.ts';
import { decodeDeadLetter } from '../../../records/dead-letter.ts';
import { NOON } from '../../support/alarms.ts';
import { batchOf } from '../../support/batches.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const letters = (log: MemoryLog) => log.all('DEAD').map(({ key, at, value }) => ({ key, written: at, ...decodeDeadLetter(value).value }));

it('a letter has the key of its record, its value and its place', async () => {
  const log = new MemoryLog();
  const batch = batchOf('COUNT', 4, [
    { key: 1, at: NOON, value: 'first' },
    { key: 7, at: NOON + 5, value: 'no count' },
  ]);
  await parkRecord(log, batch, 1, 'not JSON', 'counter');
  const place = { topic: 'COUNT', partition: 0, offset: 5 };
  expect(letters(log)).toEqual([
    { key: 7, written: NOON + 5, ...place, at: NOON + 5, reason: 'not JSON', by: 'counter', value: 'no count' },
  ]);
});

it.each([
  ['plain text', 'a'.repeat(1_000_000), 65_536],
  ['what takes six bytes each as JSON', '\u0001'.repeat(1_000_000), 6 * 65_536],
  ['characters of several bytes', '€'.repeat(300_000), 65_537],
])('a letter fits into the log, however long its record is: %s', async (_, value, bytes) => {
  const log = new MemoryLog();
  await parkRecord(log, batchOf('ENTRY', 0, [{ key: 7, at: NOON, value }]), 0, 'too long', 'processor');
  const written = log.all('DEAD')[0]?.value ?? '';
  const said = decodeDeadLetter(written).value?.value ?? '';
  expect(said.length).toBeGreaterThan(20_000);
  expect(value.startsWith(said.slice(0, -1))).toBe(true);
  expect(Buffer.byteLength(written)).toBeLessThan(bytes + 300);
});

it('a letter made by the caller is written to DEAD unchanged', async () => {
  const log = new MemoryLog();
  const letter = { topic: 'ALARM', partition: 0, offset: 4, at: NOON, reason: 'no such mailbox', by: 'mailer', value: '{}' };
  await park(log, 7, NOON + 1, letter);
  expect(letters(log)).toEqual([{ key: 7, written: NOON + 1, ...letter }]);
});
