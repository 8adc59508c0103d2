/** What strangers send can't fill the memory, and costs known sensors as little as possible. */
import { describe, expect, it } from 'vitest';
import { Detection, type DetectionSettings } from '../../../alarm/detection.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';
import { feed, REPEAT_WITHIN, referenceWith, remember, SENSOR, SKEW } from './detection-rig.ts';

const T0 = 1_700_000_000_000;
const DAY = 86_400_000;
const ROOM = 1_000_000;
const STRANGERS = 5_000;

const detecting = (settings: Partial<DetectionSettings> = {}): Detection =>
  new Detection({ types: REFERENCE, partition: 0, clockSkewMaxMs: SKEW, repeatWithinMs: REPEAT_WITHIN, roomBytes: ROOM, ...settings });

/** Feeds records by their times, which are their offsets too. */
const smoke = (detection: Detection, sensor: number, at: number, more: object = {}): void =>
  feed(detection, { topic: 'ENTRY', at: T0 + at, offset: at, sensor, type: 'smoke', ...more });
const well = (detection: Detection, sensor: number, at: number): void => feed(detection, { topic: 'OK', at: T0 + at, offset: at, sensor });
const raisedOf = (detection: Detection): number[] =>
  (detection.takeEffects()?.events ?? []).flatMap((event) => (event.event === 'raised' ? [event.alarm.sensor] : []));

