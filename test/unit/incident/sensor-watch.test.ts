/** Sensors that should report and don't: which are noticed, which must not be, and what is said of them. */
import { describe, expect, it } from 'vitest';
import {
  intervalsOf,
  MINUTE_MS,
  PULSE_EVERY_MS,
  pulsesOf,
  range,
  silent,
  smokeEvery,
  typesOf,
  watchOf,
  World,
} from '../../support/silent-sensors.ts';
import { SensorWatch } from '../../../incident/sensor-watch.ts';

const HOUR_MS = 60 * MINUTE_MS;
const ALL = range(1, 100);
const DEAD = [3, 14, 15, 92, 65].sort((one, other) => one - other);

function worldOf(...proxies: string[]): World {
  const world = new World();
  world.start(...proxies);
  world.live(ALL);
  world.pass(10 * MINUTE_MS);
  return world;
}

describe('a sensor that is to be heard every minute', () => {
  it('is silent after three', () => {
    const world = worldOf('a');
    world.die([7]);
    world.pass(2 * MINUTE_MS);
    expect(world.said).toEqual([]);
    world.pass(90_000);
    expect(world.said).toEqual(['7 silent']);
    world.pass(HOUR_MS);
    expect(world.said).toEqual(['7 silent']);
    expect(world.watch.silent).toBe(1);
  });

  it('is found though it is the only one', () => {
    const world = new World();
    world.start('a');
    world.live([7]);
    world.pass(10 * MINUTE_MS);
    world.die([7]);
    world.pass(4 * MINUTE_MS);
    expect(world.said).toEqual(['7 silent']);
  });

  it('is silent together with all others if their line is dead and our entry lives', () => {
    const world = worldOf('a');
    world.die(ALL);
    world.pass(10 * MINUTE_MS);
    expect([...world.said].sort()).toEqual(silent(ALL).sort());
  });
});

describe('nothing is silent by us', () => {
  it.each([
    ['for 10 minutes', 10 * MINUTE_MS],
    ['for a day', 24 * HOUR_MS],
  ])('while our entry is down %s, in one run or two', (_, downMs) => {
    const world = worldOf('a');
    world.stop('a');
    world.pass(downMs);
    world.start('a2');
    world.pass(HOUR_MS);
    expect(world.said).toEqual([]);
  });

  it('by a run that hangs for ten minutes and goes on', () => {
    const watch = watchOf();
    watch.pulse({ proxy: 'a', ordinal: 1, at: 0 });
    watch.reading(1);
    watch.pulse({ proxy: 'a', ordinal: 2, at: 10 * MINUTE_MS });
    expect([watch.take(), watch.hearingOf(1)]).toEqual([[], { is: 'heard', quietMs: 15_000 }]);
  });

  it.each([HOUR_MS, -HOUR_MS])('by a clock that is set by %i ms, and who is silent is found', (skewMs) => {
    const world = worldOf('a');
    world.setClock('a', skewMs);
    world.die(DEAD);
    world.pass(10 * MINUTE_MS);
    world.setClock('a', 0);
    world.pass(10 * MINUTE_MS);
    expect([...world.said].sort()).toEqual(silent(DEAD).sort());
  });

  it('by a clock that is set to and fro with every pulse', () => {
    const world = worldOf('a');
    for (let i = 0; i < 200; i += 1) {
      world.setClock('a', i % 2 === 0 ? HOUR_MS : -HOUR_MS);
      world.pass(PULSE_EVERY_MS);
    }
    expect(world.said).toEqual([]);
  });

  it('by a clock that gallops: nobody has less than one interval', () => {
    const world = worldOf('a');
    for (let i = 1; i < 200; i += 1) {
      world.setClock('a', i * HOUR_MS);
      world.pass(PULSE_EVERY_MS);
    }
    expect(world.said).toEqual([]);
  });

  it('by two proxies whose clocks are an hour apart', () => {
    const world = worldOf('a', 'b');
    world.setClock('b', HOUR_MS);
    world.die(DEAD);
    world.pass(2 * MINUTE_MS);
    expect(world.said).toEqual([]);
    world.pass(10 * MINUTE_MS);
    expect([...world.said].sort()).toEqual(silent(DEAD).sort());
  });

  it('by the end of the proxy by which time goes, and who is silent is found a minute later', () => {
    const world = worldOf('a', 'b');
    world.setClock('b', -HOUR_MS);
    world.stop('a');
    world.die(DEAD);
    world.pass(3 * MINUTE_MS);
    expect(world.said).toEqual([]);
    world.pass(2 * MINUTE_MS + 5_000);
    expect([...world.said].sort()).toEqual(silent(DEAD).sort());
  });

  it('by a proxy that starts again and again', () => {
    const world = worldOf('a');
    world.die(DEAD);
    for (let i = 0; i < 1_000; i += 1) {
      world.stop(...range(i - 1, 2).map((run) => `run ${run}`), 'a');
      world.start(`run ${i}`);
      world.pass(PULSE_EVERY_MS);
    }
    expect(world.said).toEqual([]);
    world.pass(6 * MINUTE_MS);
    expect([...world.said].sort()).toEqual(silent(DEAD).sort());
  });
});

