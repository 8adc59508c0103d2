/** Random histories of sensors and pulses: the same as a plain model says, wherever restarts cut in; and what must never be said, whatever happens to us. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pulse } from '../../../incident/pulse-clock.ts';
import { drawn } from '../../support/draws.ts';
import { intervalsOf, MINUTE_MS, range, silent, watchOf, World } from '../../support/silent-sensors.ts';

/** Interval in ms, and after how many s without a reading a sensor is silent. */
const SENSORS: readonly (readonly [everyMs: number | undefined, spanS: number])[] = [
  [20_000, 180],
  [60_000, 180],
  [61_000, 183],
  [99_500, 299],
  [300_000, 900],
  [undefined, 900],
];
const INTERVALS = intervalsOf({ sensors: SENSORS.flatMap(([ms], i): [number, number][] => (ms === undefined ? [] : [[i, ms]])) });

const sensor = fc.nat(SENSORS.length - 1);
const proxy = fc.constantFrom('a', 'b', 'c');

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pulse' as const),
      proxy,
      times: fc.constantFrom(1, 2, 5, 11, 12, 13, 40),
      everyMs: fc.constantFrom(5_000, 5_000, 5_000, 4_999, 5_300, 40_000, -1_000),
      /** Of the clock, before these. */
      setMs: fc.constantFrom(0, 0, 0, 3_600_000, -3_600_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(200), times: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('read' as const), sensors: fc.array(sensor, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), sensor }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), max: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** As the rules say it: everything is kept, everybody is looked at by every pulse. */
class Model {
  readonly said: string[] = [];
  readonly #pulses: Pulse[] = [];
  readonly #sensors = new Map<number, { heard: number; isSilent: boolean; first?: number }>();
  #followed: string | undefined;
  #ms = 0;

  get now(): number {
    return Math.floor(this.#ms / 1_000);
  }

  get silent(): number {
    return [...this.#sensors.values()].filter(({ isSilent }) => isSilent).length;
  }

  pulse(pulse: Pulse): void {
    const earlier = this.#pulses.filter((one) => one.proxy === pulse.proxy);
    if (earlier.some(({ ordinal }) => ordinal >= pulse.ordinal)) return;
    this.#pulses.push(pulse);
    this.#followed ??= pulse.proxy;
    if (pulse.proxy === this.#followed) {
      const before = earlier.at(-1)?.at ?? pulse.at;
      this.#ms += Math.min(15_000, Math.max(0, pulse.at - before));
    } else {
      const since = this.#pulses.slice(this.#pulses.findLastIndex((one) => one.proxy === this.#followed) + 1);
      if (since.filter((one) => one.proxy === pulse.proxy).length === 12) this.#followed = pulse.proxy;
    }
    for (const [id, [, span]] of SENSORS.entries()) {
      const one = this.#sensors.get(id);
      if (!one || one.isSilent || this.now - one.heard <= span) continue;
      one.isSilent = true;
      this.said.push(`${id} silent`);
    }
  }

  read(id: number): void {
    const one = this.#sensors.get(id);
    const now = this.now;
    if (!one?.isSilent) this.#sensors.set(id, { heard: now, isSilent: false });
    else if (one.first === undefined || now - one.first > (SENSORS[id]?.[1] ?? 0)) one.first = now;
    else if (now - one.first >= 60) {
      this.#sensors.set(id, { heard: now, isSilent: false });
      this.said.push(`${id} back`);
    }
  }

  forget(id: number): void {
    if (this.#sensors.get(id)?.isSilent) this.said.push(`${id} forgotten`);
    this.#sensors.delete(id);
  }

  hearingOf(id: number): { is: string; quietMs: number } {
    const one = this.#sensors.get(id);
    if (!one) return { is: 'never heard', quietMs: 0 };
    const quiet = this.now - (one.first ?? one.heard);
    const isReturning = one.first !== undefined && quiet <= (SENSORS[id]?.[1] ?? 0);
    return { is: one.isSilent ? (isReturning ? 'returning' : 'silent') : 'heard', quietMs: quiet * 1_000 };
  }
}

function play(steps: readonly Step[]): void {
  const model = new Model();
  let watch = watchOf(INTERVALS);
  const said: string[] = [];
  const take = (max?: number) => {
    for (const { sensor: id, change, everyMs } of watch.take(max)) {
      expect(everyMs).toBe(SENSORS[id]?.[0]);
      said.push(`${id} ${change}`);
    }
  };
  const sent: Pulse[] = [];
  const clocks = new Map<string, number>();
  const give = (pulse: Pulse) => {
    watch.pulse(pulse);
    model.pulse(pulse);
  };
  for (const one of steps) {
    switch (one.do) {
      case 'pulse': {
        let at = (clocks.get(one.proxy) ?? 1_800_000_000_000) + one.setMs;
        for (let i = 0; i < one.times; i += 1) {
          at += one.everyMs;
          const pulse = { proxy: one.proxy, ordinal: sent.length, at };
          sent.push(pulse);
          give(pulse);
        }
        clocks.set(one.proxy, at);
        break;
      }
      case 'repeat':
        for (const pulse of sent.slice(one.which % (sent.length + 1)).slice(0, one.times)) give(pulse);
        break;
      case 'read':
        for (const id of one.sensors) {
          watch.reading(id);
          model.read(id);
        }
        break;
      case 'forget':
        watch.forget(one.sensor);
        model.forget(one.sensor);
        break;
      case 'take':
        take(one.max);
        break;
      case 'restart': {
        const memory = structuredClone(watch.memory());
        watch = watchOf(INTERVALS);
        watch.restore(memory);
      }
    }
    expect(watch.silent).toBe(model.silent);
  }
  take();
  expect(said).toEqual(model.said);
  for (const id of SENSORS.keys()) expect(watch.hearingOf(id)).toEqual(model.hearingOf(id));
}

describe('any history', () => {
  it('says what the model says, in its order', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: 'max' }), play), drawn(400, 15));
  });
});