describe('hits of endlessly new ids', () => {
  it('take no more than the room, and nothing from sensors with an alarm', () => {
    const detection = detecting();
    for (const at of [1, 2, 3]) smoke(detection, SENSOR, at);
    expect(raisedOf(detection)).toEqual([SENSOR]);
    for (let i = 0; i < STRANGERS; i += 1) smoke(detection, 1_000 + i, 10 + i, { value: 'x'.repeat(3_900) });
    expect(detection.roomTaken).toBeLessThanOrEqual(ROOM);
    expect(detection.sensors).toBeLessThan(2_000);
    expect(detection.letGo).toBe(STRANGERS + 1 - detection.sensors);
    well(detection, SENSOR, 10_000);
    const cleared = detection.takeEffects()?.events.map((event) => event.event);
    expect(cleared).toEqual(['cleared']);
  });

  it('give way to newer ones: a fire that is reported meanwhile raises an alarm', () => {
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

  it('leave nothing stored for forgotten sensors', () => {
    const detection = detecting();
    const stored = new Map<number, string>();
    for (let i = 0; i < STRANGERS; i += 1) {
      smoke(detection, i, i);
      if (i % 500 === 499) remember(stored, detection.takeEffects(true)?.changed ?? new Map());
    }
    expect([...stored.values()].filter((json) => json.includes('hits'))).toHaveLength(detection.sensors);
  });
});

describe('hits of ever new ids that are older than a recovery', () => {
  it('take their room, too, as long as they may be sent again', () => {
    const detection = detecting();
    for (let i = 0; i < STRANGERS; i += 1) {
      well(detection, i, 1_000_000);
      smoke(detection, i, 1, { seq: 1, value: 'x'.repeat(3_900) });
    }
    expect(detection.stale).toBe(STRANGERS);
    // Each takes more than 7,800 bytes.
    expect(detection.sensors).toBeLessThan(ROOM / 7_800);
  });
});

describe('hits that a normal reading has ended', () => {
  const types = withTypes(typeWhen('battery', 'battery < 15', { hits: 2, clears: 'normal' }));
  const battery = (detection: Detection, at: number, value: number): void =>
    feed(detection, { topic: 'ENTRY', at: T0 + at, offset: at, said: { battery: value } }, types);

  it('take no room', () => {
    const detection = detecting({ types });
    battery(detection, 1, 14);
    expect(detection.roomTaken).toBeGreaterThan(0);
    battery(detection, 2, 20);
    expect(detection.roomTaken).toBe(0);
  });
});

describe('an alarm that is over', () => {
  it('is not forgotten because of strangers, even after a restart: notes on it are accepted for a day', () => {
    const detection = detecting();
    for (const at of [1, 2, 3]) smoke(detection, SENSOR, at);
    const [raised] = detection.takeEffects()?.events ?? [];
    const alarm = raised?.alarm?.id ?? '';
    const act = (to: Detection, kind: 'acknowledge' | 'note', version: number): void =>
      to.action({ id: `${version}`, alarm, sensor: SENSOR, kind, version, by: 'ada', ...(kind === 'note' && { note: 'x' }) }, T0 + 10, 1);
    act(detection, 'acknowledge', 1);
    well(detection, SENSOR, 10);
    const stored = detection.takeEffects()?.changed.get(SENSOR) ?? '';
    const restarted = detecting();
    restarted.restore(SENSOR, stored);
    for (const each of [detection, restarted]) {
      for (let i = 0; i < STRANGERS; i += 1) smoke(each, 1_000 + i, 10 + i);
      each.takeEffects(true);
      act(each, 'note', 3);
      expect(each.takeEffects()?.events.map(({ event }) => event)).toEqual(['noted']);
    }
  });
});

describe('recoveries of ever new ids', () => {
  it('take no more than the room, even if no status comes, and push out no hit', () => {
    const detection = detecting();
    for (const at of [1, 2]) smoke(detection, SENSOR, at);
    for (let i = 0; i < 20 * STRANGERS; i += 1) well(detection, 1_000 + i, 10 + i);
    expect(detection.roomTaken).toBeLessThanOrEqual(ROOM);
    expect(detection.sensors).toBeLessThan(2_000);
    expect(detection.letGo).toBe(0);
    smoke(detection, SENSOR, 500_000);
    expect(raisedOf(detection)).toEqual([SENSOR]);
  });

  it('are forgotten without a metric: sensors that are well lose no hit', () => {
    const detection = detecting();
    for (let i = 0; i < STRANGERS; i += 1) {
      smoke(detection, 1_000 + i, 1);
      well(detection, 1_000 + i, 2);
    }
    expect(detection.sensors).toBeLessThan(STRANGERS);
    expect(detection.letGo).toBe(0);
  });
});

describe('a restart', () => {
  /** The stored state after hits of one sensor at these times. */
  const storedAfter = (times: readonly number[], value?: string): { json: string; roomTaken: number } => {
    const before = detecting();
    for (const at of times) smoke(before, SENSOR, at, { value });
    return { json: before.takeEffects(true)?.changed.get(SENSOR) ?? '', roomTaken: before.roomTaken };
  };

  it('gives hits the room that they took before, and alarms none', () => {
    const detection = detecting();
    const { json, roomTaken } = storedAfter([1, 2]);
    detection.restore(SENSOR, json);
    expect([detection.roomTaken, roomTaken > 0]).toEqual([roomTaken, true]);
    detection.restore(SENSOR, storedAfter([1, 2, 3]).json);
    expect(detection.roomTaken).toBe(0);
  });

  it('gives no room to state that was overwritten', () => {
    const detection = detecting();
    detection.restore(SENSOR, storedAfter([1, 2]).json);
    detection.restore(SENSOR, '{"v":3,"known":["smoke"]}');
    expect(detection.roomTaken).toBe(0);
  });

  it('restores long readings whole, and only their beginnings once half of the room is taken', () => {
    const { json } = storedAfter([1, 2], 'x'.repeat(3_900));
    const detection = detecting();
    for (let sensor = 0; sensor < 50; sensor += 1) detection.restore(sensor, json);
    smoke(detection, 0, 3, { value: 'x'.repeat(3_900) });
    smoke(detection, 49, 4, { value: 'x'.repeat(3_900) });
    const lengths = (detection.takeEffects()?.events ?? []).map(
      (event) => event.event === 'raised' && event.alarm.evidence.map(({ value }) => value.length),
    );
    expect(lengths).toEqual([
      [3_900, 3_900, 256],
      [256, 256, 256],
    ]);
  });

  it('restores the newest state that fits, whatever was stored and in whatever order', () => {
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
  it('count for ever by default', () => {
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

  it.each([
    [DAY, true],
    [DAY + 1, false],
  ])('count as long as configured, and no longer: the third after %i ms raises an alarm: %s', (at, raises) => {
    const detection = detecting({ hitsKeptMs: DAY });
    for (const each of [1, 2, at]) smoke(detection, SENSOR, each);
    expect(raisedOf(detection)).toEqual(raises ? [SENSOR] : []);
  });

  it('are kept as long as their type needs them, however short the setting is', () => {
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
