/** The contract of every archive. What was put can be read once `put` has resolved. */
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALARM_STATES } from '../../alarm/alarm.ts';
import type { AlarmQuery, Archive, ArchivedAlarm, CustodyEntry } from '../../archive/port.ts';
import { alarmOf, NOON } from '../support/alarms.ts';
import { allOf } from '../support/parts.ts';

const TYPES = ['motion', 'smoke', 'water'];

/** Creates an empty archive. */
export type OpenArchive = () => Promise<{ readonly archive: Archive; close(): Promise<void> }>;

export function archiveContract(name: string, open: OpenArchive): void {
  describe(`archive: ${name}`, () => {
    let fixture: Awaited<ReturnType<OpenArchive>>;
    let archive: Archive;

    beforeEach(async () => {
      fixture = await open();
      archive = fixture.archive;
    });
    afterEach(() => fixture.close());

    it('knows nothing at first', async () => {
      expect(await archive.find('a1')).toBeUndefined();
      expect(await archive.custody('a1')).toEqual([]);
      expect(await allOf(archive.open())).toEqual([]);
      expect(await archive.query(queryOf())).toEqual({ alarms: [], cursor: undefined });
    });

    it('gives back an alarm with its evidence as it was put', async () => {
      const alarm = rowOf({ acknowledgedAt: NOON + 1, acknowledgedBy: 'Zoë', disposition: 'genuine' });
      await archive.put([alarm], []);
      expect(await archive.find(alarm.id)).toEqual(alarm);
    });

    it('keeps the newest version, whatever the order and however often they come', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
          async (puts) => {
            const id = `v${versions++}`;
            for (const put of puts)
              await archive.put(
                put.map((version) => rowOf({ id, version, lastSeenAt: NOON + version })),
                [],
              );
            const newest = Math.max(0, ...puts.flat());
            const found = await archive.find(id);
            if (newest === 0) expect(found).toBeUndefined();
            else expect(found).toMatchObject({ version: newest, lastSeenAt: NOON + newest });
          },
        ),
        { numRuns: 25 },
      );
    });

    it('never forgets a known place, and takes a missing one from the same version', async () => {
      await archive.put([rowOf({ version: 2, region: '', geohash: '' })], []);
      await archive.put([rowOf({ version: 2, region: 'UK', geohash: 'gcwfhf0kz' })], []);
      await archive.put([rowOf({ version: 2, region: '', geohash: '' })], []);
      expect(await archive.find(rowOf().id)).toMatchObject({ version: 2, region: 'UK', geohash: 'gcwfhf0kz' });
      await archive.put([rowOf({ version: 3, region: '', geohash: '' })], []);
      expect(await archive.find(rowOf().id)).toMatchObject({ version: 3, region: 'UK', geohash: 'gcwfhf0kz' });
      expect((await archive.query(queryOf({ region: 'UK' }))).alarms).toHaveLength(1);
    });

    it('gives custody in order of time, at equal times in the order of the steps', async () => {
      const steps: CustodyEntry[] = [
        { key: 'cleared', at: 30, kind: 'cleared', position: 'OK/0@1' },
        { key: 'raised', at: 20, kind: 'raised', position: 'ENTRY/0@9' },
        { key: 'mail 1', at: 21, kind: 'mailed', messageId: '<a@b>', reply: '250 OK' },
        { key: 'accepted ENTRY/0@9', at: 20, kind: 'accepted', position: 'ENTRY/0@9' },
        { key: 'accepted ENTRY/0@3', at: 10, kind: 'accepted', position: 'ENTRY/0@3' },
      ];
      await archive.put(
        [],
        steps.map((entry) => ({ alarm: 'a1', entry })),
      );
      await archive.put([], [{ alarm: 'a10', entry: { key: 'raised', at: 1, kind: 'raised' } }]);
      const found = await archive.custody('a1');
      expect(found.map(({ key }) => key)).toEqual(['accepted ENTRY/0@3', 'accepted ENTRY/0@9', 'raised', 'mail 1', 'cleared']);
      expect(found).toEqual(expect.arrayContaining(steps));
    });

    it('does not double a step of custody that is put again', async () => {
      const put = () => archive.put([rowOf()], [{ alarm: rowOf().id, entry: { key: 'raised', at: 20, kind: 'raised' } }]);
      await put();
      await put();
      expect(await archive.custody(rowOf().id)).toEqual([{ key: 'raised', at: 20, kind: 'raised' }]);
      expect((await archive.query(queryOf())).alarms).toHaveLength(1);
    });

    it('lists an alarm as open until it is over', async () => {
      await archive.put(
        ALARM_STATES.map((state, i) => rowOf({ id: state, state, raisedAt: NOON + i })),
        [],
      );
      expect(idsOf(await allOf(archive.open())).toSorted()).toEqual(['ACTIVE_ACK', 'ACTIVE_UNACK', 'CLEARED_UNACK']);
      await archive.put([rowOf({ id: 'CLEARED_UNACK', state: 'CLEARED_ACK', version: 2, raisedAt: NOON + 2 })], []);
      expect(idsOf(await allOf(archive.open())).toSorted()).toEqual(['ACTIVE_ACK', 'ACTIVE_UNACK']);
      expect(idsOf((await archive.query(queryOf({ states: ['ACTIVE_UNACK', 'ACTIVE_ACK'] }))).alarms)).toEqual([
        'ACTIVE_ACK',
        'ACTIVE_UNACK',
      ]);
      expect(idsOf((await archive.query(queryOf({ states: ['CLEARED_ACK'] }))).alarms)).toEqual(['CLEARED_ACK', 'CLEARED_UNACK']);
    });

    it('gives every open alarm once, with everything but its readings, however many there are', async () => {
      const rows = Array.from({ length: 1_203 }, (_, i) => rowOf({ id: `m${i}`, sensor: i, raisedAt: NOON + Math.floor(i / 700) }));
      const [first, ...others] = rows;
      const changed = {
        ...first,
        ...{ state: 'ACTIVE_ACK', version: 2, acknowledgedAt: NOON + 5, acknowledgedBy: 'Zoë' },
      } as ArchivedAlarm;
      const unplaced = rowOf({ id: 'unplaced', state: 'CLEARED_UNACK', clearedAt: NOON + 9, unchangedSince: 1, region: '', geohash: '' });
      await archive.put([...rows, unplaced], []);
      await archive.put([changed], []);
      const found = await allOf(archive.open());
      const brief = [changed, ...others, unplaced].map(({ evidence: _, ...rest }) => rest);
      expect(new Map(found.map((alarm) => [alarm.id, alarm]))).toEqual(new Map(brief.map((alarm) => [alarm.id, alarm])));
      expect(found).toHaveLength(brief.length);
    });

    it('does not open an alarm again, or list it as it was, when an older version comes late', async () => {
      await archive.put([rowOf({ state: 'CLEARED_ACK', version: 3 })], []);
      await archive.put([rowOf({ state: 'ACTIVE_UNACK', version: 1, region: '', geohash: '' })], []);
      await archive.put([rowOf({ state: 'CLEARED_UNACK', version: 2 }), rowOf({ state: 'ACTIVE_ACK', version: 1 })], []);
      expect(await allOf(archive.open())).toEqual([]);
      expect((await archive.query(queryOf({ states: ['ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK'] }))).alarms).toEqual([]);
      expect((await archive.query(queryOf())).alarms).toMatchObject([{ state: 'CLEARED_ACK', version: 3, region: 'UK' }]);
      expect((await archive.query(queryOf({ sensor: 42_959 }))).alarms).toMatchObject([{ state: 'CLEARED_ACK', version: 3 }]);
    });

    it('goes back through hours, days and years, of all sensors and of one', async () => {
      const day = 86_400_000;
      const ages = [0, 1, 3_599_999, 3_600_000, day - 1, day, 2 * day, 40 * day, 40 * day + 1, 400 * day];
      const alarms = ages.map((age, i) => rowOf({ id: `g${i}`, sensor: i % 2, raisedAt: NOON - age, state: 'CLEARED_ACK' }));
      await archive.put(alarms, []);
      for (const limit of [1, 3, 100]) {
        expect(idsOf(await allPages(archive, queryOf({ limit })))).toEqual(idsOf(alarms));
        expect(idsOf(await allPages(archive, queryOf({ limit, sensor: 1 })))).toEqual(['g1', 'g3', 'g5', 'g7', 'g9']);
        const span = queryOf({ limit, from: NOON - 40 * day, to: NOON - day });
        expect(idsOf(await allPages(archive, span))).toEqual(['g6', 'g7']);
      }
    });

    it('answers every filter with exactly the alarms that fit, newest first', async () => {
      const alarms = Array.from({ length: 60 }, (_, i) =>
        rowOf({
          id: `a${String(i).padStart(2, '0')}`,
          sensor: i % 5,
          type: TYPES[i % 3] ?? 'smoke',
          state: ALARM_STATES[i % 4] ?? 'ACTIVE_ACK',
          region: ['UK', 'Asia', 'Africa'][i % 7] ?? '',
          // Several in the same millisecond.
          raisedAt: NOON + Math.floor(i / 4) * 1_000,
        }),
      );
      await archive.put(alarms, []);
      const some = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
      const query = fc.record({
        states: fc.option(fc.subarray([...ALARM_STATES], { minLength: 1 }), { nil: undefined }),
        type: some([...TYPES, 'gas']),
        region: some(['UK', 'Asia', 'Africa', 'Oceania']),
        sensor: some([0, 1, 2, 3, 4, 5]),
        from: some([NOON, NOON + 1, NOON + 5_000]),
        to: some([NOON, NOON + 5_000, NOON + 9_001, NOON + 60_000]),
        limit: fc.integer({ min: 1, max: 70 }),
        cursor: fc.constant(undefined),
      });
      await fc.assert(
        fc.asyncProperty(query, async (asked) => {
          const expected = alarms.filter((alarm) => fits(alarm, asked)).sort(newestFirst);
          expect(idsOf(await allPages(archive, asked))).toEqual(idsOf(expected));
        }),
        { numRuns: 100 },
      );
    });

    it('gives every alarm once over all pages while newer ones arrive', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 9 }),
          fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 }),
          async (limit, arrivals) => {
            const sensor = 1_000 + sensors++;
            const row = (i: number) => rowOf({ id: `s${sensor}-${i}`, sensor, raisedAt: NOON + Math.floor(i / 3) });
            await archive.put(
              Array.from({ length: 20 }, (_, i) => row(i)),
              [],
            );
            let next = 20;
            const before = await allPages(archive, queryOf({ sensor, limit }), async () => {
              const count = arrivals.pop() ?? 0;
              await archive.put(
                Array.from({ length: count }, () => row(next++ + 10)),
                [],
              );
            });
            const ids = idsOf(before);
            expect(new Set(ids).size).toBe(ids.length);
            expect(ids).toEqual(expect.arrayContaining(Array.from({ length: 20 }, (_, i) => row(i).id)));
          },
        ),
        { numRuns: 15 },
      );
    });

    it.each(['', 'nonsense', Buffer.from('[1]').toString('base64url'), Buffer.from('{"raisedAt":1}').toString('base64url')])(
      'refuses a cursor that it did not give out: "%s"',
      async (cursor) => {
        await expect(archive.query(queryOf({ cursor }))).rejects.toMatchObject({ code: 'bad-cursor' });
      },
    );
  });
}

