/** Compares an installation's own types with a model that has no states: for any input, wherever a process takes over, in any order of the settings. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AlarmChange } from '../../../alarm/alarm.ts';
import type { AlarmType } from '../../../alarm/alarm-type.ts';
import { StateFormat } from '../../../alarm/sensor-state.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { typeWhen } from '../../support/alarm-types.ts';
import { detecting, feed, type RigReading, remember, restored } from './detection-rig.ts';
import { holds } from './status-specification.ts';
import { drawn } from '../../support/draws.ts';

vi.setConfig({ testTimeout: 60_000 });

const RUNS = 250;

interface Row {
  readonly name: string;
  readonly when: string;
  readonly hits: number;
  readonly within?: number;
  readonly clears: AlarmType['clears'];
}

const ROWS: readonly Row[] = [
  { name: 'battery', when: 'battery < batteryMin', hits: 1, clears: 'normal' },
  { name: 'water', when: 'water', hits: 2, clears: 'normal' },
  { name: 'co', when: 'co > 50', hits: 2, within: 12_000, clears: 'recovery' },
  { name: 'co-high', when: 'co >= 60', hits: 2, within: 12_000, clears: 'normal' },
  { name: 'mains', when: 'not mains', hits: 1, clears: 'recovery' },
];
const typesOf = (rows: readonly Row[]): TypeSet =>
  new TypeSet(rows.map(({ name, when, hits, within, clears }) => typeWhen(name, when, { hits, within, clears })));

/** The same types in another order, with types among them that no sensor reports. */
const ORDERS: readonly TypeSet[] = [
  ROWS,
  ROWS.toReversed(),
  [{ name: 'gas', when: 'gas > gasLimit', hits: 1, clears: 'normal' } as const, ...ROWS.slice(2), ...ROWS.slice(0, 2)],
  [...ROWS.slice(3), { name: 'alpha', when: 'alpha', hits: 3, clears: 'recovery' } as const, ...ROWS.slice(0, 3)],
].map(typesOf);
const [TYPES] = ORDERS as [TypeSet];

const VALUES: Readonly<Record<string, readonly (boolean | number)[]>> = {
  battery: [5, 50],
  batteryMin: [5, 15],
  water: [true, false],
  co: [10, 55, 60],
  mains: [true, false],
};

type Field = { readonly state: 'absent' | 'unreadable' } | { readonly state: 'said'; readonly value: boolean | number };
const fieldOf = (values: readonly (boolean | number)[]): fc.Arbitrary<Field> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...values).map((value): Field => ({ state: 'said', value })) },
    { weight: 1, arbitrary: fc.constantFrom<Field>({ state: 'absent' }, { state: 'unreadable' }) },
  );
const fields = fc.record(Object.fromEntries(Object.entries(VALUES).map(([name, values]) => [name, fieldOf(values)])));

/** In order of time: readings every five seconds or so, recoveries between them. */
const readings = fc
  .array(
    fc.record({
      sensor: fc.constantFrom(1, 1, 2),
      recovery: fc.constantFrom(false, false, false, false, true),
      fields,
      pause: fc.constantFrom(1, 2),
    }),
    {
      maxLength: 24,
      size: 'max',
    },
  )
  .map((drawn) => {
    let at = 1e7;
    return drawn.map(({ sensor, recovery, fields, pause }, offset): RigReading => {
      at += pause * 5_000;
      if (recovery) return { topic: 'OK', at, offset, sensor };
      const named = (state: Field['state']) => Object.keys(fields).filter((name) => fields[name]?.state === state);
      const said = Object.entries(fields).flatMap(([name, field]) => (field.state === 'said' ? [[name, field.value] as const] : []));
      return {
        topic: 'ENTRY',
        at,
        offset,
        sensor,
        said: Object.fromEntries(said),
        notReported: ['motion', 'smoke', 'temperature', 'maxTemperature'],
        unreadable: named('unreadable'),
      };
    });
  });