const mishap = fc.record({
  what: fc.constantFrom(
    'entry is down',
    'clock of a is set',
    'clock of b is set',
    'a second proxy',
    'one proxy less',
    'restart',
    'nothing',
  ),
  ms: fc.constantFrom(5_000, MINUTE_MS, 10 * MINUTE_MS),
  by: fc.integer({ min: -86_400_000, max: 86_400_000 }),
});
type Mishap = typeof mishap extends fc.Arbitrary<infer M> ? M : never;

const LIVING = range(1, 10);

/** `runs`: of the proxies that run, by name; returns those that run after it. */
function befall(world: World, runs: readonly string[], { what, ms, by }: Mishap, name: string): readonly string[] {
  switch (what) {
    case 'entry is down':
      world.stop(...runs);
      world.pass(ms);
      world.start(name);
      return [name];
    case 'a second proxy':
      world.start(name);
      return [...runs, name];
    case 'one proxy less':
      if (runs.length === 1) return runs;
      world.stop(...runs.slice(0, 1));
      return runs.slice(1);
    case 'restart':
      world.watch = watchOf();
      for (const sensor of LIVING) world.watch.know(sensor, false);
      return runs;
    case 'nothing':
      return runs;
    default:
      world.setClock(runs[what === 'clock of a is set' ? 0 : 1] ?? '', by);
      return runs;
  }
}

describe('whatever happens to us', () => {
  it('no sensor that lives is silent, and those that die are found', () => {
    fc.assert(
      fc.property(fc.array(mishap, { maxLength: 25, size: 'max' }), (mishaps) => {
        const world = new World(watchOf());
        world.live(LIVING);
        world.start('a', 'b');
        let runs: readonly string[] = ['a', 'b'];
        for (const [i, one] of mishaps.entries()) {
          runs = befall(world, runs, one, `run ${i}`);
          world.pass(one.ms);
        }
        world.pass(MINUTE_MS);
        expect(world.said).toEqual([]);
        world.die([2, 3]);
        world.pass(6 * MINUTE_MS);
        expect([...world.said].sort()).toEqual(silent([2, 3]));
      }),
      drawn(60, 16),
    );
  });
});
