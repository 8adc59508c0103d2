/** The trail by itself: chains that hold, floods that don't fill it, and what a check of the chains sees. */
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Chain, hashOfRow } from '../../../console/audit/chain.ts';
import { AuditKey } from '../../../console/audit/key.ts';
import { ChainCheck } from '../../../console/audit/chain-check.ts';
import { AuditTrail } from '../../../console/audit/trail.ts';
import type { AuditEvent, ChainEnd } from '../../../records/audit-row.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const trailOn = (log: Pick<MemoryLog, 'append'>, health = new Health(), waitingMax = 1_000_000) =>
  AuditTrail.start({ log, health, waitingMax, clock: Date.now, logger: pino({ level: 'silent' }), endFile: undefined });
const viewed = (sensor: number): AuditEvent => ({ action: 'sensor-viewed', by: 'Ann', as: 'user', from: '::1', on: [{ sensor }] });
const failed = (i: number): AuditEvent => ({
  action: 'sign-in-failed',
  by: '',
  as: 'nobody',
  from: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
});
const WHOLE = { earliest: new Map([[0, 0]]), isWhole: true };

const check = (texts: readonly string[], ends: readonly ChainEnd[] = [], read = WHOLE) => {
  const chains = new ChainCheck(ends);
  for (const [i, text] of texts.entries()) chains.add({ text, partition: 0, offset: (read.earliest.get(0) ?? 0) + i });
  return chains.result(read);
};

/** The texts of a run with so many views, as they are in the log. */
async function run(views: number, log = new MemoryLog()): Promise<string[]> {
  const trail = await trailOn(log);
  for (let sensor = 0; sensor < views; sensor += 1) trail.record(viewed(sensor));
  await trail.stop();
  return log.all('AUDIT').map(({ value }) => value);
}

