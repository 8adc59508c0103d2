/** Pages of the audit trail: all rows of a time, each once, the newest first, whatever lies around them, and little work for each page. */
import { expect, it } from 'vitest';
import { Chain } from '../../../console/audit/chain.ts';
import { pageOfRows, type RowFilter } from '../../../console/audit/page-of-rows.ts';
import { severalRecords } from '../../../message-log/several-records.ts';
import type { AuditEvent, AuditRow } from '../../../records/audit-row.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const START = Date.parse('2026-01-01T00:00:00Z');
const ROWS = 20_000;
const at = (i: number): number => START + i * 10 * MINUTE;
const viewed = (sensor: number): AuditEvent => ({
  action: 'sensor-viewed',
  by: sensor % 2_000 === 7 ? 'Ben' : 'Ann',
  as: 'user',
  from: '::1',
  on: [{ sensor }],
});

/** Four months of rows by two consoles, and one that says six hours later what was lost. */
async function filled() {
  const log = new MemoryLog(2);
  const chains = [new Chain(), new Chain()] as const;
  const all: AuditRow[] = [];
  const write = async (chain: Chain, event: AuditEvent, time: number, writtenAt = time) => {
    const { text } = chain.add(event, time);
    all.push(JSON.parse(text));
    await log.append('AUDIT', severalRecords([{ key: chain.key, value: text }]), writtenAt);
  };
  for (let i = 0; i < ROWS; i += 1) {
    await write(i % 2 === 0 ? chains[0] : chains[1], viewed(i), at(i));
    if (i === 10_036)
      await write(chains[0], { action: 'lost', by: 'tocsin', as: 'system', from: '', count: 9, until: at(i) }, at(i) - 6 * HOUR, at(i));
  }
  let readers = 0;
  const counted = {
    partitions: 2,
    bounds: (...place: Parameters<MemoryLog['bounds']>) => log.bounds(...place),
    offsetAt: (...place: Parameters<MemoryLog['offsetAt']>) => log.offsetAt(...place),
    reader: (...place: Parameters<MemoryLog['reader']>) => {
      readers += 1;
      return log.reader(...place);
    },
  };
  const pages = async (filter: Partial<RowFilter>, limit: number) => {
    const whole: RowFilter = { from: undefined, to: undefined, by: undefined, action: undefined, ...filter };
    const rows: AuditRow[] = [];
    const readersOf: number[] = [];
    for (let cursor: readonly number[] | undefined, first = true; first || cursor !== undefined; first = false) {
      readers = 0;
      const page = await pageOfRows(counted, whole, limit, cursor);
      rows.push(...page.rows);
      cursor = page.cursor;
      readersOf.push(readers);
    }
    return { rows, readersOf };
  };
  return { all, pages };
}

const idsOf = (rows: readonly AuditRow[]): string[] => rows.map(({ chain, n }) => `${chain} ${n}`).toSorted();

it('of an old time are found without reading what came later, and have the row that was written late', async () => {
  const { all, pages } = await filled();
  const [from, to] = [at(9_900), at(10_020)];
  const { rows, readersOf } = await pages({ from, to }, 50);
  expect(idsOf(rows)).toEqual(idsOf(all.filter((row) => (row.until ?? row.at) >= from && row.at < to)));
  expect(rows.some(({ action }) => action === 'lost')).toBe(true);
  expect(Math.max(...readersOf)).toBeLessThan(8);
  const seen = rows.filter(({ action }) => action !== 'lost').map((row) => row.at);
  expect(seen).toEqual(seen.toSorted((a, b) => b - a));
});

it('that let little through are short pages with a cursor, until all is found', async () => {
  const { all, pages } = await filled();
  const { rows, readersOf } = await pages({ by: 'Ben' }, 100);
  expect(idsOf(rows)).toEqual(idsOf(all.filter(({ by }) => by === 'Ben')));
  expect(Math.max(...readersOf)).toBeLessThan(16);
  expect(readersOf.length).toBeGreaterThan(3);
});

it('of a time before the first row, or of one to come, are empty or begin at the end', async () => {
  const { all, pages } = await filled();
  expect((await pages({ to: START - 2 * DAY }, 100)).rows).toEqual([]);
  expect((await pages({ from: at(ROWS - 10), to: at(ROWS) + 10 * DAY }, 100)).rows.length).toBe(10);
  expect((await pages({ from: at(ROWS) + DAY }, 100)).rows).toEqual([]);
  expect(all.length).toBe(ROWS + 1);
});
