import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESTING_BYTES_MAX, RestingSensors } from '../../../alarm/resting-sensors.ts';
import { drawn } from '../../support/draws.ts';

describe('RestingSensors', () => {
  it('gives each state back once, letter for letter', () => {
    const resting = new RestingSensors();
    resting.add(7, Buffer.from('{"a":[1,2],"b":[1,2],"c":3}'), { first: 6, second: 16, length: 4 });
    resting.add(8, Buffer.from('other'), undefined);
    expect(resting.size).toBe(2);
    expect(resting.take(7)).toBe('{"a":[1,2],"b":[1,2],"c":3}');
    expect(resting.take(7)).toBeUndefined();
    expect(resting.take(9)).toBeUndefined();
    expect(resting.take(8)).toBe('other');
    expect(resting.size).toBe(0);
  });

  it('keeps what was added to it, whatever has been taken meanwhile and in which order', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: RESTING_BYTES_MAX }));
    const step = fc.record({ sensor: fc.integer({ min: 0, max: 150 }), length });
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 600, size: 'max' }), (steps) => {
        const resting = new RestingSensors();
        const expected = new Map<number, string>();
        steps.forEach(({ sensor, length }, i) => {
          expect(resting.take(sensor)).toBe(expected.get(sensor));
          expected.delete(sensor);
          if (i % 3 === 0) return;
          const state = `${i} `.repeat(length).slice(0, length);
          resting.add(sensor, Buffer.from(state), undefined);
          expected.set(sensor, state);
        });
        expect(resting.size).toBe(expected.size);
        for (const [sensor, state] of expected) expect(resting.take(sensor)).toBe(state);
      }),
      drawn(30, 1),
    );
  });

  it('lets go of the memory of states that were taken', () => {
    const resting = new RestingSensors();
    const state = Buffer.alloc(500, ' ');
    for (let sensor = 0; sensor < 20_000; sensor += 1) {
      resting.add(sensor, state, undefined);
      if (sensor >= 1_000) resting.take(sensor - 1_000);
    }
    expect(resting.size).toBe(1_000);
    expect(resting.bytes).toBeLessThan(3_000_000);
  });
});