/** What must happen, reading by reading: raised and cleared, with the readings that caused it. */
function modelled(readings: readonly RigReading[]): string[] {
  const events: string[] = [];
  const states = new Map<string, { hits: RigReading[]; active: boolean }>();
  for (const reading of readings) {
    for (const row of ROWS) {
      const key = `${reading.sensor} ${row.name}`;
      const state = states.get(key) ?? { hits: [], active: false };
      states.set(key, state);
      const outcome = reading.topic === 'ENTRY' ? holds(row.when, new Map(Object.entries(reading.said ?? {}))) : undefined;
      if (reading.topic === 'OK' || (outcome === false && row.clears === 'normal')) {
        if (state.active) events.push(`${reading.at} cleared ${key}`);
        states.set(key, { hits: [], active: false });
      } else if (outcome) {
        state.hits.push(reading);
        const latest = state.hits.slice(-row.hits);
        const span = reading.at - (latest[0]?.at ?? 0);
        if (state.active || latest.length < row.hits || (row.within !== undefined && span > row.within)) continue;
        state.active = true;
        events.push(`${reading.at} raised ${key} by ${latest.map(({ offset }) => offset)}`);
      }
    }
  }
  return events.toSorted();
}

interface Run {
  readonly events: string[];
  readonly faults: string[];
  readonly states: Map<number, unknown>;
}

/** Runs the readings; after each one in `cuts`, a new process continues from what was stored, with the next order of types. */
function run(readings: readonly RigReading[], cuts: readonly boolean[] = [false], orders = [TYPES]): Run {
  const run: Run = { events: [], faults: [], states: new Map() };
  const states = new Map<number, string>();
  let turn = 0;
  let types = TYPES;
  let detection = detecting(types);
  const take = (): void => {
    const effects = detection.takeEffects(true);
    for (const change of (effects?.events ?? []) as AlarmChange[]) run.events.push(eventText(change));
    for (const { sensor, at, faults } of effects?.faults ?? [])
      run.faults.push(`${at} ${sensor}: ${faults.map(({ detector, reason, since }) => `${detector} ${reason} ${since}`).toSorted()}`);
    remember(states, effects?.changed ?? new Map());
  };
  readings.forEach((reading, i) => {
    feed(detection, reading, types);
    if (cuts[i % cuts.length] !== true) return;
    take();
    turn += 1;
    types = orders[turn % orders.length] ?? TYPES;
    detection = restored(states, types);
  });
  take();
  for (const [sensor, json] of states) run.states.set(sensor, inOneOrder(json));
  return { events: run.events.toSorted(), faults: run.faults.toSorted(), states: run.states };
}

const format = new StateFormat(TYPES);

/** The state as it would be stored under the first order of types. */
function inOneOrder(json: string): unknown {
  const stored = format.fromJson(json);
  const faults = stored.faults && {
    ...stored.faults,
    faults: stored.faults.faults.toSorted((a, b) => a.detector.localeCompare(b.detector)),
  };
  return JSON.parse(format.toJson({ ...stored, faults }) ?? 'null');
}

function eventText({ event, at, alarm }: AlarmChange): string {
  const by = event === 'raised' ? ` by ${alarm.evidence.map(({ offset }) => offset)}` : '';
  return `${at} ${event} ${alarm.sensor} ${alarm.type}${by}`;
}

describe('types of an own', () => {
  it('are raised and cleared as the model has it', () => {
    fc.assert(
      fc.property(readings, (readings) => {
        const { events } = run(readings);
        expect(events.filter((event) => !event.includes(' seen '))).toEqual(modelled(readings));
      }),
      drawn(RUNS, 6),
    );
  });

  it('have the same results wherever a process takes over, and whatever the order of types', () => {
    const cuts = fc.oneof(fc.constantFrom([true], [false, true]), fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }));
    fc.assert(
      fc.property(readings, cuts, (readings, cuts) => {
        const whole = run(readings);
        expect(run(readings, cuts)).toEqual(whole);
        expect(run(readings, cuts, [...ORDERS])).toEqual(whole);
      }),
      drawn(RUNS / 2, 7),
    );
  });

  it('count what is active, and leave nothing behind once all is well', () => {
    fc.assert(
      fc.property(readings, (readings) => {
        const detection = detecting(TYPES);
        for (const reading of readings) feed(detection, reading, TYPES);
        const events = ((detection.takeEffects()?.events ?? []) as AlarmChange[]).map(({ event, alarm }) => `${event} ${alarm.type}`);
        for (const { name } of ROWS) {
          const count = (kind: string) => events.filter((event) => event === `${kind} ${name}`).length;
          expect(detection.active.get(name) ?? 0).toBe(count('raised') - count('cleared'));
        }
        for (const sensor of [1, 2]) detection.recovery(sensor, 9e7, 1);
        detection.takeEffects();
        expect([...detection.active.values()].filter((count) => count !== 0)).toEqual([]);
      }),
      drawn(RUNS, 8),
    );
  });
});
