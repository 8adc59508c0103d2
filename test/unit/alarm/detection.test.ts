import { describe, expect, it } from 'vitest';
import type { Action, AlarmChange } from '../../../alarm/alarm.ts';
import type { Detection } from '../../../alarm/detection.ts';
import { type AlarmType, HITS_MAX } from '../../../alarm/alarm-type.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { activeIn, detecting, feed, type ReferenceType, referenceWith, SENSOR, SKEW, summary } from './detection-rig.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';
import { statusSaying } from './reading.ts';

const HUNDRED = { hits: HITS_MAX, within: 60_000, severity: 'MAJOR' } as const;
const HUNDRED_HITS = referenceWith({ motion: HUNDRED, smoke: HUNDRED, temperature: HUNDRED });
/** This many types, all hit by the same reading. */
const alike = (count: number, row: Partial<AlarmType>): TypeSet =>
  new TypeSet(Array.from({ length: count }, (_, i) => typeWhen(`t${i}`, `f${i}`, row)));
const ALL_KNOWN = '{"v":3,"known":["motion","smoke","temperature"]}';

let offset = 0;
const hit = (type: ReferenceType, at: number, seq?: number, value?: string) => (detection: Detection) =>
  feed(detection, { topic: 'ENTRY', at, offset: offset++, type, seq, value });
const normal = (at: number) => (detection: Detection) => feed(detection, { topic: 'ENTRY', at, offset: offset++ });
const ok = (at: number) => (detection: Detection) => feed(detection, { topic: 'OK', at, offset: offset++ });
const act = (fields: Partial<Action>) => (detection: Detection) => detection.action({ ...ACKNOWLEDGE, ...fields }, 90_000, offset++);

const RAISED_AT = 10_000;
const ID = `${SENSOR}-motion-0-0-${RAISED_AT.toString(36)}`;
const ACKNOWLEDGE: Action = { id: 'a1', alarm: ID, sensor: SENSOR, kind: 'acknowledge', version: 1, by: 'ada' };

function given(...steps: ((detection: Detection) => void)[]): { detection: Detection; events: string[]; state: string | null | undefined } {
  offset = 0;
  const detection = detecting();
  for (const step of steps) step(detection);
  const effects = detection.takeEffects();
  return { detection, events: summary(effects?.events ?? []), state: effects?.changed.get(SENSOR) };
}

const smoke = (...times: number[]) => times.map((at) => hit('smoke', at));
const motion = hit('motion', RAISED_AT);

