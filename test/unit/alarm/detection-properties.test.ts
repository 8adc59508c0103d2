import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import type { SensorFaults } from '../../../alarm/faults.ts';
import type { TypeSet } from '../../../alarm/type-set.ts';
import { detecting, feed, outcome, REPEAT_WITHIN, type RigReading, referenceWith, remember, restored, SKEW } from './detection-rig.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { REFERENCE_FIELDS } from './reading.ts';
import { drawn } from '../../support/draws.ts';

const WITHIN = referenceWith({ smoke: { within: 5_000 }, temperature: { within: 30_000 } });
/** Smoke and heat clear by themselves. */
const NORMAL = referenceWith({ smoke: { clears: 'normal', hits: 2 }, temperature: { clears: 'normal', within: 30_000 } });
const RUNS = 500;

const sensor = fc.constantFrom(1, 1, 1, 2);
const slot = fc.integer({ min: 0, max: 6 });
const type = fc.constantFrom('smoke' as const, 'smoke' as const, 'smoke' as const, 'motion' as const, 'temperature' as const, undefined);

/** Entries are at multiples of 5 s, OKs 2.3 s after one: further apart than the skew. An entry may be read late by whole slots. A slot may last more than a minute. */
const slotMs = fc.constantFrom(5_000, 5_000, 30_000, 400_000);

const entries = (lateSlotsMax: number, seqs: boolean) =>
  fc
    .array(
      fc.record({
        sensor,
        slot,
        late: fc.integer({ min: 0, max: lateSlotsMax }),
        type,
        field: fc.constantFrom(...REFERENCE_FIELDS),
        silent: fc.constantFrom('absent', 'unreadable', undefined, undefined),
        seq: seqs ? fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 1 }) : fc.constant(undefined),
      }),
      { maxLength: 16, size: 'max' },
    )
    .chain((drawn) => fc.tuple(fc.constant(drawn), slotMs))
    .map(([drawn, slotMs]): RigReading[] =>
      drawn
        .toSorted((a, b) => a.slot - b.slot)
        .map(({ sensor, slot, late, type, seq, field, silent }, offset) => ({
          topic: 'ENTRY',
          at: 1e7 + slot * slotMs - late * 5_000,
          offset,
          sensor,
          ...(type && { type }),
          seq,
          // Another record with the same counter is the same reading, or one with another value.
          value: seq === undefined ? undefined : `{"seq":${seq},"t":${seq % 3 === 0 ? slot : 0}}`,
          notReported: silent === 'absent' ? [field] : [],
          unreadable: silent === 'unreadable' ? [field] : [],
        })),
    );

const oks = fc
  .tuple(fc.array(fc.record({ sensor, slot }), { maxLength: 3, size: 'max' }), slotMs)
  .map(([drawn, slotMs]): RigReading[] =>
    drawn
      .toSorted((a, b) => a.slot - b.slot)
      .map(({ sensor, slot }, offset) => ({ topic: 'OK', at: 1e7 + slot * slotMs + 2_300, offset, sensor })),
  );

/** Any interleaving that keeps each topic's own order. */
function interleave(entries: readonly RigReading[], oks: readonly RigReading[], choices: readonly boolean[]): RigReading[] {
  const [fromEntries, fromOks] = [[...entries], [...oks]];
  const merged: RigReading[] = [];
  for (let i = 0; fromEntries.length > 0 || fromOks.length > 0; i++) {
    const takeOk = fromEntries.length === 0 || (fromOks.length > 0 && choices[i % choices.length] === true);
    merged.push((takeOk ? fromOks : fromEntries).shift() as RigReading);
  }
  return merged;
}

/** All records of one topic first, or alternating. */
const choices = fc.oneof(fc.constantFrom([true], [false]), fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }));

interface Run {
  readonly events: AlarmEvent[];
  readonly faults: SensorFaults[];
  readonly states: Map<number, string>;
}

/** Runs the readings; `cuts` says after which of them the effects are taken, `restarts` whether a new Detection continues from there. */
function run(readings: readonly RigReading[], types: TypeSet, cuts: readonly boolean[] = [false], restarts = false): Run {
  const events: AlarmEvent[] = [];
  const faults: SensorFaults[] = [];
  const states = new Map<number, string>();
  let detection = detecting(types);
  const take = (all: boolean) => {
    const effects = detection.takeEffects(all);
    if (!effects) return;
    events.push(...effects.events);
    faults.push(...effects.faults);
    remember(states, effects.changed);
  };
  readings.forEach((reading, i) => {
    feed(detection, reading);
    if (cuts[i % cuts.length] !== true) return;
    // A commit always has all effects.
    take(restarts);
    if (!restarts) return;
    detection = restored(states, types);
  });
  take(true);
  return { events, faults, states };
}

