/** A sensor whose state is lost: no fire of it is missed, and its open alarms can be acted on as before. */
import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmEvent } from '../../../alarm/alarm.ts';
import type { Detection } from '../../../alarm/detection.ts';
import { alarmOf } from '../../support/alarms.ts';
import { detecting, feed, referenceWith, remember, restored, SENSOR } from './detection-rig.ts';

const MINUTE = 60_000;
const LOST = 100 * MINUTE;

function begun(alarms: readonly Alarm[] = [], types = referenceWith({})): Detection {
  const detection = detecting(types);
  detection.beginAnew(SENSOR, LOST, alarms, undefined);
  return detection;
}
const smoke = (at: number) => ({ topic: 'ENTRY' as const, at, offset: at, type: 'smoke' as const });
const ok = (at: number) => ({ topic: 'OK' as const, at, offset: at });
const told = (events: readonly AlarmEvent[] = []) => events.map(({ event, alarm }) => `${event} ${alarm?.type}`);
const eventsOf = (detection: Detection) => told(detection.takeEffects(true)?.events);

/** As another process would have it after a crash. */
function afterRestart(detection: Detection): Detection {
  const states = new Map<number, string>();
  remember(states, detection.takeEffects(true)?.changed ?? new Map());
  return restored(states);
}

describe('a sensor whose hits are lost', () => {
  it.each([
    ['at once', (detection: Detection) => detection],
    ['after a restart', afterRestart],
  ])('raises its alarm by the next one, since there may have been two: %s', (_, then) => {
    const detection = then(begun());
    feed(detection, smoke(LOST + 1));
    expect(eventsOf(detection)).toEqual(['raised smoke']);
  });

  it('raises one alarm, not one for each hit', () => {
    const detection = begun();
    for (let i = 1; i < 5; i += 1) feed(detection, smoke(LOST + i));
    expect(eventsOf(detection)).toEqual(['raised smoke']);
  });

  it.each([
    ['recovered', [ok(LOST + 1)]],
    ['raised that alarm and recovered', [smoke(LOST + 1), ok(LOST + 2)]],
  ])('needs three as before, once it has %s', (_, readings) => {
    const detection = begun();
    for (const reading of readings) feed(detection, reading);
    detection.takeEffects(true);
    for (const after of [10, 11]) feed(detection, smoke(LOST + after));
    expect(eventsOf(detection)).toEqual([]);
    feed(detection, smoke(LOST + 12));
    expect(eventsOf(detection)).toEqual(['raised smoke']);
  });

  it('needs as many as before, once those that are lost could not have counted any more', () => {
    const types = referenceWith({ smoke: { within: MINUTE } });
    const detection = begun([], types);
    feed(detection, smoke(LOST + 2 * MINUTE), types);
    expect(eventsOf(detection)).toEqual([]);
  });

  it('that clears by a normal reading needs as many as before after one', () => {
    const types = referenceWith({ smoke: { clears: 'normal' } });
    const detection = begun([], types);
    feed(detection, { topic: 'ENTRY', at: LOST + 1, offset: 1 }, types);
    feed(detection, smoke(LOST + 2), types);
    expect(eventsOf(detection)).toEqual([]);
  });
});

describe('an open alarm of a sensor whose state is lost', () => {
  const evidence = [1, 2, 3].map((n) => ({ topic: 'ENTRY', partition: 0, offset: n, at: n, value: 'x' }));
  const burning = alarmOf({
    id: 'a',
    sensor: SENSOR,
    type: 'smoke',
    state: 'ACTIVE_UNACK',
    version: 1,
    raisedAt: 3,
    lastSeenAt: 3,
    evidence,
  });

  it('is not raised once more', () => {
    const detection = begun([burning]);
    expect(detection.active.get('smoke')).toBe(1);
    feed(detection, smoke(LOST + 1));
    expect(eventsOf(detection)).toEqual(['seen smoke']);
  });

  it('is acknowledged and cleared as before, also after a restart', () => {
    const detection = afterRestart(begun([burning]));
    detection.action({ id: 'x', alarm: 'a', sensor: SENSOR, kind: 'acknowledge', version: 1, by: 'Ann' }, LOST + 1, 1);
    feed(detection, ok(LOST + 2));
    expect(eventsOf(detection)).toEqual(['acknowledged smoke', 'cleared smoke']);
    expect(detection.active.get('smoke')).toBe(0);
  });

  it('is cleared where a later one of the same type is known, whose record of the end of this one is lost', () => {
    const later = {
      ...burning,
      id: 'b',
      raisedAt: 50,
      evidence: evidence.map((hit) => ({ ...hit, at: hit.at + 50, offset: hit.offset + 50 })),
    };
    const events = begun([burning, later]).takeEffects(true)?.events;
    expect(events?.map(({ event, alarm }) => [event, alarm?.id, alarm?.version])).toEqual([['cleared', 'a', 2]]);
  });

  it('takes notes for a day after it is over, and no longer', () => {
    const over = (endedAt: number) => [{ ...burning, state: 'CLEARED_ACK' as const, clearedAt: endedAt, acknowledgedAt: endedAt }];
    const note = { id: 'x', alarm: 'a', sensor: SENSOR, kind: 'note', version: 1, by: 'Ann', note: 'seen' } as const;
    for (const [endedAt, event] of [
      [LOST - MINUTE, 'noted'],
      [LOST - 25 * 60 * MINUTE, 'refused'],
    ] as const) {
      const detection = begun(over(endedAt));
      detection.action(note, LOST + 1, 1);
      expect(detection.takeEffects(true)?.events.map((own) => own.event)).toEqual([event]);
    }
  });
});

it('faults that the log still has stand until the detector reports again', () => {
  const detection = detecting();
  const cause = { topic: 'ENTRY', partition: 0, offset: 1 };
  detection.beginAnew(SENSOR, LOST, [], { sensor: SENSOR, at: 5, cause, faults: [{ detector: 'smoke', reason: 'absent', since: 5 }] });
  expect(detection.faulty.get('smoke')).toBe(1);
  feed(detection, { topic: 'ENTRY', at: LOST + 1, offset: 2 });
  expect(detection.takeEffects(true)?.faults.map(({ faults }) => faults)).toEqual([[]]);
});