let versions = 0;
let sensors = 0;

function rowOf(changes: Partial<ArchivedAlarm> = {}): ArchivedAlarm {
  return { ...alarmOf(), region: 'UK', geohash: 'gcwfhf0kz', ...changes };
}

function queryOf(changes: Partial<AlarmQuery> = {}): AlarmQuery {
  const all = { states: undefined, type: undefined, region: undefined, sensor: undefined, from: undefined, to: undefined };
  return { ...all, limit: 100, cursor: undefined, ...changes };
}

function fits(alarm: ArchivedAlarm, { states, type, region, sensor, from, to }: AlarmQuery): boolean {
  return (
    (states?.includes(alarm.state) ?? true) &&
    (type === undefined || alarm.type === type) &&
    (region === undefined || alarm.region === region) &&
    (sensor === undefined || alarm.sensor === sensor) &&
    (from === undefined || alarm.raisedAt >= from) &&
    (to === undefined || alarm.raisedAt < to)
  );
}

function newestFirst(a: ArchivedAlarm, b: ArchivedAlarm): number {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : -1);
}

async function allPages(
  archive: Archive,
  query: AlarmQuery,
  between: () => Promise<void> = async () => undefined,
): Promise<ArchivedAlarm[]> {
  const all: ArchivedAlarm[] = [];
  let cursor: string | undefined;
  do {
    const page = await archive.query({ ...query, cursor });
    expect(page.alarms.length).toBeLessThanOrEqual(query.limit);
    all.push(...page.alarms);
    cursor = page.cursor;
    await between();
  } while (cursor !== undefined);
  return all;
}

function idsOf(alarms: readonly { readonly id: string }[]): string[] {
  return alarms.map(({ id }) => id);
}
