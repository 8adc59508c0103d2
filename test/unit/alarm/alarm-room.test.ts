/** Any number of alarms can't fill the memory, and a fire is raised all the same. */
import { describe, expect, it } from 'vitest';
import { Detection } from '../../../alarm/detection.ts';
import type { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { feed, REPEAT_WITHIN, referenceWith, remember, type ReferenceType, SENSOR, SKEW, summary } from './detection-rig.ts';

const T0 = 1_700_000_000_000;
const ROOM = 500_000;
/** More alarms than there is room for. */
const MANY = 2_000;

const detecting = (types: TypeSet = REFERENCE): Detection =>
  new Detection({ types, partition: 0, clockSkewMaxMs: SKEW, repeatWithinMs: REPEAT_WITHIN, alarmRoomBytes: ROOM });

let offset = 0;
const hit = (detection: Detection, sensor: number, type: ReferenceType, value?: string): void => {
  offset += 1;
  feed(detection, { topic: 'ENTRY', at: T0 + offset, offset, sensor, type, value });
};
const well = (detection: Detection, sensor: number): void => {
  offset += 1;
  feed(detection, { topic: 'OK', at: T0 + offset, offset, sensor });
};
const acknowledge = (detection: Detection, id: string, sensor: number): void => {
  offset += 1;
  detection.action({ id: `a${offset}`, alarm: id, sensor, kind: 'acknowledge', version: 2, by: 'Ann' }, T0 + offset, offset);
};
const raisedOf = (detection: Detection): { readonly id: string; readonly sensor: number; readonly letters: number }[] =>
  (detection.takeEffects()?.events ?? []).flatMap((event) =>
    event.event === 'raised'
      ? [{ id: event.alarm.id, sensor: event.alarm.sensor, letters: event.alarm.evidence[0]?.value.length ?? 0 }]
      : [],
  );
const filled = (types?: TypeSet) => {
  const detection = detecting(types);
  for (let i = 0; i < MANY; i += 1) hit(detection, 1_000 + i, 'motion');
  return { detection, raised: raisedOf(detection) };
};

describe('very many alarms', () => {
  it('take no more than the room: beyond it no lesser ones are raised, which is counted', () => {
    const { detection, raised } = filled();
    expect(detection.alarmRoomTaken).toBeLessThan(ROOM + 10_000);
    expect(detection.isAlarmRoomFull).toBe(true);
    expect(raised.length).toBeGreaterThan(200);
    expect(raised.length + detection.withheld).toBe(MANY);
  });

  it.each(['smoke', 'temperature'] as const)('never keep a sensor from raising an alarm of %s', (type) => {
    const { detection } = filled();
    for (let i = 0; i < 3; i += 1) hit(detection, SENSOR, type);
    expect(raisedOf(detection).map(({ sensor }) => sensor)).toEqual([SENSOR]);
  });

  it('never keep a lesser type from being raised that lives depend on', () => {
    const { detection } = filled(referenceWith({ smoke: { severity: 'WARNING', lifeSafety: true, hits: 1 } }));
    hit(detection, SENSOR, 'smoke');
    expect(raisedOf(detection).map(({ sensor }) => sensor)).toEqual([SENSOR]);
  });

  it('let the next hit raise what was withheld once there is room', () => {
    const { detection, raised } = filled();
    const withheld = 1_000 + MANY - 1;
    hit(detection, withheld, 'motion');
    expect(raisedOf(detection)).toEqual([]);
    for (const { id, sensor } of raised.slice(0, 20)) {
      well(detection, sensor);
      acknowledge(detection, id, sensor);
    }
    hit(detection, withheld, 'motion');
    expect(raisedOf(detection).map(({ sensor }) => sensor)).toEqual([withheld]);
  });

  it('make room by forgetting those that are over, the one that ended longest ago first', () => {
    const { detection, raised } = filled();
    const [first, second] = raised;
    for (const one of [first, second]) {
      well(detection, one?.sensor ?? 0);
      acknowledge(detection, one?.id ?? '', one?.sensor ?? 0);
    }
    // Takes the room of both, and more.
    for (let i = 0; i < 3; i += 1) hit(detection, SENSOR, 'smoke', 'x'.repeat(250));
    detection.takeEffects();
    detection.action(
      { id: 'n', alarm: first?.id ?? '', sensor: first?.sensor ?? 0, kind: 'note', version: 3, by: 'Ann', note: 'x' },
      T0,
      1,
    );
    expect(summary(detection.takeEffects()?.events ?? [])).toEqual(['refused: there is no such alarm, or it was over long ago']);
  });

  it('keep only the beginnings of long readings, once half of the room is taken', () => {
    const detection = detecting();
    const long = 'x'.repeat(3_900);
    for (let i = 0; i < 400; i += 1) hit(detection, i, 'motion', long);
    const letters = raisedOf(detection).map((alarm) => alarm.letters);
    expect([letters[0], letters.at(-1)]).toEqual([3_900, 256]);
    expect(letters.length).toBeGreaterThan(150);
    expect(detection.alarmRoomTaken).toBeLessThan(ROOM + 10_000);
  });

  it('take the same room after a restart, and lesser ones are withheld as before', () => {
    const before = filled().detection;
    const stored = new Map<number, string>();
    const full = detecting();
    for (let i = 0; i < MANY; i += 1) hit(full, 1_000 + i, 'motion');
    remember(stored, full.takeEffects(true)?.changed ?? new Map());
    const detection = detecting();
    for (const [sensor, json] of stored) detection.restore(sensor, json);
    expect(detection.alarmRoomTaken).toBe(before.alarmRoomTaken);
    hit(detection, 1, 'motion');
    expect(raisedOf(detection)).toEqual([]);
    for (let i = 0; i < 3; i += 1) hit(detection, SENSOR, 'smoke');
    expect(raisedOf(detection).map(({ sensor }) => sensor)).toEqual([SENSOR]);
  });
});
