/** Alarms of sensors that no client has. Here clients have the sensors below 1,000. */
import { describe, expect, it } from 'vitest';
import type { AlarmChange } from '../../../alarm/alarm.ts';
import { Detection, type DetectionSettings } from '../../../alarm/detection.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { feed, REPEAT_WITHIN, type ReferenceType, remember, SKEW } from './detection-rig.ts';

const T0 = 1_700_000_000_000;
const CLIENT = 7;
const STRANGER = 5_000;
const MINUTE = 60_000;

function bed(settings: Partial<DetectionSettings> = {}) {
  const known = new Set<number>();
  const make = (): Detection =>
    new Detection({
      types: REFERENCE,
      partition: 0,
      clockSkewMaxMs: SKEW,
      repeatWithinMs: REPEAT_WITHIN,
      isUnknown: (sensor) => sensor >= 1_000 && !known.has(sensor),
      ...settings,
    });
  const states = new Map<number, string>();
  const bed = {
    detection: make(),
    known,
    states,
    offset: 0,
    at: T0,
    hit: (sensor: number, type: ReferenceType = 'motion', times = 1, more: object = {}): void => {
      for (let i = 0; i < times; i += 1) bed.read({ topic: 'ENTRY', sensor, type, ...more });
    },
    well: (sensor: number): void => bed.read({ topic: 'OK', sensor }),
    read: (reading: { topic: 'ENTRY' | 'OK'; sensor: number; type?: ReferenceType }): void => {
      bed.at += 10;
      bed.offset += 1;
      feed(bed.detection, { ...reading, at: bed.at, offset: bed.offset });
    },
    changes: (): AlarmChange[] => {
      const effects = bed.detection.takeEffects(true);
      if (effects) remember(states, effects.changed);
      return (effects?.events ?? []).filter((event) => event.event !== 'refused');
    },
    raised: () => bed.changes().flatMap(({ event, alarm }) => (event === 'raised' ? [[alarm.sensor, alarm.quarantined] as const] : [])),
    acknowledge: ({ alarm }: AlarmChange): void => {
      const { id, sensor, version } = alarm;
      bed.at += 10;
      bed.detection.action({ id: `a${id}`, alarm: id, sensor, kind: 'acknowledge', version, by: 'ann' }, bed.at, 0);
    },
    restart: (changes: Partial<DetectionSettings> = {}): void => {
      bed.changes();
      bed.detection = new Detection({
        types: REFERENCE,
        partition: 0,
        clockSkewMaxMs: SKEW,
        repeatWithinMs: REPEAT_WITHIN,
        isUnknown: (sensor) => sensor >= 1_000 && !known.has(sensor),
        ...settings,
        ...changes,
      });
      for (const [sensor, json] of [...states].reverse()) bed.detection.restore(sensor, json);
    },
  };
  return bed;
}