describe('after a restart of which only the known sensors and the silent ones are left', () => {
  function restarted(): World {
    const world = worldOf('a');
    world.die([7]);
    world.pass(5 * MINUTE_MS);
    expect(world.said).toEqual(['7 silent']);
    const watch = watchOf();
    for (const sensor of ALL) watch.know(sensor, sensor === 7);
    world.watch = watch;
    return world;
  }

  it('everybody has a whole span, then the silent ones are found, and nobody is told of twice', () => {
    const world = restarted();
    world.die([8]);
    world.pass(3 * MINUTE_MS);
    expect(world.said).toEqual(['7 silent']);
    world.pass(MINUTE_MS);
    expect(world.said).toEqual(['7 silent', '8 silent']);
    expect(world.watch.silent).toBe(2);
  });

  it('who was silent before comes back', () => {
    const world = restarted();
    world.live([7]);
    world.pass(5 * MINUTE_MS);
    expect(world.said).toEqual(['7 silent', '7 back']);
    expect(world.watch.silent).toBe(0);
  });

  it('who has been heard since is not silent by what is read of it then', () => {
    const watch = watchOf();
    watch.reading(1);
    watch.know(1, true);
    expect([watch.hearingOf(1).is, watch.silent]).toEqual(['heard', 0]);
  });
});

describe('a silent sensor', () => {
  function silenced(): { world: World; hears: () => void } {
    const world = worldOf('a');
    world.die([7]);
    world.pass(5 * MINUTE_MS);
    world.said.length = 0;
    return { world, hears: () => world.watch.reading(7) };
  }

  it('is back by the second reading, a minute after the first', () => {
    const { world, hears } = silenced();
    hears();
    hears();
    world.pass(55_000);
    hears();
    expect([world.watch.take(), world.watch.hearingOf(7).is]).toEqual([[], 'returning']);
    world.pass(5_000);
    hears();
    expect(world.watch.take()).toEqual([{ sensor: 7, change: 'back', everyMs: MINUTE_MS }]);
    expect(world.watch.hearingOf(7)).toEqual({ is: 'heard', quietMs: 0 });
  });

  it('stays silent, and is not told of again, while it reports too seldom', () => {
    const { world, hears } = silenced();
    for (let i = 0; i < 20; i += 1) {
      hears();
      world.pass(4 * MINUTE_MS);
      expect(world.watch.hearingOf(7).is).toBe('silent');
    }
    expect(world.said).toEqual([]);
  });

  it('is told of again if it falls silent after it was back', () => {
    const { world } = silenced();
    world.live([7]);
    world.pass(10 * MINUTE_MS);
    world.die([7]);
    world.pass(5 * MINUTE_MS);
    expect(world.said).toEqual(['7 back', '7 silent']);
  });

  it('is told of again though there is no other', () => {
    const watch = watchOf();
    const pulse = pulsesOf('a');
    const pass = (pulses: number) => {
      for (let i = 0; i < pulses; i += 1) watch.pulse(pulse());
    };
    watch.reading(7);
    pass(40);
    watch.reading(7);
    pass(12);
    watch.reading(7);
    pass(40);
    expect(watch.take().map(({ change }) => change)).toEqual(['silent', 'back', 'silent']);
  });

  it('says for how long it could have been heard', () => {
    const { world } = silenced();
    const before = world.watch.hearingOf(7).quietMs;
    world.pass(10 * MINUTE_MS);
    world.stop('a');
    world.pass(HOUR_MS);
    expect(world.watch.hearingOf(7)).toEqual({ is: 'silent', quietMs: before + 10 * MINUTE_MS });
  });

  it('that left the directory is over, once', () => {
    const { world } = silenced();
    world.watch.forget(7);
    world.watch.forget(7);
    expect(world.watch.take().map(({ change }) => change)).toEqual(['forgotten']);
    expect([world.watch.hearingOf(7).is, world.watch.silent, world.watch.watched]).toEqual(['never heard', 0, 99]);
  });
});

