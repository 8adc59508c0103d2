import { describe, expect, it } from 'vitest';
import { atItsOwnPace, SteadyClock } from '../../../runtime/clock.ts';

const NOON = Date.UTC(2026, 10, 24, 12);
const HOUR = 3_600_000;

/** A machine whose clock can be set; `pass` lets time pass. */
function machine(aheadMost?: number) {
  let wall = NOON;
  let elapsed = 5_000;
  const clock = new SteadyClock(
    () => wall,
    () => elapsed,
    aheadMost,
  );
  const pass = (ms: number): void => {
    wall += ms;
    elapsed += ms;
  };
  const set = (to: number): void => {
    wall = to;
  };
  return { clock, pass, set };
}

describe('the clock of records', () => {
  it('follows the wall clock, also when that is set forward', () => {
    const { clock, pass, set } = machine();
    expect(clock.now()).toBe(NOON);
    pass(1_500);
    expect(clock.now()).toBe(NOON + 1_500);
    set(NOON + HOUR);
    expect(clock.now()).toBe(NOON + HOUR);
  });

  it('goes on at its own pace when the wall clock is set back, and meets it again', () => {
    const { clock, pass, set } = machine();
    clock.now();
    set(NOON - HOUR);
    expect(clock.now()).toBe(NOON);
    pass(2_000);
    expect(clock.now()).toBe(NOON + 2_000);
    expect(clock.aheadMs).toBe(HOUR);
    set(NOON + 3_000);
    expect(clock.now()).toBe(NOON + 3_000);
    expect(clock.aheadMs).toBe(0);
  });

  it('steps back if it would be further ahead than is tolerated', () => {
    const { clock, pass, set } = machine(5_000);
    clock.now();
    set(NOON - 4_000);
    expect(clock.now()).toBe(NOON);
    set(NOON + HOUR);
    expect(clock.now()).toBe(NOON + HOUR);
    set(NOON);
    pass(1_000);
    expect(clock.now()).toBe(NOON + 1_000);
  });

  it('goes on from what was recorded before it began', () => {
    const { clock, pass } = machine();
    clock.notBefore(NOON + HOUR);
    pass(10);
    expect(clock.now()).toBe(NOON + HOUR + 10);
  });

  it('gives whole milliseconds', () => {
    const { clock, pass, set } = machine();
    clock.now();
    set(NOON - HOUR);
    pass(0.7);
    expect(Number.isInteger(clock.now())).toBe(true);
  });
});

describe('a clock at its own pace', () => {
  it('goes on as time does, however the other one is set', () => {
    let [wall, elapsed] = [NOON, 5_000];
    const clock = atItsOwnPace(
      () => wall,
      () => elapsed,
    );
    expect(clock()).toBe(NOON);
    wall += 31 * 24 * HOUR;
    elapsed += 1_500;
    expect(clock()).toBe(NOON + 1_500);
    wall = 0;
    elapsed += 1_000;
    expect(clock()).toBe(NOON + 2_500);
  });
});
