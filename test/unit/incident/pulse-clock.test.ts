/** How long readings could come in, by the pulses of entry proxies. */
import { describe, expect, it } from 'vitest';
import { PULSE_GAP_MAX_MS, PULSES_TO_FOLLOW, PulseClock } from '../../../incident/pulse-clock.ts';

/** Pulses as proxy, ordinal and s by its clock. */
function clockAfter(...pulses: readonly (readonly [string, number, number])[]): PulseClock {
  const clock = new PulseClock();
  for (const [proxy, ordinal, s] of pulses) clock.pulse({ proxy, ordinal, at: s * 1_000 });
  return clock;
}

const many = (proxy: string, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => [proxy, from + i, (from + i) * 5] as const);

describe('PulseClock', () => {
  it.each([
    ['stands still without pulses', [], 0],
    ['begins with the first', [['a', 1, 1_000]], 0],
    [
      'goes on from pulse to pulse',
      [
        ['a', 1, 0],
        ['a', 2, 5],
        ['a', 3, 10],
      ],
      10,
    ],
    [
      'takes no more than 15 s for a gap',
      [
        ['a', 1, 0],
        ['a', 2, 600],
        ['a', 3, 605],
      ],
      20,
    ],
    [
      'stands still when the clock is set back, and goes on from there',
      [
        ['a', 1, 0],
        ['a', 2, 5],
        ['a', 3, -3_600],
        ['a', 4, -3_595],
      ],
      10,
    ],
    [
      'hears a pulse once',
      [
        ['a', 1, 0],
        ['a', 2, 5],
        ['a', 2, 5],
        ['a', 3, 10],
      ],
      10,
    ],
    [
      'does not go back and forth by pulses out of order',
      [
        ['a', 1, 0],
        ['a', 3, 10],
        ['a', 2, 5],
        ['a', 1, 0],
        ['a', 4, 15],
      ],
      15,
    ],
    [
      'goes by one proxy',
      [
        ['a', 1, 0],
        ['b', 1, 3_602],
        ['a', 2, 5],
        ['b', 2, 3_607],
        ['a', 3, 10],
      ],
      10,
    ],
    [
      'does not count a time that is none',
      [
        ['a', 1, 0],
        ['a', 2, Number.NaN],
        ['a', 3, 10],
        ['a', 4, 15],
      ],
      5,
    ],
  ] as const)('%s', (_, pulses, s) => {
    expect(clockAfter(...pulses).ms).toBe(s * 1_000);
  });

  it('follows another run once that has pulsed a dozen times alone', () => {
    expect(clockAfter(['a', 1, 0], ...many('b', 1, PULSES_TO_FOLLOW)).ms).toBe(0);
    expect(clockAfter(['a', 1, 0], ...many('b', 1, PULSES_TO_FOLLOW + 2)).ms).toBe(10_000);
    expect(clockAfter(['a', 1, 0], ...many('b', 1, 11), ['a', 2, 5], ...many('b', 12, 11)).ms).toBe(5_000);
  });

  it('does not follow a run by pulses that are repeated', () => {
    const repeated = Array.from({ length: 50 }, () => ['b', 1, 5] as const);
    expect(clockAfter(['a', 1, 0], ...repeated, ['a', 2, 5]).ms).toBe(5_000);
  });

  it('keeps to the other when the first comes again', () => {
    const clock = clockAfter(['a', 1, 0], ...many('b', 1, 12));
    for (let i = 2; i < 10; i += 1) {
      clock.pulse({ proxy: 'a', ordinal: i, at: i * PULSE_GAP_MAX_MS });
      clock.pulse({ proxy: 'b', ordinal: 11 + i, at: (11 + i) * 5_000 });
    }
    expect(clock.ms).toBe(40_000);
  });

  it('forgets runs, but for those heard last', () => {
    const runs = Array.from({ length: 1_000 }, (_, i) => [`run ${i}`, 1, i] as const);
    const clock = clockAfter(...runs);
    expect(clock.memory().runs).toHaveLength(64);
    expect(clock.ms).toBe(0);
  });

  it('goes on after a restart as if there had been none', () => {
    const pulses = [...many('a', 1, 3), ...many('b', 1, 14), ...many('a', 4, 14)];
    const whole = clockAfter(...pulses).ms;
    for (const cut of pulses.keys()) {
      const clock = new PulseClock();
      clock.restore(structuredClone(clockAfter(...pulses.slice(0, cut)).memory()));
      for (const [proxy, ordinal, s] of pulses.slice(cut)) clock.pulse({ proxy, ordinal, at: s * 1_000 });
      expect(clock.ms).toBe(whole);
    }
  });
});