describe('Detection', () => {
  it.each<[string, ((detection: Detection) => void)[], string[]]>([
    ['nothing for normal statuses', [normal(1), normal(2)], []],
    ['an alarm at the first motion', [motion], ['raised motion 10000 v1 ACTIVE_UNACK']],
    ['nothing for two hits of smoke', smoke(1, 2), []],
    [
      'an alarm at the third hit of smoke, with normal statuses between',
      [...smoke(1, 2), normal(3), hit('smoke', 4)],
      ['raised smoke 4 v1 ACTIVE_UNACK'],
    ],
    ['one alarm however many hits', smoke(1, 2, 3, 4, 5), ['raised smoke 3 v1 ACTIVE_UNACK']],
    [
      'one alarm per type',
      [motion, ...[1, 2, 3].map((at) => hit('temperature', at))],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'raised temperature 3 v1 ACTIVE_UNACK'],
    ],
    [
      'seen, but once a minute',
      [motion, hit('motion', 69_999), hit('motion', 70_000), hit('motion', 70_001)],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'seen motion 70000 v2 ACTIVE_UNACK'],
    ],
    ['cleared by an OK', [motion, ok(20_000)], ['raised motion 10000 v1 ACTIVE_UNACK', 'cleared motion 20000 v2 CLEARED_UNACK']],
    [
      "nothing more for an OK that isn't newer",
      [motion, ok(20_000), hit('motion', 30_000), ok(20_000), ok(19_000)],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'cleared motion 20000 v2 CLEARED_UNACK', 'raised motion 30000 v1 ACTIVE_UNACK'],
    ],
    ['nothing for a hit older than the newest OK, though an older OK was read since', [ok(20_000), ok(10_000), hit('motion', 15_000)], []],
    [
      'an alarm that stands though the OK before it is sent again',
      [ok(20_000), hit('motion', 20_000 - SKEW), ok(20_000)],
      ['raised motion 18000 v1 ACTIVE_UNACK'],
    ],
    ['an alarm that an OK from before its hits leaves alone', [...smoke(5, 6, 7), ok(4)], ['raised smoke 7 v1 ACTIVE_UNACK']],
    [
      'an alarm anew by the hits after the OK',
      [...smoke(1, 11, 12, 13), ok(5)],
      ['raised smoke 12 v1 ACTIVE_UNACK', 'cleared smoke 5 v2 CLEARED_UNACK', 'raised smoke 13 v1 ACTIVE_UNACK'],
    ],
    [
      'an alarm cleared when too few hits are after the OK',
      [...smoke(1, 11, 12), ok(5)],
      ['raised smoke 12 v1 ACTIVE_UNACK', 'cleared smoke 5 v2 CLEARED_UNACK'],
    ],
    ['nothing for a count that an OK started anew', [...smoke(1, 2), ok(3), hit('smoke', 4)], []],
    ['nothing for a hit much older than an OK already read', [ok(20_000), hit('motion', 20_000 - SKEW - 1)], []],
    [
      'an alarm for a hit hardly older than an OK already read',
      [ok(20_000), hit('motion', 20_000 - SKEW)],
      ['raised motion 18000 v1 ACTIVE_UNACK'],
    ],
    [
      'acknowledged, then cleared: over',
      [motion, act({}), ok(95_000)],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'acknowledged motion 90000 v2 ACTIVE_ACK', 'cleared motion 95000 v3 CLEARED_ACK'],
    ],
    [
      'cleared, then acknowledged: over',
      [motion, ok(20_000), act({ version: 2 }), act({ version: 3 })],
      [
        'raised motion 10000 v1 ACTIVE_UNACK',
        'cleared motion 20000 v2 CLEARED_UNACK',
        'acknowledged motion 90000 v3 CLEARED_ACK',
        'refused: already acknowledged by ada',
      ],
    ],
    [
      'a refusal of what was meant for another version',
      [motion, ok(20_000), act({})],
      [
        'raised motion 10000 v1 ACTIVE_UNACK',
        'cleared motion 20000 v2 CLEARED_UNACK',
        'refused: the alarm has changed since: it is at version 2, the action was for version 1',
      ],
    ],
    [
      'acknowledged what was only seen again since',
      [motion, hit('motion', 70_000), hit('motion', 130_000), act({})],
      [
        'raised motion 10000 v1 ACTIVE_UNACK',
        'seen motion 70000 v2 ACTIVE_UNACK',
        'seen motion 130000 v3 ACTIVE_UNACK',
        'acknowledged motion 90000 v4 ACTIVE_ACK',
      ],
    ],
    [
      'a refusal of what was meant for a version before a change, though the alarm was seen again since',
      [motion, act({ kind: 'note', note: 'a cat' }), hit('motion', 70_000), act({}), act({ version: 2 })],
      [
        'raised motion 10000 v1 ACTIVE_UNACK',
        'noted motion 90000 v2 ACTIVE_UNACK',
        'seen motion 70000 v3 ACTIVE_UNACK',
        'refused: the alarm has changed since: it is at version 3, the action was for version 1',
        'acknowledged motion 90000 v4 ACTIVE_ACK',
      ],
    ],
    [
      'a refusal of what was meant for a version before the acknowledgement, though the alarm was seen before and after it',
      [motion, hit('motion', 70_000), act({}), hit('motion', 130_000), act({ kind: 'disposition', disposition: 'false', version: 2 })],
      [
        'raised motion 10000 v1 ACTIVE_UNACK',
        'seen motion 70000 v2 ACTIVE_UNACK',
        'acknowledged motion 90000 v3 ACTIVE_ACK',
        'seen motion 130000 v4 ACTIVE_ACK',
        'refused: the alarm has changed since: it is at version 4, the action was for version 2',
      ],
    ],
    [
      'a refusal of what was meant for a version that is still to come',
      [motion, act({ version: 2 })],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'refused: the alarm has changed since: it is at version 1, the action was for version 2'],
    ],
    [
      'a refusal of a second acknowledgement',
      [motion, act({}), act({ version: 2 })],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'acknowledged motion 90000 v2 ACTIVE_ACK', 'refused: already acknowledged by ada'],
    ],
    ['a refusal for an unknown alarm', [act({})], ['refused: there is no such alarm, or it was over long ago']],
    [
      'a refusal for an unknown alarm of a sensor that has another',
      [motion, act({ alarm: 'x' })],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'refused: there is no such alarm, or it was over long ago'],
    ],
    [
      'notes and dispositions',
      [motion, act({ kind: 'note', note: 'a cat' }), act({ kind: 'disposition', disposition: 'false', version: 2 })],
      ['raised motion 10000 v1 ACTIVE_UNACK', 'noted motion 90000 v2 ACTIVE_UNACK', 'disposed motion 90000 v3 ACTIVE_UNACK'],
    ],
  ])('gives %s', (_, steps, events) => {
    expect(given(...steps).events).toEqual(events);
  });

  it('raises with the evidence, id and cause of the hits, and counts it', () => {
    const detection = detecting();
    [1, 2, 3].forEach((at, offset) => {
      feed(detection, { topic: 'ENTRY', at, offset, type: 'smoke', seq: at * 10 });
    });
    const { events, counts } = detection.takeEffects() ?? { events: [], counts: [] };
    const evidence = [1, 2, 3].map((at) => ({ topic: 'ENTRY', partition: 0, offset: at - 1, at, seq: at * 10, value: `{"at":${at}}` }));
    const id = '7-smoke-0-2-3';
    const alarm = {
      id,
      sensor: 7,
      type: 'smoke',
      severity: 'CRITICAL',
      state: 'ACTIVE_UNACK',
      version: 1,
      raisedAt: 3,
      lastSeenAt: 3,
      evidence,
    };
    expect(events).toEqual([{ event: 'raised', at: 3, cause: { topic: 'ENTRY', partition: 0, offset: 2 }, alarm }]);
    expect(counts).toEqual([{ alarm: id, sensor: 7, type: 'smoke', at: 3 }]);
  });

  it('says who acknowledged, when, and what the action was', () => {
    offset = 0;
    const detection = detecting();
    for (const step of [motion, act({})]) step(detection);
    const acknowledged = detection.takeEffects()?.events.at(-1) as AlarmChange;
    expect(acknowledged).toMatchObject({
      action: ACKNOWLEDGE,
      alarm: { acknowledgedBy: 'ada', acknowledgedAt: 90_000 },
      cause: { topic: 'ACTION' },
    });
  });

  it('remembers of a sensor whose alarms are over what it reports, and for a day the alarms', () => {
    const { detection } = given(motion, act({}), ok(95_000));
    const stored = () => detection.takeEffects(true)?.changed.get(SENSOR);
    normal(95_000 + 2 * SKEW - 1)(detection);
    expect(stored()).toBeUndefined();
    normal(95_000 + 2 * SKEW)(detection);
    expect(stored()).toMatch(/^\{"v":3,"known":\["motion","smoke","temperature"\],"ended":\[/);
    normal(95_000 + 86_400_000 - 1)(detection);
    expect(stored()).toBeUndefined();
    expect(detection.sensors).toBe(1);
    normal(95_000 + 86_400_000)(detection);
    expect(stored()).toBe(ALL_KNOWN);
    expect(detection.sensors).toBe(0);
  });

  it('remembers nothing of a sensor of which it only heard that all is well', () => {
    const detection = detecting();
    ok(10_000)(detection);
    detection.takeEffects();
    feed(detection, { topic: 'ENTRY', at: 10_000 + 2 * SKEW, offset: 1, sensor: 8 });
    expect(detection.takeEffects(true)?.changed).toEqual(
      new Map([
        [SENSOR, null],
        [8, ALL_KNOWN],
      ]),
    );
  });

  it('remembers a recovery for as long as older hits may come, whatever else of its sensor is forgotten before', () => {
    // What may be sent again is forgotten at 64 s.
    const { events, detection } = given(hit('smoke', 0, 1), ok(63_000), normal(64_000), hit('motion', 63_000 - SKEW - 1));
    expect([events, detection.stale]).toEqual([[], 1]);
  });

  it('stores nothing for a sensor that was remembered and forgotten within one batch', () => {
    const detection = detecting();
    ok(10_000)(detection);
    feed(detection, { topic: 'ENTRY', at: 10_000 + 2 * SKEW, offset: 1, sensor: 8 });
    expect(detection.takeEffects()?.changed.get(SENSOR)).toBeNull();
  });

  it('forgets recoveries in the order in which they are due, and only the newest of a sensor counts', () => {
    const detection = detecting();
    for (const [sensor, at] of [
      [1, 30_000],
      [2, 10_000],
      [3, 20_000],
      [2, 25_000],
    ] as const)
      feed(detection, { topic: 'OK', at, offset: 0, sensor });
    detection.takeEffects();
    const released = [14_000, 24_000, 29_000, 34_000].map((at) => {
      normal(at)(detection);
      return [...(detection.takeEffects(true)?.changed ?? [])].filter(([, json]) => json === null).map(([sensor]) => sensor);
    });
    expect(released).toEqual([[], [3], [2], [1]]);
  });

  it('lets forgotten state and reported types wait for other effects', () => {
    const detection = detecting();
    ok(10_000)(detection);
    detection.takeEffects();
    normal(20_000)(detection);
    expect([detection.waiting, detection.riding, detection.takeEffects()]).toEqual([0, 2, undefined]);
    feed(detection, { topic: 'ENTRY', at: 20_001, offset: 9, sensor: 8, type: 'motion' });
    expect([...(detection.takeEffects()?.changed.keys() ?? [])]).toEqual([8, SENSOR]);
    expect([detection.riding, detection.takeEffects(true)]).toEqual([0, undefined]);
  });

  describe('of an alarm that is over', () => {
    const over = [motion, act({}), ok(95_000)];
    const note = (version: number) => act({ kind: 'note', note: 'a cat', version });
    const judge = (version: number) => act({ kind: 'disposition', disposition: 'false', version });

    it.each<[string, ((detection: Detection) => void)[], string[]]>([
      [
        'takes notes and dispositions, and its versions go on',
        [note(3), judge(4)],
        ['noted motion 90000 v4 CLEARED_ACK', 'disposed motion 90000 v5 CLEARED_ACK'],
      ],
      ['refuses an acknowledgement', [act({ version: 3 })], ['refused: already acknowledged by ada']],
      [
        'refuses what was meant for a version before its end',
        [note(2)],
        ['refused: the alarm has changed since: it is at version 3, the action was for version 2'],
      ],
      [
        'takes them beside its successor',
        [hit('motion', 120_000), note(3)],
        ['raised motion 120000 v1 ACTIVE_UNACK', 'noted motion 90000 v4 CLEARED_ACK'],
      ],
    ])('%s', (_, steps, expected) => {
      expect(given(...over, ...steps).events.slice(3)).toEqual(expected);
    });

    it('takes them where it was acknowledged after it was cleared', () => {
      const { events } = given(motion, ok(20_000), act({ version: 2 }), note(3));
      expect(events.at(-1)).toBe('noted motion 90000 v4 CLEARED_ACK');
    });

    it('takes them after a restart, keeping what it is', () => {
      const { state } = given(...over, judge(3));
      const restored = detecting();
      restored.restore(SENSOR, state ?? '');
      note(4)(restored);
      const [noted] = restored.takeEffects()?.events ?? [];
      expect(noted).toMatchObject({ alarm: { version: 5, disposition: 'false', evidence: [{ at: RAISED_AT }], clearedAt: 95_000 } });
      expect(activeIn(restored).motion).toBe(0);
    });

    const lastIdOf = (detection: Detection): string => {
      const event = detection.takeEffects()?.events.at(-1);
      return event?.alarm?.id ?? 'none';
    };

    /** Alarms of one sensor, one after another, each acknowledged and cleared; returns their ids. */
    function livedThrough(detection: Detection, count: number, value?: string): string[] {
      const ids: string[] = [];
      for (let i = 0; i < count; i += 1) {
        hit('motion', i * 1_000, undefined, value)(detection);
        const alarm = lastIdOf(detection);
        ids.push(alarm);
        act({ alarm })(detection);
        ok(i * 1_000 + 500)(detection);
      }
      detection.takeEffects();
      return ids;
    }

    const answersOf = (detection: Detection, ids: readonly string[]) =>
      ids.map((alarm) => {
        act({ alarm, kind: 'note', note: 'x', version: 3 })(detection);
        return detection.takeEffects()?.events[0]?.event;
      });

    it('takes them for the last eight alarms of a sensor', () => {
      const detection = detecting();
      const answers = answersOf(detection, livedThrough(detection, 10));
      expect(answers).toEqual(['refused', 'refused', ...Array.from({ length: 8 }, () => 'noted')]);
    });

    it('takes them for fewer alarms if these are large, but always for the last', () => {
      const detection = detecting();
      const answers = answersOf(detection, livedThrough(detection, 8, 'x'.repeat(4_096)));
      expect(answers).toEqual(['refused', 'refused', 'refused', 'noted', 'noted', 'noted', 'noted', 'noted']);
      const huge = detecting(HUNDRED_HITS);
      for (let i = 0; i < HITS_MAX; i += 1) hit('motion', i, undefined, '\u0001'.repeat(4_096))(huge);
      const alarm = lastIdOf(huge);
      act({ alarm })(huge);
      ok(1_000)(huge);
      huge.takeEffects();
      expect(answersOf(huge, [alarm])).toEqual(['noted']);
    });

    it('is forgotten a day after it was acknowledged, though nothing else was remembered of its sensor by then', () => {
      const { detection } = given(motion, ok(20_000), normal(20_000 + 2 * SKEW), act({ version: 2 }));
      detection.takeEffects();
      const other = (at: number) => feed(detection, { topic: 'ENTRY', at, offset: 99, sensor: 8 });
      other(90_000 + 86_400_000 - 1);
      detection.takeEffects(true);
      expect(detection.sensors).toBe(1);
      other(90_000 + 86_400_000);
      detection.takeEffects(true);
      expect(detection.sensors).toBe(0);
    });

    it('takes them for a day after the later of its ends', () => {
      for (const [passed, answer] of [
        [95_000 + 86_400_000 - 1, 'noted'],
        [95_000 + 86_400_000, 'refused'],
      ] as const) {
        const { detection } = given(...over);
        const late = given(motion, ok(20_000), act({ version: 2 })).detection;
        for (const each of [detection, late]) {
          normal(each === late ? passed - 5_000 : passed)(each);
          each.takeEffects(true);
          expect(answersOf(each, [ID])).toEqual([answer]);
        }
      }
    });
  });

  it('answers an action that cannot be carried out', () => {
    const detection = detecting();
    detection.refuse(ACKNOWLEDGE, 'version must be a whole number from 1', 5, 3);
    const cause = { topic: 'ACTION', partition: 0, offset: 3 };
    expect(detection.takeEffects()?.events).toEqual([
      { event: 'refused', at: 5, cause, action: ACKNOWLEDGE, reason: 'version must be a whole number from 1' },
    ]);
  });

  it('goes on from the state of the version before', () => {
    const detection = detecting();
    const evidence = [1, 2].map((at) => ({ topic: 'ENTRY', partition: 0, offset: at, at, seq: at, value: `${at}` }));
    detection.restore(SENSOR, JSON.stringify({ v: 1, ok: 0, smoke: { hits: evidence, open: [] } }));
    hit('smoke', 3, 3, '3')(detection);
    expect(summary(detection.takeEffects()?.events ?? [])).toEqual(['raised smoke 3 v1 ACTIVE_UNACK']);
  });

  it('stores a recovery at once, and forgets it in time, even after a restart', () => {
    const { state } = given(ok(10_000));
    expect(state).toBe('{"v":3,"ok":10000}');
    const restored = detecting();
    restored.restore(SENSOR, state ?? '');
    expect(restored.sensors).toBe(1);
    feed(restored, { topic: 'ENTRY', at: 10_000 + 2 * SKEW, offset: 1, sensor: 8 });
    restored.takeEffects(true);
    expect(restored.sensors).toBe(0);
  });

  it('uses the state that is restored last', () => {
    const restored = detecting();
    restored.restore(SENSOR, '{"v":3,"ok":10000}');
    restored.restore(SENSOR, ALL_KNOWN);
    expect(restored.sensors).toBe(0);
  });

  it('counts an alarm once, and stores every change of it', () => {
    const { detection } = given(motion);
    act({})(detection);
    const effects = detection.takeEffects();
    expect([effects?.counts, effects?.changed.has(SENSOR)]).toEqual([[], true]);
  });

  it('says of a cleared alarm when it was last seen before that', () => {
    const lastSeen = (...steps: ((detection: Detection) => void)[]) => {
      const detection = detecting();
      for (const step of [motion, ...steps]) step(detection);
      const changes = detection.takeEffects()?.events.filter((event) => event.event !== 'refused');
      return changes?.find(({ event }) => event === 'cleared')?.alarm.lastSeenAt;
    };
    expect([lastSeen(ok(20_000)), lastSeen(hit('motion', 20_000), ok(20_000))]).toEqual([RAISED_AT, 20_000]);
    expect(lastSeen(hit('motion', 20_000), ok(30_000))).toBe(20_000);
    // By now only a later hit is remembered.
    expect(lastSeen(hit('motion', 30_000), ok(20_000))).toBe(RAISED_AT);
  });

  it('says how many events and faults wait', () => {
    const detection = detecting();
    feed(detection, { topic: 'ENTRY', at: 1, offset: 0, type: 'motion', unreadable: ['smoke'] });
    expect(detection.waiting).toBe(2);
    const { events, faults } = detection.takeEffects() ?? {};
    expect([events?.length, faults?.length, detection.waiting]).toEqual([1, 1, 0]);
  });

  it('has no effects when nothing happened', () => {
    expect(given(normal(1)).detection.takeEffects()).toBeUndefined();
    const { detection } = given(motion);
    expect(detection.takeEffects()).toBeUndefined();
  });

  /** Cleared alarms of one sensor, with readings of this many characters; returns the alarms as they were cleared, and those that were acknowledged. */
  function cleared(lengths: readonly number[], types = REFERENCE): { cleared: AlarmChange[]; acknowledged: AlarmChange[] } {
    const detection = detecting(types);
    lengths.forEach((length, i) => {
      for (const step of [hit('motion', i * 10_000, undefined, 'x'.repeat(length)), ok(i * 10_000 + 5_000)]) step(detection);
    });
    const changes = (detection.takeEffects()?.events ?? []) as AlarmChange[];
    const of = (kind: string) => changes.filter(({ event }) => event === kind);
    return { cleared: of('cleared'), acknowledged: of('acknowledged') };
  }

  it('keeps a flapping sensor from growing: of more than 64 cleared alarms it acknowledges the oldest itself', () => {
    const short = (count: number) => Array.from({ length: count }, () => 2);
    expect(cleared(short(64)).acknowledged).toEqual([]);
    expect(cleared(short(65)).acknowledged.map(({ alarm }) => [alarm.raisedAt, alarm.state, alarm.acknowledgedBy])).toEqual([
      [0, 'CLEARED_ACK', 'tocsin'],
    ]);
  });

  it('lets up to 36 KiB of cleared alarms await acknowledgement', () => {
    const long = [1, 2, 3, 4, 5, 6, 7, 8].map(() => 4_096);
    const bytes = cleared([...long, 0]).cleared.reduce((sum, { alarm }) => sum + JSON.stringify(alarm).length, 0);
    const room = 36 * 1_024 - bytes;
    expect(cleared([...long, room]).acknowledged).toEqual([]);
    expect(cleared([...long, room + 1]).acknowledged.map(({ alarm }) => alarm.raisedAt)).toEqual([0]);
  });

  it('lets half as many bytes await it for each of six types', () => {
    const six = withTypes(...['a', 'b', 'c'].map((name) => typeWhen(name, name)));
    const long = [1, 2, 3, 4].map(() => 4_096);
    const bytes = cleared([...long, 0], six).cleared.reduce((sum, { alarm }) => sum + JSON.stringify(alarm).length, 0);
    const room = 18 * 1_024 - bytes;
    expect(cleared([...long, room], six).acknowledged).toEqual([]);
    expect(cleared([...long, room + 1], six).acknowledged.map(({ alarm }) => alarm.raisedAt)).toEqual([0]);
  });

  it.each<[string, TypeSet, string, number]>([
    ['the rules of the reference system, and backslashes', REFERENCE, '\\', 256],
    ['rules of a hundred hits within a time, and long characters', HUNDRED_HITS, '\u20ac', 720],
    ['rules of a hundred hits within a time, and backslashes', HUNDRED_HITS, '\\', 720],
    ['eight types of three hits, and backslashes', alike(8, { hits: 3 }), '\\', 720],
    ['eight types of many hits within a time, and backslashes', alike(8, { hits: 37, within: 60_000 }), '\\', 720],
    ['32 types of a hit, and backslashes', alike(32, {}), '\\', 720],
    ['32 types of three hits, and backslashes', alike(32, { hits: 3 }), '\\', 720],
    ['32 types of many hits within a time, and long characters', alike(32, { hits: 9, within: 60_000 }), '\u20ac', 720],
    ['32 types of many hits within a time, and backslashes', alike(32, { hits: 9, within: 60_000 }), '\\', 720],
  ])('bounds what is remembered of a sensor in bytes, at worst: %s', (_, types, character, kib) => {
    const detection = detecting(types);
    const text = character.repeat(4_096 / Buffer.byteLength(character));
    const burning = { motion: true, smoke: true, temperature: 2, maxTemperature: 1 };
    const status = statusSaying(
      { ...burning, ...Object.fromEntries(types.fields.slice(4).map(({ name }) => [name, true])), id: SENSOR },
      types,
    );
    expect(status.hits).toBe(types.all);
    const hitsMax = Math.max(...types.types.map(({ hits }) => hits));
    let largest = 0;
    let own = 0;
    for (let round = 0; round < 12; round++) {
      const from = 1_764_000_000_000 + round * 10_000_000;
      // Three times as many hits: evidence, then the latest that were enough, then hits too far apart, all of them different.
      for (let i = 0; i < 3 * hitsMax; i++) {
        const at = i < 2 * hitsMax ? from + i : from + i * 1_000;
        detection.entry({ ...status, seq: at }, at, at, () => text);
      }
      const state = detection.takeEffects()?.changed.get(SENSOR) ?? '';
      largest = Math.max(largest, Buffer.byteLength(state));
      detection.recovery(SENSOR, from + 1_000_000, round);
      const { events = [] } = detection.takeEffects() ?? {};
      own += events.filter(({ event }) => event === 'acknowledged').length;
      expect(events.filter(({ event }) => event === 'cleared')).toHaveLength(types.types.length);
    }
    expect(own).toBeGreaterThan(0);
    expect(largest).toBeGreaterThan(100 * 1024);
    expect(largest).toBeLessThan(kib * 1024);
  });

  it('lets the newest cleared alarm await acknowledgement, however large it is', () => {
    const detection = detecting(HUNDRED_HITS);
    const status = statusSaying({ id: SENSOR, motion: true });
    for (let i = 0; i < HITS_MAX; i++) detection.entry(status, i, i, () => '\u20ac'.repeat(1_365));
    detection.recovery(SENSOR, 5_000, 0);
    expect(detection.takeEffects()?.events.map(({ event }) => event)).toEqual(['raised', 'cleared']);
  });

  it('counts active alarms by type, also after it is restored, twice even', () => {
    const { detection, state } = given(motion, ...smoke(1, 2, 3), act({}));
    expect(activeIn(detection)).toEqual({ motion: 1, smoke: 1, temperature: 0 });
    const restored = detecting();
    restored.restore(SENSOR, state ?? '');
    restored.restore(SENSOR, state ?? '');
    expect(activeIn(restored)).toEqual({ motion: 1, smoke: 1, temperature: 0 });
    ok(200_000)(restored);
    expect(activeIn(restored)).toEqual({ motion: 0, smoke: 0, temperature: 0 });
  });

  it('still knows after a restart that an alarm was only seen again', () => {
    const { state } = given(motion, hit('motion', 70_000));
    const restored = detecting();
    restored.restore(SENSOR, state ?? '');
    act({})(restored);
    expect(summary(restored.takeEffects()?.events ?? [])).toEqual(['acknowledged motion 90000 v3 ACTIVE_ACK']);
  });

  it('refuses state of another version', () => {
    expect(() => detecting().restore(SENSOR, '{"v":4}')).toThrow('sensor state has version 4');
  });

  it.each([
    [9, 4_096],
    [10, 3_686],
    [18, 2_048],
  ])('keeps the readings of all types in the room of nine: if %i hits make their alarms, %i characters of each', (hits, letters) => {
    const detection = detecting(alike(hits, {}));
    detection.entry(statusSaying({ id: 1, f0: true }, alike(hits, {})), 1, 1, () => 'x'.repeat(4_096));
    const raised = detection.takeEffects()?.events[0] as AlarmChange;
    expect(raised.alarm.evidence[0]?.value.length).toBe(letters);
  });

  it('bounds the text of a reading', () => {
    const detection = detecting();
    detection.entry(statusSaying({ id: 1, motion: true }), 1, 1, () => 'x'.repeat(9_000));
    const raised = detection.takeEffects()?.events[0] as AlarmChange;
    expect(raised.alarm.evidence[0]?.value.length).toBe(4_096);
  });

  describe('with a rule bounded in time', () => {
    const bounded = () => detecting(referenceWith({ smoke: { within: 100 } }));
    it.each<[string, number[], string[]]>([
      ['raises when the hits lie close enough', [0, 50, 100], ['raised smoke 100 v1 ACTIVE_UNACK']],
      ['does not raise when they lie too far apart', [0, 50, 101, 200], []],
      ['raises by the latest hits', [0, 90, 150, 180], ['raised smoke 180 v1 ACTIVE_UNACK']],
    ])('%s', (_, times, events) => {
      const detection = bounded();
      for (const step of smoke(...times)) step(detection);
      expect(summary(detection.takeEffects()?.events ?? [])).toEqual(events);
    });

    it('raises again by hits that were enough after the OK, even if later ones are far apart', () => {
      const detection = bounded();
      for (const step of [...smoke(0, 50, 60, 70, 9_000, 20_000), ok(10)]) step(detection);
      expect(summary(detection.takeEffects()?.events ?? [])).toEqual([
        'raised smoke 60 v1 ACTIVE_UNACK',
        'cleared smoke 10 v2 CLEARED_UNACK',
        'raised smoke 70 v1 ACTIVE_UNACK',
      ]);
    });
  });
});
