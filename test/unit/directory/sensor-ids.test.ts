import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SensorIds } from '../../../directory/sensor-ids.ts';

const id = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }));

describe('a set of sensor ids', () => {
  it('has what was added, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 3_000 }), fc.array(id), (added, others) => {
        const ids = new SensorIds();
        const model = new Set<number>();
        for (const sensor of added) {
          ids.add(sensor);
          model.add(sensor);
        }
        expect(ids.size).toBe(model.size);
        expect([...ids].sort((a, b) => a - b)).toEqual([...model].sort((a, b) => a - b));
        for (const sensor of [...added, ...others]) expect(ids.has(sensor)).toBe(model.has(sensor));
      }),
      { numRuns: 50 },
    );
  });

  it('takes ids that follow each other, or lie at any distance', () => {
    for (const step of [1, 2, 128, 1_024, 65_536, 2 ** 20]) {
      const ids = new SensorIds();
      for (let i = 0; i < 2_000; i += 1) ids.add(i * step);
      expect([ids.size, ids.has(1_999 * step), ids.has(1_999 * step + 1)]).toEqual([2_000, true, false]);
    }
  });
});