describe('an alarm of a sensor that no client has', () => {
  it('is raised like any other, and marked', () => {
    const { hit, raised } = bed();
    hit(STRANGER);
    hit(CLIENT);
    hit(STRANGER, 'smoke', 3);
    expect(raised()).toEqual([
      [STRANGER, true],
      [CLIENT, undefined],
      [STRANGER, true],
    ]);
  });

  it('keeps its mark for its whole life, over restarts, whatever is known of the sensor by then', () => {
    const b = bed();
    b.hit(STRANGER);
    const [first] = b.changes();
    b.known.add(STRANGER);
    b.restart();
    if (first) b.acknowledge(first);
    b.well(STRANGER);
    expect(b.changes().map(({ event, alarm }) => [event, alarm.quarantined])).toEqual([
      ['acknowledged', true],
      ['cleared', true],
    ]);
  });

  it('is marked or not once: reading the same again with other knowledge changes nothing that was committed', () => {
    const b = bed();
    b.hit(STRANGER);
    const [first] = b.changes();
    b.known.add(STRANGER);
    b.restart();
    expect(b.changes()).toEqual([]);
    expect(JSON.parse(b.states.get(STRANGER) ?? '').types.motion.open[0]).toEqual(first?.alarm);
  });

  it('gives way to a proper alarm, raised anew, as soon as the sensor is known and still in alarm', () => {
    const b = bed();
    b.hit(STRANGER, 'smoke', 3);
    const [first] = b.changes();
    b.known.add(STRANGER);
    b.hit(STRANGER, 'smoke');
    const [ended, anew, ...more] = b.changes();
    expect([ended?.event, ended?.alarm.id, ended?.alarm.state, ended?.alarm.acknowledgedBy]).toEqual([
      'acknowledged',
      first?.alarm.id,
      'CLEARED_ACK',
      'tocsin',
    ]);
    expect([anew?.event, anew?.alarm.quarantined, anew?.alarm.state]).toEqual(['raised', undefined, 'ACTIVE_UNACK']);
    expect(anew?.alarm.id).not.toBe(first?.alarm.id);
    expect(anew?.alarm.evidence).toHaveLength(3);
    expect(more).toEqual([]);
    expect([b.detection.active.get('smoke'), b.detection.quarantine.open]).toEqual([1, 0]);
    b.well(STRANGER);
    expect(b.changes().map(({ event, alarm }) => [event, alarm.id])).toEqual([['cleared', anew?.alarm.id]]);
  });

  it("is not what a client's alarm becomes when the client is gone", () => {
    const b = bed();
    b.known.add(STRANGER);
    b.hit(STRANGER);
    b.changes();
    b.known.delete(STRANGER);
    b.at += MINUTE;
    b.hit(STRANGER);
    expect(b.changes().map(({ event, alarm }) => [event, alarm.quarantined])).toEqual([['seen', undefined]]);
  });
});

describe('the number of such alarms', () => {
  it("is counted apart: clients' active alarms and alarms per minute don't grow by it, whatever becomes of them", () => {
    const b = bed();
    const counted: number[] = [];
    const active = (): (number | undefined)[] => {
      const effects = b.detection.takeEffects(true);
      counted.push(...(effects?.counts ?? []).map(({ sensor }) => sensor));
      if (effects) remember(b.states, effects.changed);
      return [b.detection.active.get('motion') ?? 0, b.detection.quarantine.open];
    };
    b.hit(CLIENT);
    for (const i of [0, 1, 2]) b.hit(STRANGER + i);
    expect(active()).toEqual([1, 3]);
    b.restart();
    expect(active()).toEqual([1, 3]);
    b.well(STRANGER);
    b.known.add(STRANGER + 1);
    b.hit(STRANGER + 1);
    expect(active()).toEqual([2, 2]);
    b.well(CLIENT);
    b.well(STRANGER + 1);
    expect(active()[0]).toBe(0);
    expect(counted).toEqual([CLIENT, STRANGER + 1]);
  });

  it('is bounded: beyond it nothing is raised and nothing given up, clients are raised as ever', () => {
    const b = bed({ quarantineMax: 100 });
    for (let i = 0; i < 1_000; i += 1) b.hit(STRANGER + i);
    expect(b.raised()).toHaveLength(100);
    expect([b.detection.quarantine.open, b.detection.quarantine.isFull, b.detection.heldBack]).toEqual([100, true, 900]);
    for (let i = 0; i < 200; i += 1) b.hit(i);
    expect(b.raised()).toHaveLength(200);
    expect(b.detection.quarantine.open).toBe(100);
  });

  it('leaves room where an operator has acknowledged: the one acknowledged first gives way, none that nobody has seen', () => {
    const b = bed({ quarantineMax: 3 });
    for (const i of [0, 1, 2]) b.hit(STRANGER + i);
    const [one, two] = b.changes();
    if (two) b.acknowledge(two);
    if (one) b.acknowledge(one);
    b.changes();
    for (const restarted of [false, true]) {
      if (restarted) b.restart();
      b.hit(STRANGER + (restarted ? 9 : 8));
      const [gone, raised, ...more] = b.changes();
      expect([gone?.alarm.sensor, gone?.alarm.state, gone?.alarm.acknowledgedBy]).toEqual([
        STRANGER + (restarted ? 0 : 1),
        'CLEARED_ACK',
        'ann',
      ]);
      expect([raised?.event, more]).toEqual(['raised', []]);
    }
    b.hit(STRANGER + 10);
    expect([b.changes(), b.detection.heldBack, b.detection.quarantine.open]).toEqual([[], 1, 3]);
    expect(b.states.has(STRANGER + 2)).toBe(true);
  });

  it('counts those that were over within the day, and those of one sensor that alternates without end', () => {
    const b = bed({ quarantineMax: 20 });
    for (let i = 0; i < 500; i += 1) {
      b.hit(STRANGER);
      b.at += SKEW;
      b.well(STRANGER);
    }
    expect(b.raised().length).toBe(20);
    expect(b.detection.quarantine.isFull).toBe(true);
  });

  it('is the same after a restart, and when nothing is quarantined any more', () => {
    const b = bed({ quarantineMax: 50 });
    for (let i = 0; i < 80; i += 1) b.hit(STRANGER + i, 'smoke', 3);
    b.restart();
    expect([b.detection.quarantine.open, b.detection.quarantine.isFull]).toEqual([50, true]);
    b.restart({ isUnknown: undefined, quarantineMax: undefined });
    b.hit(STRANGER + 100);
    expect(b.raised()).toEqual([[STRANGER + 100, undefined]]);
  });

  it("frees its place with the sensor's recovery and acknowledgement, and a day", () => {
    const b = bed({ quarantineMax: 1 });
    b.hit(STRANGER);
    const [first] = b.changes();
    b.well(STRANGER);
    if (first) b.acknowledge({ ...first, alarm: { ...first.alarm, version: 2 } });
    b.changes();
    expect([b.detection.quarantine.open, b.detection.quarantine.isFull]).toEqual([0, true]);
    b.at += 2 * 86_400_000;
    b.hit(CLIENT);
    expect(b.detection.quarantine.isFull).toBe(false);
  });
});