describe('strangers', () => {
  it('that were never heard are not silent', () => {
    const world = worldOf('a');
    expect(world.watch.hearingOf(1_000)).toEqual({ is: 'never heard', quietMs: 0 });
    world.watch.forget(1_000);
    world.watch.typesChanged(1_000);
    expect([world.watch.waiting, world.watch.watched]).toEqual([0, 100]);
  });

  it('of which nothing is expected are shown as silent after a quarter of an hour, with no interval', () => {
    const watch = watchOf(smokeEvery(MINUTE_MS), { types: ['motion'] });
    const pulse = pulsesOf('a');
    watch.pulse(pulse());
    for (const sensor of [0, 2_147_483_647]) watch.reading(sensor);
    for (let i = 0; i < 180; i += 1) watch.pulse(pulse());
    expect(watch.take()).toEqual([]);
    watch.pulse(pulse());
    expect(watch.take()).toEqual([
      { sensor: 0, change: 'silent' },
      { sensor: 2_147_483_647, change: 'silent' },
    ]);
  });

  it('beyond the bound are not watched, only counted, until somebody leaves', () => {
    const watch = watchOf(undefined, { watchedMax: 2 });
    for (const sensor of [1, 2, 3, 3, 1]) watch.reading(sensor);
    expect([watch.watched, watch.unwatched, watch.hearingOf(3).is]).toEqual([2, 2, 'never heard']);
    watch.forget(1);
    watch.reading(3);
    expect([watch.watched, watch.unwatched, watch.hearingOf(3).is]).toEqual([2, 2, 'heard']);
  });
});

describe('changes', () => {
  it('come piece by piece, the lowest id first', () => {
    const watch = watchOf();
    const pulse = pulsesOf('a');
    watch.pulse(pulse());
    for (const sensor of [...ALL].reverse()) watch.reading(sensor);
    for (let i = 0; i < 40; i += 1) watch.pulse(pulse());
    expect(watch.waiting).toBe(100);
    const pieces = [watch.take(30), watch.take(30), watch.take(30), watch.take(30), watch.take(30)];
    expect(pieces.map(({ length }) => length)).toEqual([30, 30, 30, 10, 0]);
    expect(pieces.flat().map(({ sensor }) => sensor)).toEqual(ALL);
  });

  it('do not depend on how fast they are read: an hour at once is as it was live', () => {
    const live = worldOf('a');
    live.die(DEAD);
    live.pass(HOUR_MS);
    const late = new World();
    late.watch.take = () => [];
    late.start('a');
    late.live(ALL);
    late.pass(10 * MINUTE_MS);
    late.die(DEAD);
    late.pass(HOUR_MS);
    const read = SensorWatch.prototype.take.call(late.watch, 1_000);
    expect(read.map(({ sensor, change }) => `${sensor} ${change}`)).toEqual(live.said);
  });
});

describe('a sensor that reports another type', () => {
  it('has its interval from then on', () => {
    let types = typesOf(['motion']);
    const watch = new SensorWatch(intervalsOf({ types: { motion: HOUR_MS, smoke: MINUTE_MS } }), () => types);
    const pulse = pulsesOf('a');
    watch.pulse(pulse());
    watch.reading(1);
    for (let i = 0; i < 100; i += 1) watch.pulse(pulse());
    expect(watch.take()).toEqual([]);
    types = typesOf(['motion', 'smoke']);
    watch.typesChanged(1);
    watch.pulse(pulse());
    expect(watch.take()).toEqual([{ sensor: 1, change: 'silent', everyMs: MINUTE_MS }]);
  });
});