const raisedIds = (events: readonly AlarmEvent[]) =>
  events.filter(({ event }) => event === 'raised').map((event) => (event as AlarmChange).alarm.id);

vi.setConfig({ testTimeout: 60_000 });

describe('whatever the interleaving of ENTRY and OK', () => {
  const converges = (types: TypeSet, lateSlotsMax: number, seqs: boolean) =>
    fc.assert(
      fc.property(entries(lateSlotsMax, seqs), oks, choices, choices, (entries, oks, one, other) => {
        const [first, second] = [one, other].map((order) => outcome(run(interleave(entries, oks, order), types).states));
        expect(first).toEqual(second);
      }),
      drawn(RUNS, 1),
    );

  it('the same types are active and the same hits are kept', () => converges(REFERENCE, 1, true));

  it('also with types that have `within`, for entries in order of time', () => converges(WITHIN, 0, true));

  it('also with types that the first normal reading clears, for entries in order of time', () => converges(NORMAL, 0, true));
});

describe('the same input', () => {
  const inputs = fc.tuple(entries(3, true), oks, choices, choices, fc.constantFrom(REFERENCE, WITHIN, NORMAL));

  it('gives the same events, ids and states, however it is cut into batches and wherever it is restored', () => {
    fc.assert(
      fc.property(inputs, ([entries, oks, order, cuts, types]) => {
        const readings = interleave(entries, oks, order);
        const whole = run(readings, types);
        expect(run(readings, types)).toEqual(whole);
        expect(run(readings, types, cuts)).toEqual(whole);
        expect(run(readings, types, cuts, true)).toEqual(whole);
      }),
      drawn(RUNS, 2),
    );
  });

  it('never gives one id to two alarms, and raises, changes and clears each in order of its versions', () => {
    fc.assert(
      fc.property(inputs, ([entries, oks, order, , types]) => {
        const { events } = run(interleave(entries, oks, order), types);
        const ids = raisedIds(events);
        expect(new Set(ids).size).toBe(ids.length);
        const versions = new Map<string, number>();
        for (const event of events as AlarmChange[]) {
          expect(event.alarm.version).toBe((versions.get(event.alarm.id) ?? 0) + 1);
          expect(event.event === 'raised').toBe(event.alarm.version === 1);
          expect(event.alarm.evidence.length).toBe(types.types.find(({ name }) => name === event.alarm.type)?.hits);
          versions.set(event.alarm.id, event.alarm.version);
        }
      }),
      drawn(RUNS, 3),
    );
  });

  it('never has two active alarms of one type at a sensor, and says how many are active', () => {
    fc.assert(
      fc.property(inputs, ([entries, oks, order, , types]) => {
        const detection = detecting(types);
        for (const reading of interleave(entries, oks, order)) feed(detection, reading);
        const open = new Map<string, string>();
        for (const { alarm } of (detection.takeEffects()?.events ?? []) as AlarmChange[]) {
          const key = `${alarm.sensor} ${alarm.type}`;
          if (alarm.state.startsWith('ACTIVE')) {
            expect(open.get(key) ?? alarm.id).toBe(alarm.id);
            open.set(key, alarm.id);
          } else if (open.get(key) === alarm.id) open.delete(key);
        }
        for (const { name } of types.types)
          expect(detection.active.get(name) ?? 0).toBe([...open.keys()].filter((key) => key.endsWith(name)).length);
      }),
      drawn(RUNS, 4),
    );
  });

  it('leaves nothing behind once all is well and ENTRY has moved on', () => {
    fc.assert(
      fc.property(inputs, ([entries, oks, order, , types]) => {
        const readings = interleave(entries, oks, order);
        const end = 2e7;
        const all = [1, 2, 3].map((sensor): RigReading => ({ topic: 'OK', at: end, offset: 1_000 + sensor, sensor }));
        const { states } = run([...readings, ...all, { topic: 'ENTRY', at: end + REPEAT_WITHIN + 2 * SKEW, offset: 2_000 }], types);
        for (const json of states.values()) expect(json).not.toMatch(/"ok"|"repeatable"|ACTIVE_|"hits":\[\{/);
      }),
      drawn(150, 5),
    );
  });
});
