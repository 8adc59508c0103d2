import { describe, expect, it } from 'vitest';
import { HeardSensors, NONE } from '../../../incident/heard-sensors.ts';
import { random } from '../alarm/random-messages.ts';

const HIGHEST = 2 ** 31 - 1;

describe('HeardSensors', () => {
  it.each([
    ['few ids, which come and go', 2 ** 11],
    ['many', 2 ** 16],
    ['ids from anywhere', 2 ** 31],
  ])('keeps what it was given: %s', (_, ids) => {
    const next = random(7);
    const table = new HeardSensors(2 ** 20);
    const expected = new Map<number, string>();
    for (let i = 0; i < 40_000; i += 1) {
      const sensor = Math.floor(next() * ids);
      if (next() < 0.4) {
        table.remove(sensor);
        expected.delete(sensor);
      } else {
        const mark = i % 2 === 0 ? i : -2 - i;
        const note = i % 65_536;
        table.put(sensor, mark, note);
        expected.set(sensor, `${mark} ${note}`);
      }
    }
    const lost: number[] = [];
    const kept = new Map<number, string>();
    for (let slot = 0; slot < table.capacity; slot += 1) {
      if (table.markAt(slot) === NONE) continue;
      if (table.slotOf(table.sensorAt(slot)) !== slot) lost.push(slot);
      kept.set(table.sensorAt(slot), `${table.markAt(slot)} ${table.noteAt(slot)}`);
    }
    expect(lost).toEqual([]);
    const byId = (map: ReadonlyMap<number, string>) => [...map].sort(([one], [other]) => one - other);
    expect(byId(kept)).toEqual(byId(expected));
    expect(table.size).toBe(expected.size);
  });

  it('takes the lowest and the highest id, and tells a free place by its mark', () => {
    const table = new HeardSensors(10);
    for (const sensor of [0, HIGHEST]) expect(table.put(sensor, sensor, 0xffff)).toBe(true);
    expect([0, 1, HIGHEST].map((sensor) => table.markAt(table.slotOf(sensor)))).toEqual([0, NONE, HIGHEST]);
  });

  it('takes at most 16 bytes a sensor, however many there are', () => {
    const table = new HeardSensors(2 ** 20);
    let most = 0;
    for (let sensor = 0; sensor < 200_000; sensor += 1) {
      table.put(sensor, 0, 0);
      if (sensor >= 1_000) most = Math.max(most, table.bytes / table.size);
    }
    expect(most).toBeLessThanOrEqual(16);
  });
});
