import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmChange } from '../../../alarm/alarm.ts';
import { SensorAlarms } from '../../../history/sensor-alarms.ts';
import { REFERENCE, SEVEN } from '../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const change = (event: AlarmChange['event'], changes: Partial<Alarm> = {}): AlarmChange => ({
  event,
  at: NOON,
  cause: { topic: 'ENTRY', partition: 0, offset: 1 },
  alarm: alarmOf(changes),
});
const raised = (changes?: Partial<Alarm>) => change('raised', changes);
const cleared = (changes?: Partial<Alarm>) => change('cleared', { state: 'CLEARED_UNACK', ...changes });
const motion = { id: 'm', type: 'motion', severity: 'MINOR' } as const;
const temperature = { id: 't', type: 'temperature', severity: 'MAJOR' } as const;

describe('what is active at a sensor', () => {
  it('is an alarm from when it is raised until it is cleared', () => {
    const alarms = new SensorAlarms();
    expect([alarms.quiet, alarms.types(SEVEN)]).toEqual([true, []]);
    expect(alarms.apply(raised())).toBe(true);
    expect([alarms.quiet, alarms.types(SEVEN)]).toEqual([false, ['smoke']]);
    expect(alarms.apply(change('acknowledged', { state: 'ACTIVE_ACK' }))).toBe(false);
    expect(alarms.types(SEVEN)).toEqual(['smoke']);
    expect(alarms.apply(cleared())).toBe(true);
    expect(alarms.apply(cleared())).toBe(false);
    expect(alarms.quiet).toBe(true);
  });

  it('stands in order of gravity', () => {
    const alarms = new SensorAlarms();
    for (const one of [motion, temperature, {}]) alarms.raise(alarmOf(one));
    expect(alarms.types(SEVEN)).toEqual(['smoke', 'temperature', 'motion']);
    alarms.raise(alarmOf({ ...motion, severity: 'CRITICAL' }));
    alarms.raise(alarmOf({ severity: 'WARNING' }));
    expect(alarms.types(SEVEN)).toEqual(['motion', 'temperature', 'smoke']);
  });

  it('goes on though one before it is acknowledged or cleared late', () => {
    const alarms = new SensorAlarms();
    alarms.apply(raised({ id: 'second' }));
    expect(alarms.apply(change('acknowledged', { id: 'first', state: 'CLEARED_ACK' }))).toBe(false);
    expect(alarms.apply(cleared({ id: 'first' }))).toBe(false);
    expect(alarms.quiet).toBe(false);
  });

  it('is what the history has, until an alarm of the type is cleared, not merely acknowledged', () => {
    const alarms = SensorAlarms.of(['motion', 'smoke'], NOON);
    expect([alarms.at, alarms.types(SEVEN)]).toEqual([NOON, ['smoke', 'motion']]);
    expect(alarms.apply(change('acknowledged', { state: 'CLEARED_ACK' }))).toBe(false);
    expect(alarms.apply(cleared())).toBe(true);
    expect(alarms.types(SEVEN)).toEqual(['motion']);
  });

  it('is known by its id once that is told, and nothing is active because of an id', () => {
    const alarms = SensorAlarms.of(['smoke'], NOON);
    alarms.identify(alarmOf({ id: 'second' }));
    alarms.identify(alarmOf(motion));
    expect(alarms.types(SEVEN)).toEqual(['smoke']);
    expect(alarms.apply(cleared({ id: 'first' }))).toBe(false);
    expect(alarms.apply(cleared({ id: 'second' }))).toBe(true);
  });

  it('stands in order of gravity with types of the settings too, and in the same order by name alone', () => {
    const names = ['battery', 'motion', 'mains', 'water', 'temperature', 'co', 'smoke'];
    const gravest = ['smoke', 'co', 'temperature', 'water', 'motion', 'mains', 'battery'];
    expect(SensorAlarms.of(names, NOON).types(SEVEN)).toEqual(gravest);
    const alarms = new SensorAlarms();
    const severities = { smoke: 'CRITICAL', co: 'CRITICAL', temperature: 'MAJOR', water: 'MAJOR', battery: 'WARNING' } as const;
    for (const type of names)
      alarms.raise(alarmOf({ id: type, type, severity: type in severities ? severities[type as keyof typeof severities] : 'MINOR' }));
    expect(alarms.types(SEVEN)).toEqual(gravest);
  });

  it('of a type that the settings no longer have stays, among the gravest, until its alarm is cleared', () => {
    const alarms = SensorAlarms.of(['temperature', 'gas', 'smoke'], NOON);
    expect(alarms.types(REFERENCE)).toEqual(['smoke', 'gas', 'temperature']);
    expect(alarms.apply(cleared())).toBe(true);
    expect([alarms.quiet, alarms.types(REFERENCE)]).toEqual([false, ['gas', 'temperature']]);
    expect(alarms.apply(cleared({ type: 'gas' }))).toBe(true);
    expect(alarms.types(REFERENCE)).toEqual(['temperature']);
  });
});
