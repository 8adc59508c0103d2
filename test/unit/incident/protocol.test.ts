import { describe, expect, it } from 'vitest';
import { incidentName, incidentNumber, incidentOfName } from '../../../incident/incident-id.ts';
import { choose, type Protocol, type Subject } from '../../../incident/protocol.ts';
import { defaultSettings } from '../../../incident/settings.ts';
import { isTimeOfDay } from '../../../incident/time-of-day.ts';
import { MINUTE, ReceivingCentre, SECOND, TEN } from '../../support/incidents.ts';

const HOUR_OF_DAY = 60;
const at = (text: string) => Date.parse(text);

describe('a time of day', () => {
  const night = { from: 22 * HOUR_OF_DAY, to: 7 * HOUR_OF_DAY };

  it.each([
    ['2026-03-02T20:59:00Z', false],
    ['2026-03-02T21:00:00Z', true],
    ['2026-03-03T05:59:59Z', true],
    ['2026-03-03T06:00:00Z', false],
  ])('over midnight in Berlin: %s', (time, is) => {
    expect(isTimeOfDay(night, at(time), 'Europe/Berlin')).toBe(is);
  });

  it('of a Friday night lasts until Saturday morning', () => {
    const friday = { ...night, days: [5] };
    expect(isTimeOfDay(friday, at('2026-03-06T23:00:00Z'), 'UTC')).toBe(true);
    expect(isTimeOfDay(friday, at('2026-03-07T06:00:00Z'), 'UTC')).toBe(true);
    expect(isTimeOfDay(friday, at('2026-03-06T06:00:00Z'), 'UTC')).toBe(false);
    expect(isTimeOfDay({ ...night, days: [7] }, at('2026-03-02T06:00:00Z'), 'UTC')).toBe(true);
  });

  it('ends at local 7:00 in the nights when clocks are changed', () => {
    // 29 March 2026 at 1:00 UTC forward, 25 October 2026 at 1:00 UTC back.
    expect(isTimeOfDay(night, at('2026-03-29T04:59:00Z'), 'Europe/Berlin')).toBe(true);
    expect(isTimeOfDay(night, at('2026-03-29T05:00:00Z'), 'Europe/Berlin')).toBe(false);
    expect(isTimeOfDay(night, at('2026-10-25T05:59:00Z'), 'Europe/Berlin')).toBe(true);
    expect(isTimeOfDay(night, at('2026-10-25T06:00:00Z'), 'Europe/Berlin')).toBe(false);
  });

  it('midnight is minute 0', () => {
    expect(isTimeOfDay({ from: 0, to: 1 }, at('2026-03-02T00:00:30Z'), 'UTC')).toBe(true);
  });
});

describe('the protocol of an incident', () => {
  const named = (name: string, when: Protocol['when']): Protocol => ({ name, when, steps: [] });
  const fire: Subject = { kind: 'alarm', severity: 'CRITICAL', types: new Set(['smoke']), place: { site: 's', region: 'North' } };
  const chosen = (protocols: Protocol[], subject: Subject = fire) => choose(protocols, subject, TEN, 'UTC').name;

  it('is the first that matches', () => {
    expect(chosen([named('minor', { severities: ['MINOR'] }), named('a', {}), named('b', {})])).toBe('a');
  });

  it.each<[string, Protocol['when'], boolean]>([
    ['its kind', { kinds: ['trouble'] }, false],
    ['a type among its members', { types: ['water', 'smoke'] }, true],
    ['no type of its members', { types: ['water'] }, false],
    ['its region', { regions: ['North'] }, true],
    ['another region', { regions: ['South'] }, false],
    ['confirmed', { confirmed: true }, false],
    ['not confirmed', { confirmed: false }, true],
    ['the time of day', { at: { from: 10 * HOUR_OF_DAY, to: 11 * HOUR_OF_DAY } }, true],
    ['another time of day', { at: { from: 11 * HOUR_OF_DAY, to: 12 * HOUR_OF_DAY } }, false],
  ])('matches by %s', (_, when, matches) => {
    expect(chosen([named('it', when)])).toBe(matches ? 'it' : 'none');
  });

  it('for regions is none for an incident without one', () => {
    const { place: _, ...nowhere } = fire;
    expect(chosen([named('north', { regions: ['North'] })], nowhere)).toBe('none');
  });
});

describe('without any protocol of one’s own', () => {
  it('a fire that nobody takes is told after 90 s, 12 times; a motion never', () => {
    const centre = new ReceivingCentre(defaultSettings('desk'));
    centre.raise(1, { site: 'a' });
    centre.raise(2, { site: 'b', type: 'motion' });
    centre.pass(89 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(SECOND);
    expect(centre.told()).toEqual(['opened desk']);
    centre.pass(55 * MINUTE);
    expect(centre.told()).toEqual(Array.from({ length: 11 }, () => 'reminder desk'));
    centre.pass(5 * MINUTE);
    expect(centre.told()).toEqual(['unanswered desk']);
  });

  it('of a fire that is taken in time nobody is told, not of its end either', () => {
    const centre = new ReceivingCentre(defaultSettings('desk'));
    const alarm = centre.raise(1);
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.pass(5 * MINUTE);
    centre.clear(alarm);
    centre.act('ann', centre.only(), { kind: 'close', membersVersion: 1, disposition: 'false' });
    expect(centre.told()).toEqual([]);
  });
});

describe('the name of an incident', () => {
  it('is its number, there and back', () => {
    for (const id of [0, 1, incidentNumber(1, 0), incidentNumber(2 ** 40, 4_095)]) expect(incidentOfName(incidentName(id))).toBe(id);
  });

  it.each(['', 'i', 'x1', 'i-1', 'i01', 'iZZ', 'izzzzzzzzzzz', 'i1 '])('is not %j', (name) => {
    expect(incidentOfName(name)).toBeUndefined();
  });

  it('has room for so many of one input', () => {
    expect(incidentNumber(3, 4_095)).toBeLessThan(incidentNumber(4, 0));
    expect(() => incidentNumber(3, 4_096)).toThrow(RangeError);
  });
});
