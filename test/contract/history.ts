/** The contract of every history. What was written can be read once the write has resolved. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { History, MinuteCount, SensorState } from '../../history/port.ts';

/** Creates an empty history. */
export type OpenHistory = () => Promise<{ readonly history: History; close(): Promise<void> }>;

const MINUTE = Date.UTC(2026, 10, 24, 13, 32);
const MINUTE_MS = 60_000;

export function historyContract(name: string, open: OpenHistory): void {
  describe(`history: ${name}`, () => {
    let fixture: Awaited<ReturnType<OpenHistory>>;
    let history: History;

    beforeEach(async () => {
      fixture = await open();
      history = fixture.history;
    });
    afterEach(() => fixture.close());

    it('knows no state and no counts at first', async () => {
      expect(await history.state(1)).toBeUndefined();
      expect(await allStates(history)).toEqual([]);
      expect(await history.counts(0, MINUTE * 2, undefined)).toEqual([]);
    });

    it('shows the newest state of a sensor, whatever the order of writing', async () => {
      await history.writeStates([stateOf({ active: ['smoke'], at: MINUTE + 1 }), stateOf({ active: [], at: MINUTE + 3 })]);
      await history.writeStates([stateOf({ active: ['motion'], at: MINUTE + 2 })]);
      expect(await history.state(7)).toEqual(stateOf({ active: [], at: MINUTE + 3 }));
    });

    it('keeps the last written of two states with the same time', async () => {
      await history.writeStates([stateOf({ active: ['smoke'] })]);
      await history.writeStates([stateOf({ active: ['smoke', 'motion'] })]);
      expect(await history.state(7)).toEqual(stateOf({ active: ['smoke', 'motion'] }));
    });

    it('gives the latest state of every sensor once', async () => {
      const states = Array.from({ length: 1_234 }, (_, i) => stateOf({ sensor: i * 3, active: i % 2 === 0 ? [] : ['temperature'] }));
      await history.writeStates(states);
      await history.writeStates([stateOf({ sensor: 3, active: [], at: MINUTE + 1 })]);
      const expected = states.with(1, stateOf({ sensor: 3, active: [], at: MINUTE + 1 }));
      expect((await allStates(history)).toSorted((a, b) => a.sensor - b.sensor)).toEqual(expected);
    });

    it('replaces a count, never adds to it', async () => {
      await history.writeCounts([countOf({ count: 3 })]);
      await history.writeCounts([countOf({ count: 5 })]);
      await history.writeCounts([countOf({ count: 5 })]);
      expect(await history.counts(MINUTE, MINUTE + MINUTE_MS, undefined)).toEqual([countOf({ count: 5 })]);
    });

    it('keeps types, regions and partitions apart', async () => {
      const counts = [
        ...[countOf({}), countOf({ type: 'motion' }), countOf({ region: '' }), countOf({ partition: 1 })],
        ...[countOf({ type: 'water-leak' }), countOf({ type: 'of_older-Settings9' })],
      ];
      await history.writeCounts(counts);
      const found = await history.counts(MINUTE, MINUTE + MINUTE_MS, undefined);
      expect(found).toHaveLength(counts.length);
      expect(found).toEqual(expect.arrayContaining(counts));
      for (const type of ['motion', 'water-leak', 'of_older-Settings9'])
        expect(await history.counts(MINUTE, MINUTE + MINUTE_MS, type)).toEqual([countOf({ type })]);
      for (const type of ['gas', "motion' OR 'a'='a", 'motion\\'])
        expect(await history.counts(MINUTE, MINUTE + MINUTE_MS, type)).toEqual([]);
    });

    it('keeps every type of a state in its order, including types of other settings', async () => {
      const active = ['smoke', 'of_older-Settings9', 'water-leak', 'battery'];
      await history.writeStates([stateOf({ active })]);
      expect(await history.state(7)).toEqual(stateOf({ active }));
      expect(await allStates(history)).toEqual([stateOf({ active })]);
    });

    it('gives the minutes from the first up to but not including the last, in order of time', async () => {
      const minutes = [3, 1, 4, 0, 2].map((i) => MINUTE + i * MINUTE_MS);
      await history.writeCounts(minutes.map((minute) => countOf({ minute })));
      const found = await history.counts(MINUTE + MINUTE_MS, MINUTE + 4 * MINUTE_MS, 'smoke');
      expect(found.map(({ minute }) => minute)).toEqual([1, 2, 3].map((i) => MINUTE + i * MINUTE_MS));
    });

    it('leaves out a count that became zero', async () => {
      await history.writeCounts([countOf({ count: 2 }), countOf({ region: 'UK', count: 1 })]);
      await history.writeCounts([countOf({ count: 0 })]);
      expect(await history.counts(MINUTE, MINUTE + MINUTE_MS, undefined)).toEqual([countOf({ region: 'UK', count: 1 })]);
    });
  });
}

function stateOf(changes: Partial<SensorState>): SensorState {
  return { sensor: 7, geohash: 'u10j1xx00', region: 'UK', active: [], at: MINUTE, ...changes };
}

function countOf(changes: Partial<MinuteCount>): MinuteCount {
  return { minute: MINUTE, type: 'smoke', region: 'Africa', partition: 0, count: 1, ...changes };
}

async function allStates(history: History): Promise<SensorState[]> {
  const all: SensorState[] = [];
  for await (const batch of history.states()) all.push(...batch);
  return all;
}
