import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmEvent } from '../../../alarm/alarm.ts';
import { memoryOf } from '../../../alarm/memory.ts';
import { RestingState } from '../../../alarm/resting-state.ts';
import { activeOf, StateFormat } from '../../../alarm/sensor-state.ts';
import type { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { drawn } from '../../support/draws.ts';
import { detecting, feed, REFERENCE_TYPES, referenceWith, remember, restored } from './detection-rig.ts';

const WITHIN = referenceWith({ smoke: { within: 600_000 }, temperature: { within: 30_000 } });
const NORMAL = referenceWith({ smoke: { clears: 'normal', hits: 2 } });

type Step =
  | {
      readonly kind: 'hit';
      readonly sensor: number;
      readonly type: 'motion' | 'smoke' | 'temperature';
      readonly seq?: number;
      readonly text: string;
    }
  | { readonly kind: 'normal' | 'recovery' | 'acknowledge' | 'note' | 'dispose'; readonly sensor: number }
  | { readonly kind: 'wait'; readonly ms: number };

const sensor = fc.integer({ min: 1, max: 3 });
const hit = fc.record(
  {
    kind: fc.constant('hit' as const),
    sensor,
    type: fc.constantFrom(...REFERENCE_TYPES),
    seq: fc.integer({ min: 0, max: 5 }),
    text: fc.constantFrom('', 'a "quoted" \\ text', 'ä', '\u0001'),
  },
  { requiredKeys: ['kind', 'sensor', 'type', 'text'] },
);
const wait = fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 5_000, 70_000, 90_000_000) });
const other = fc.record({ kind: fc.constantFrom('normal', 'recovery', 'acknowledge', 'note', 'dispose'), sensor });
const steps = fc.array(fc.oneof({ weight: 5, arbitrary: hit }, { weight: 2, arbitrary: wait }, { weight: 3, arbitrary: other }), {
  maxLength: 40,
  size: 'max',
}) as fc.Arbitrary<Step[]>;
const types = fc.constantFrom(REFERENCE, REFERENCE, WITHIN, NORMAL);

interface Life {
  readonly events: AlarmEvent[];
  readonly states: Map<number, string>;
}

/** `restarts` says after which steps a new Detection continues, from what `stored` makes of the states. */
function live(steps: readonly Step[], types: TypeSet, restarts: readonly boolean[] = [], stored = (json: string): string => json): Life {
  const events: AlarmEvent[] = [];
  const states = new Map<number, string>();
  const latest = new Map<number, Alarm>();
  let detection = detecting(types);
  let at = 1e9;
  steps.forEach((step, offset) => {
    at += 1;
    if (step.kind === 'wait') at += step.ms;
    else if (step.kind === 'hit') {
      const { sensor, type, seq, text } = step;
      feed(detection, { topic: 'ENTRY', at, offset, sensor, type, seq, value: JSON.stringify({ seq, at: offset, text }) }, types);
    } else if (step.kind === 'normal') feed(detection, { topic: 'ENTRY', at, offset, sensor: step.sensor }, types);
    else if (step.kind === 'recovery') feed(detection, { topic: 'OK', at, offset, sensor: step.sensor }, types);
    else {
      const { id: alarm = 'none', version = 1 } = latest.get(step.sensor) ?? {};
      const kind = step.kind === 'dispose' ? 'disposition' : step.kind;
      const more = kind === 'disposition' ? { disposition: 'false' as const } : {};
      detection.action({ id: `${offset}`, alarm, version, sensor: step.sensor, kind, by: 'anna', ...more }, at, offset);
    }
    const effects = detection.takeEffects(true);
    for (const event of effects?.events ?? []) {
      events.push(event);
      if (event.event !== 'refused') latest.set(event.alarm.sensor, event.alarm);
    }
    remember(states, effects?.changed ?? new Map());
    if (restarts[offset % restarts.length])
      detection = restored(new Map([...states].map(([sensor, json]) => [sensor, stored(json)])), types);
  });
  return { events, states };
}

/** The order of an alarm's members says nothing. */
const meaning = ({ events, states }: Life): unknown => ({
  events,
  states: new Map([...states].map(([sensor, json]) => [sensor, JSON.parse(json) as unknown])),
});

/** The same state, in a form that is read at once. */
const spaced = (json: string): string => json.replace('{', '{ ');

