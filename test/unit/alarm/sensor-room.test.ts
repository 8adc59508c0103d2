/** What strangers send can't fill the memory, and costs no sensor more than it must. */
import { describe, expect, it } from 'vitest';
import { Detection, type DetectionSettings } from '../../../alarm/detection.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { feed, REPEAT_WITHIN, referenceWith, remember, SENSOR, SKEW } from './detection-rig.ts';

const T0 = 1_700_000_000_000;
const DAY = 86_400_000;
const ROOM = 1_000_000;
const STRANGERS = 5_000;

const detecting = (settings: Partial<DetectionSettings> = {}): Detection =>
  new Detection({ types: REFERENCE, partition: 0, clockSkewMaxMs: SKEW, repeatWithinMs: REPEAT_WITHIN, roomBytes: ROOM, ...settings });

/** Feeds by time, which is the offset too. */
const smoke = (detection: Detection, sensor: number, at: number, more: object = {}): void =>
  feed(detection, { topic: 'ENTRY', at: T0 + at, offset: at, sensor, type: 'smoke', ...more });
const well = (detection: Detection, sensor: number, at: number): void => feed(detection, { topic: 'OK', at: T0 + at, offset: at, sensor });
const raisedOf = (detection: Detection): number[] =>
  (detection.takeEffects()?.events ?? []).flatMap((event) => (event.event === 'raised' ? [event.alarm.sensor] : []));

describe('hits of ever new ids', () => {
  it('take no more than the room that there is, and nothing of sensors with an alarm', () => {
    const detection = detecting();
    for (const at of [1, 2, 3]) smoke(detection, SENSOR, at);
    expect(raisedOf(detection)).toEqual([SENSOR]);
    for (let i = 0; i < STRANGERS; i += 1) smoke(detection, 1_000 + i, 10 + i, { value: 'x'.repeat(3_900) });
    expect(detection.roomTaken).toBeLessThanOrEqual(ROOM);
    expect(detection.sensors).toBeLessThan(2_000);
    expect(detection.letGo).toBeGreaterThan(3_000);
    well(detection, SENSOR, 10_000);
    const cleared = detection.takeEffects()?.events.map((event) => event.event);
    expect(cleared).toEqual(['cleared']);
  });

  it('let the newest count: who reports a fire meanwhile is heard', () => {
    const detection = detecting();
    const fire = [100, 400, 700];
    for (let i = 0; i < 1_000; i += 1) {
      smoke(detection, 10_000 + i, i, { value: 'x'.repeat(3_900) });
      if (fire.includes(i)) smoke(detection, SENSOR, i);
    }
    expect(raisedOf(detection)).toEqual([SENSOR]);
  });

  it('keep the beginning of long readings only, once half of the room is taken: more sensors are remembered', () => {
    const detection = detecting();
    for (let i = 0; i < 100; i += 1) for (const at of [0, 1]) smoke(detection, 1_000 + i, 2 * i + at, { value: 'x'.repeat(3_900) });
    smoke(detection, 1_099, 500, { value: 'x'.repeat(3_900) });
    const [event] = detection.takeEffects()?.events ?? [];
    expect(event?.event === 'raised' && event.alarm.evidence.map(({ value, offset }) => [value.length, offset])).toEqual([
      [256, 198],
      [256, 199],
      [256, 500],
    ]);
  });

  it('leave nothing in what is stored of those that were let go of', () => {
    const detection = detecting();
    const stored = new Map<number, string>();
    for (let i = 0; i < STRANGERS; i += 1) smoke(detection, i, i);
    remember(stored, detection.takeEffects(true)?.changed ?? new Map());
    expect([...stored.values()].filter((json) => json.includes('hits'))).toHaveLength(detection.sensors);
  });
});

describe('recoveries of ever new ids', () => {
  it('take no more than the room, though no status comes, and push out no hit', () => {
    const detection = detecting();
    for (const at of [1, 2]) smoke(detection, SENSOR, at);
    for (let i = 0; i < 20 * STRANGERS; i += 1) well(detection, 1_000 + i, 10 + i);
    expect(detection.roomTaken).toBeLessThanOrEqual(ROOM);
    expect(detection.letGo).toBe(0);
    smoke(detection, SENSOR, 500_000);
    expect(raisedOf(detection)).toEqual([SENSOR]);
  });
});

describe('a restart', () => {
  it('takes up what fits, the newest of it, whatever was stored and in whatever order', () => {
    const before = detecting({ roomBytes: undefined });
    const stored = new Map<number, string>();
    for (const at of [1, 2]) for (let i = 0; i < STRANGERS; i += 1) smoke(before, i, at * STRANGERS + i, { value: 'x'.repeat(3_900) });
    for (const at of [1, 2]) smoke(before, SENSOR + STRANGERS, 3 * STRANGERS + at);
    remember(stored, before.takeEffects(true)?.changed ?? new Map());
    const detection = detecting();
    // The newest comes first.
    for (const [sensor, json] of [...stored].reverse()) {
      detection.restore(sensor, json);
      expect(detection.roomTaken).toBeLessThanOrEqual(2 * ROOM);
    }
    smoke(detection, SENSOR + STRANGERS, 4 * STRANGERS);
    expect(raisedOf(detection)).toEqual([SENSOR + STRANGERS]);
    expect(detection.roomTaken).toBeLessThanOrEqual(ROOM);
  });
});

describe('hits that raised nothing', () => {
  it('count for ever unless it is said how long they are kept', () => {
    for (const [hitsKeptMs, raised] of [
      [undefined, [SENSOR]],
      [DAY, []],
    ] as const) {
      const detection = detecting({ hitsKeptMs });
      for (const at of [1, 2]) smoke(detection, SENSOR, at);
      smoke(detection, SENSOR, 2 * DAY);
      expect(raisedOf(detection)).toEqual(raised);
      expect(detection.sensors).toBe(1);
    }
  });

  it('are kept as long as their rule needs them, however short that is', () => {
    const types = referenceWith({ smoke: { within: DAY } });
    const detection = detecting({ types, hitsKeptMs: 1_000 });
    for (const at of [1, DAY / 2, DAY]) smoke(detection, SENSOR, at);
    expect(raisedOf(detection)).toEqual([SENSOR]);
  });

  it('are not taken from an alarm that is active', () => {
    const detection = detecting({ hitsKeptMs: 1_000 });
    for (const at of [1, 2, 3]) smoke(detection, SENSOR, at);
    expect(raisedOf(detection)).toEqual([SENSOR]);
    smoke(detection, SENSOR + 1, 5 * DAY);
    smoke(detection, SENSOR, 6 * DAY);
    expect(raisedOf(detection)).toEqual([]);
    well(detection, SENSOR, 7 * DAY);
    expect(detection.takeEffects()?.events.map((event) => event.event)).toEqual(['cleared']);
  });
});