describe('a flood', () => {
  it.each([
    ['of one address', () => failed(1)],
    ['of addresses', failed],
  ])('of 10,000 failed sign-ins a minute %s adds few rows, and loses none of the count', async (_, event) => {
    const log = new MemoryLog();
    const trail = await trailOn(log);
    for (let i = 0; i < 10_000; i += 1) trail.recordOften(event(i));
    await trail.stop();
    const rows = log.all('AUDIT').map(({ value }) => JSON.parse(value));
    const about = rows.filter(({ action }) => action === 'sign-in-failed');
    expect(about.length).toBeLessThan(100);
    expect(about.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(10_000);
  });

  it('of one caller hides nothing of what another does, and its own number is kept under its name', async () => {
    const log = new MemoryLog();
    const trail = await trailOn(log);
    for (let sensor = 0; sensor < 10_000; sensor += 1) trail.recordOften(viewed(sensor));
    trail.recordOften({ ...viewed(7), by: 'Ben' });
    await trail.stop();
    const rows = log.all('AUDIT').map(({ value }) => JSON.parse(value));
    expect(rows).toContainEqual(expect.objectContaining({ by: 'Ben', on: [{ sensor: 7 }] }));
    const own = rows.filter(({ by }) => by === 'Ann');
    expect(own.length).toBeLessThan(1_000);
    expect(own.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(10_000);
  });

  it('of wrong passwords for known names hides nothing of what somebody does who is signed in', async () => {
    const log = new MemoryLog();
    const trail = await trailOn(log);
    for (let i = 0; i < 10_000; i += 1) trail.recordOften({ ...failed(i), by: i % 2 ? 'Ann' : 'Ben' });
    trail.recordOften({ ...viewed(7), by: 'Cat' });
    await trail.stop();
    const rows = log.all('AUDIT').map(({ value }) => JSON.parse(value));
    expect(rows).toContainEqual(expect.objectContaining({ by: 'Cat', on: [{ sensor: 7 }] }));
    expect(rows.length).toBeLessThan(100);
  });

  it('of unknown callers hides nothing of what a known one does', async () => {
    const log = new MemoryLog();
    const trail = await trailOn(log);
    for (let i = 0; i < 10_000; i += 1) trail.recordOften(failed(i));
    trail.recordOften(viewed(7));
    await trail.stop();
    expect(log.all('AUDIT').map(({ value }) => JSON.parse(value))).toContainEqual(
      expect.objectContaining({ by: 'Ann', on: [{ sensor: 7 }] }),
    );
  });
});

describe('a chain', () => {
  it('is in order from the first to the last row, over several runs at once', async () => {
    const log = new MemoryLog();
    const trails = await Promise.all([trailOn(log), trailOn(log), trailOn(log)]);
    for (let sensor = 0; sensor < 300; sensor += 1) {
      trails[sensor % 3]?.record(viewed(sensor));
      if (sensor % 10 === 0) await Promise.resolve();
    }
    await Promise.all(trails.map((trail) => trail.stop()));
    expect(check(log.all('AUDIT').map(({ value }) => value))).toMatchObject({ problems: [], chains: 3, rows: 306 });
  });

  it('is in order when the log has written rows of an append that it refused', async () => {
    const log = new MemoryLog();
    let refusals = 0;
    const half = {
      append: async (...[topic, records, at]: Parameters<MemoryLog['append']>) => {
        if (refusals > 2) return log.append(topic, records, at);
        refusals += 1;
        await log.append(topic, { ...records, length: Math.ceil(records.length / 2) }, at);
        throw new TransientError('log-unavailable', 'no answer in time');
      },
    };
    const trail = await trailOn(half);
    for (let sensor = 0; sensor < 20; sensor += 1) trail.record(viewed(sensor));
    await expect.poll(() => trail.waiting).toBe(0);
    await trail.stop();
    const texts = log.all('AUDIT').map(({ value }) => value);
    expect(texts.length).toBeGreaterThan(22);
    expect(check(texts).problems).toEqual([]);
  });

  it('shows any row that was changed, removed, added or moved, but for the last one, whose hash is kept elsewhere', async () => {
    const texts = await run(30);
    const last = JSON.parse(texts.at(-1) ?? '');
    const end = { chain: last.chain, n: last.n, hash: hashOfRow(texts.at(-1) ?? '') };
    expect(check(texts, [end]).problems).toEqual([]);
    const place = fc.integer({ min: 0, max: texts.length - 1 });
    const harm = fc.oneof(
      place.map((i) => texts.toSpliced(i, 1)),
      place.map((i) => texts.with(i, (texts[i] ?? '').replace(/"at":\d/, '"at":9'))),
      place.map((i) => texts.slice(0, i)),
      fc
        .tuple(place, place)
        .filter(([i, j]) => Math.abs(i - j) > 0)
        .map(([i, j]) => texts.with(i, texts[j] ?? '').with(j, texts[i] ?? '')),
      place.map((i) => texts.toSpliced(i, 0, (texts[i] ?? '').replace('Ann', 'Bob').replace('tocsin', 'Bob'))),
      place.map((i) => texts.with(i, 'not a row')),
    );
    fc.assert(
      fc.property(harm, (harmed) => {
        expect(check(harmed, [end]).problems).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('names the chain and the row', async () => {
    const texts = await run(5);
    const { chain } = JSON.parse(texts[0] ?? '');
    expect(check(texts.toSpliced(2, 1)).problems).toEqual([`chain ${chain}: row 2 is missing`]);
    expect(check(texts.with(3, (texts[3] ?? '').replace('Ann', 'Bob'))).problems).toEqual([
      expect.stringContaining(`chain ${chain}: row 3 was changed`),
    ]);
  });

  it('whose beginning retention has removed is in order, and that is said', async () => {
    const texts = await run(20);
    const removed = check(texts.slice(8), [], { earliest: new Map([[0, 8]]), isWhole: true });
    expect(removed).toMatchObject({
      problems: [],
      unseen: [expect.stringContaining('no longer kept'), expect.anything(), expect.stringContaining('without a signature')],
    });
    expect(check(texts.slice(8)).problems).toEqual([expect.stringContaining('rows 0 to 7')]);
  });

  it('whose end may still be in a journal is not called broken', async () => {
    const texts = await run(20);
    const { chain } = JSON.parse(texts[0] ?? '');
    const end = { chain, n: 25, hash: 'x'.repeat(43) };
    expect(check(texts, [end], { ...WHOLE, isWhole: false })).toMatchObject({
      problems: [],
      unseen: [expect.stringContaining('rows 22 to 25'), expect.stringContaining('without a signature')],
    });
    expect(check(texts, [end]).problems).toEqual([expect.stringContaining('rows 22 to 25 at its end')]);
    // Right after a start all of it is there.
    expect(check([], [end], { ...WHOLE, isWhole: false })).toMatchObject({
      problems: [],
      unseen: [expect.stringContaining('rows 0 to 25')],
    });
  });
});

describe('a signed chain', () => {
  const [KEY, OLD] = [new AuditKey('a secret of this system'), new AuditKey('the secret of last year')];
  const written = (key: AuditKey | undefined, names: readonly string[], at = 1_000) => {
    const chain = new Chain(key);
    const rows = names.map((by, i) => chain.add({ ...viewed(i), by }, at + i));
    return { texts: rows.map(({ text }) => text), end: rows.at(-1)?.end as ChainEnd };
  };
  const checked = (texts: readonly string[], ends: readonly ChainEnd[], keys: readonly AuditKey[]) => {
    const chains = new ChainCheck(ends, keys);
    for (const [offset, text] of texts.entries()) chains.add({ text, partition: 0, offset });
    return chains.result(WHOLE);
  };
  const { texts, end } = written(KEY, ['Ann', 'Ben', 'Cat', 'Dan']);

  /** What somebody can write who knows all of the program, the rows and the files, but not the key. */
  function forged(change: (row: Record<string, unknown>) => object, key?: AuditKey): { texts: string[]; end: ChainEnd } {
    let prev = '';
    const changed = texts.map((text) => {
      const { mac, ...row } = JSON.parse(text);
      const unsigned = JSON.stringify({ ...change(row), prev });
      const made = key ? key.sign(unsigned) : `${unsigned.slice(0, -1)},"mac":"${mac}"}`;
      prev = hashOfRow(made);
      return made;
    });
    return { texts: changed, end: { ...end, hash: prev } };
  }

  it('is in order, and all of it is said to be signed', () => {
    expect(checked(texts, [end], [KEY])).toMatchObject({ problems: [], signed: 4, unseen: [] });
  });

  it.each([
    ['a name was changed', (row: object) => ({ ...row, ...('by' in row && row.by === 'Cat' ? { by: 'Bob' } : {}) })],
    ['its last name was changed', (row: object) => ({ ...row, ...('by' in row && row.by === 'Dan' ? { by: 'Bob' } : {}) })],
  ])('computed anew from one row to the end, the file included, is not passed: %s', (_, change) => {
    const { texts: made, end: said } = forged(change);
    expect(checked(made, [said], [KEY]).problems).not.toEqual([]);
    const other = forged(change, OLD);
    expect(checked(other.texts, [other.end], [KEY, OLD]).problems).not.toEqual([]);
  });

  it('that is said to have ended earlier is not passed', () => {
    const earlier = { chain: end.chain, n: 1, hash: hashOfRow(texts[1] ?? '') };
    for (const mac of [undefined, end.mac]) expect(checked(texts.slice(0, 2), [{ ...earlier, mac }], [KEY]).problems).not.toEqual([]);
  });

  it('in whose place somebody puts one without signatures is missed, while others of that time are signed', () => {
    const before = written(KEY, ['Eve', 'Fay'], 500);
    const instead = written(undefined, ['Bob', 'Bob', 'Bob', 'Bob']);
    expect(checked([...before.texts, ...texts], [before.end, end], [KEY]).problems).toEqual([]);
    expect(checked([...before.texts, ...instead.texts], [before.end, instead.end], [KEY]).problems).toEqual([
      expect.stringContaining('not signed'),
    ]);
  });

  it('after chains of earlier versions, which are checked by their hashes, says how far it is signed', () => {
    const before = written(undefined, ['Eve', 'Fay'], 500);
    expect(checked([...before.texts, ...texts], [before.end, end], [KEY])).toMatchObject({
      problems: [],
      signed: 4,
      unseen: [expect.stringContaining('2 rows without a signature')],
    });
  });

  it('is checked with the key of its time; a key that is not here is named, and is no fault', () => {
    const before = written(OLD, ['Eve', 'Fay'], 500);
    const all = [...before.texts, ...texts];
    expect(checked(all, [before.end, end], [KEY, OLD])).toMatchObject({ problems: [], signed: 6, unseen: [] });
    expect(checked(all, [before.end, end], [KEY])).toMatchObject({ problems: [], signed: 4, unseen: [expect.stringContaining(OLD.id)] });
    expect(JSON.stringify(all)).not.toContain('secret');
  });
});