describe('the memory that unknown sensors take', () => {
  const ROOM = 1_000_000;

  it("is a share of their own: a million of them make no client's hits forgotten", () => {
    const b = bed({ roomBytes: ROOM, quarantineMax: 10 });
    for (let i = 0; i < 200; i += 1) b.hit(i, 'smoke', 2);
    for (let i = 0; i < 20_000; i += 1) b.hit(STRANGER + i, 'smoke', 2, { value: 'x'.repeat(3_900) });
    for (let i = 0; i < 20_000; i += 1) b.well(100_000 + i);
    expect(b.detection.letGo).toBe(0);
    expect(b.detection.unknownLetGo).toBeGreaterThan(19_000);
    expect(b.detection.roomTaken).toBeLessThan(ROOM);
    for (let i = 0; i < 200; i += 1) b.hit(i, 'smoke');
    expect(b.raised().map(([sensor]) => sensor)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('stays apart over a restart, in the middle of the flood', () => {
    const b = bed({ roomBytes: ROOM, quarantineMax: 10 });
    for (let i = 0; i < 500; i += 1) b.hit(i, 'smoke', 2);
    for (let i = 0; i < 2_000; i += 1) {
      b.hit(STRANGER + i, 'smoke', 2);
      b.well(50_000 + i);
    }
    b.restart();
    for (let i = 0; i < 2_000; i += 1) b.hit(STRANGER + 2_000 + i, 'smoke', 2);
    expect(b.detection.letGo).toBe(0);
    for (let i = 0; i < 500; i += 1) b.hit(i, 'smoke');
    expect(b.raised().filter(([sensor]) => sensor < 1_000)).toHaveLength(500);
  });

  it('is that of clients once the sensor is known', () => {
    const b = bed({ roomBytes: ROOM, quarantineMax: 10 });
    b.hit(STRANGER, 'smoke', 2);
    b.known.add(STRANGER);
    b.hit(STRANGER, 'temperature');
    for (let i = 1; i < 10_000; i += 1) b.hit(STRANGER + i, 'smoke');
    b.hit(STRANGER, 'smoke');
    expect(b.raised()).toEqual([[STRANGER, undefined]]);
  });

  it('holds no room for which detectors they report: their faults are not watched, and nothing is stored of a quiet one', () => {
    const b = bed();
    for (let i = 0; i < 1_000; i += 1) b.read({ topic: 'ENTRY', sensor: STRANGER + i });
    b.read({ topic: 'ENTRY', sensor: CLIENT });
    b.changes();
    expect([...b.states.keys()]).toEqual([CLIENT]);
  });
});