describe('a restart', () => {
  it('at any point of any history gives the same events and states as none, whether states are read at once or when they are needed', () => {
    fc.assert(
      fc.property(steps, types, fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }), (steps, types, restarts) => {
        const whole = meaning(live(steps, types));
        expect(meaning(live(steps, types, restarts))).toEqual(whole);
        expect(meaning(live(steps, types, restarts, spaced))).toEqual(whole);
      }),
      drawn(300, 11),
    );
  });

  it('counts the same sensors, active alarms and bytes, whether states are read at once or not', () => {
    fc.assert(
      fc.property(steps, types, (steps, types) => {
        const { states } = live(steps, types);
        const [late, early] = [restored(states, types), restored(new Map([...states].map(([id, json]) => [id, spaced(json)])), types)];
        for (const of of ['sensors', 'alarmRoomTaken', 'roomTaken'] as const) expect(late[of]).toBe(early[of]);
        const counted = (active: ReadonlyMap<string, number>): unknown => [...active].filter(([, count]) => count > 0).sort();
        expect(counted(late.active)).toEqual(counted(early.active));
      }),
      drawn(300, 12),
    );
  });
});

describe('RestingState', () => {
  const numbersOf = (json: string, types: TypeSet): unknown => {
    const { state, known, faults } = new StateFormat(types).fromJson(json);
    return {
      known,
      faults,
      memory: state && memoryOf(state),
      active: state?.types.filter((type) => activeOf(type)).map(({ type }) => type),
    };
  };
  const restingOf = (json: string, types: TypeSet): unknown => {
    const resting = new RestingState(types);
    if (!resting.read(Buffer.from(json))) return undefined;
    return { known: resting.known, faults: undefined, memory: resting.memory, active: [...resting.active] };
  };
  const alarmed = (...more: Step[]): string =>
    live([{ kind: 'hit', sensor: 1, type: 'motion', text: 'a "quoted" text' }, ...more], REFERENCE).states.get(1) ?? '';
  const ack: Step = { kind: 'acknowledge', sensor: 1 };
  const again: Step = { kind: 'hit', sensor: 1, type: 'motion', text: '' };
  const fire: Step = { kind: 'hit', sensor: 1, type: 'smoke', text: '' };
  const recovery: Step = { kind: 'recovery', sensor: 1 };
  const normal: Step = { kind: 'normal', sensor: 1 };
  const long: Step = { kind: 'wait', ms: 70_000 };
  const later: readonly Step[] = [long, normal];

  it.each([
    ['an alarm', alarmed()],
    ['an acknowledged alarm', alarmed(ack, { kind: 'dispose', sensor: 1 })],
    ['an alarm that was seen again', alarmed(long, again)],
    ['two alarms', alarmed(fire, fire, fire)],
    ['a cleared alarm', alarmed(recovery, ...later)],
    ['two, one of them cleared', alarmed(recovery, again, ...later)],
  ])('reads the state of a sensor with %s', (_, json) => {
    expect(restingOf(json, REFERENCE)).toEqual(numbersOf(json, REFERENCE));
  });

  it.each([
    ['hits that are due to be forgotten', alarmed(fire)],
    ['a recovery that is remembered', alarmed(recovery)],
    ['an alarm that is over', alarmed(ack, recovery)],
    ['a counter', live([{ ...again, seq: 1 } as Step], REFERENCE).states.get(1) ?? ''],
    ['letters beyond ASCII', live([{ ...again, text: 'ä' } as Step], REFERENCE).states.get(1) ?? ''],
    ['a type that is not detected any more', alarmed().replaceAll('"motion":{', '"water":{')],
    ['an older form', alarmed().replace('"v":3', '"v":2')],
    ['something behind it', `${alarmed()} `],
  ])('leaves to others what has %s', (_, json) => {
    expect(json).toContain('"v":');
    expect(restingOf(json, REFERENCE)).toBeUndefined();
  });

  it('leaves to others what a normal reading clears', () => {
    const { states } = live([fire, fire, long], NORMAL);
    expect(states.get(1)).toContain('ACTIVE');
    expect(restingOf(states.get(1) ?? '', NORMAL)).toBeUndefined();
  });

  it('says of any state that it reads what is read from it later', () => {
    fc.assert(
      fc.property(steps, types, (steps, types) => {
        for (const json of live(steps, types).states.values()) {
          const resting = restingOf(json, types);
          if (resting) expect(resting).toEqual(numbersOf(json, types));
        }
      }),
      drawn(200, 13),
    );
  });

  it('takes no damaged state that cannot be read later', () => {
    const json = alarmed(ack, fire, fire, fire);
    fc.assert(
      fc.property(
        fc.nat(json.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('changed', 'cut', 'missing'),
        (at, byte, how) => {
          const bytes = Buffer.from(json);
          if (how === 'changed') bytes[at] = byte;
          const whole =
            how === 'cut'
              ? bytes.subarray(0, at)
              : how === 'missing'
                ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
                : bytes;
          const resting = new RestingState(REFERENCE);
          if (resting.read(whole)) expect(() => new StateFormat(REFERENCE).fromJson(whole.toString())).not.toThrow();
        },
      ),
      drawn(3_000, 14),
    );
  });
});
