/** Stops, clocks that jump, restarts, and races, decided by the order of the signals. */
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../incident/incident.ts';
import { DAY, HOUR, MINUTE, ReceivingCentre, SECOND, SETTINGS } from '../../support/incidents.ts';

describe('the order of the signals decides', () => {
  it('taken before the step is due: it is not said', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.pass(89 * SECOND);
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.told();
    centre.pass(5 * SECOND);
    expect(centre.told()).toEqual([]);
  });

  it('taken after it: it was said once, and the closing goes to both', () => {
    const centre = new ReceivingCentre();
    const alarm = centre.raise(1);
    centre.pass(90 * SECOND);
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.pass(10 * MINUTE - 90 * SECOND - SECOND);
    centre.clear(alarm);
    expect(centre.told()).toEqual(['opened desk', 'opened chief']);
    const { membersVersion } = centre.only();
    centre.act('ann', centre.only(), { kind: 'close', membersVersion, disposition: 'genuine' });
    expect(centre.told()).toEqual(['closed desk', 'closed chief']);
  });

  it('the same action twice has one effect and one answer', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    const first = centre.act('ann', centre.only(), { kind: 'note', note: 'x' }, 'same');
    const { version } = centre.only();
    expect(centre.act('ann', centre.only(), { kind: 'note', note: 'x' }, 'same')).toEqual(first);
    expect(centre.only().version).toBe(version);
  });

  it('an incident that there is not', () => {
    const centre = new ReceivingCentre();
    expect(centre.act('ann', { id: 7 } as Incident, { kind: 'take' })).toMatchObject({ done: false, code: 404 });
  });
});

describe('a stop', () => {
  it('of an hour: what is furthest on is said, once', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.told();
    centre.stop(HOUR);
    expect(centre.told()).toEqual(['opened chief', 'unanswered desk']);
    centre.pass(HOUR);
    expect(centre.told()).toEqual([]);
  });

  it('of two minutes in a protocol of three: later steps are still said in time', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.stop(2 * MINUTE);
    expect(centre.told()).toEqual(['opened desk', 'opened chief']);
    centre.pass(4 * MINUTE + 29 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(2 * SECOND);
    expect(centre.told()).toEqual(['reminder chief']);
  });

  it('takes nothing from anybody for two minutes, since nobody could act', () => {
    const centre = new ReceivingCentre();
    for (const site of ['a', 'b', 'c', 'd', 'e']) centre.raise(1, { site });
    for (const incident of centre.open()) centre.act('ann', incident, { kind: 'take' });
    centre.stop(HOUR);
    expect(centre.open().every(({ phase }) => phase === 'TAKEN')).toBe(true);
    const [first] = centre.open();
    if (first) centre.act('ann', first, { kind: 'look' });
    centre.pass(2 * MINUTE + 5 * SECOND);
    expect(centre.open().filter(({ phase }) => phase === 'TAKEN')).toHaveLength(1);
  });

  it('does not make what has just come late', () => {
    const centre = new ReceivingCentre();
    centre.now += HOUR;
    centre.raise(1);
    centre.told();
    centre.stop(SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(88 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(SECOND);
    expect(centre.told()).toEqual(['opened chief']);
  });
});

describe('clocks', () => {
  it('a signal from an hour ahead: its steps go by the ticks around it', () => {
    const centre = new ReceivingCentre();
    centre.now += HOUR;
    centre.raise(1);
    centre.now -= HOUR;
    centre.told();
    centre.pass(85 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(10 * SECOND);
    expect(centre.told()).toEqual(['opened chief']);
  });

  it('a signal from an hour ago begins now', () => {
    const centre = new ReceivingCentre();
    centre.pass(MINUTE);
    centre.now -= HOUR;
    centre.raise(1);
    centre.now += HOUR;
    centre.told();
    centre.pass(89 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(2 * SECOND);
    expect(centre.told()).toEqual(['opened chief']);
  });

  it('a tick from before does nothing, and nothing is said twice', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.pass(2 * MINUTE);
    centre.told();
    for (const back of [HOUR, MINUTE, SECOND]) centre.signal({ signal: 'tick', at: centre.now - back, epoch: 1 });
    expect(centre.told()).toEqual([]);
    centre.pass(5 * MINUTE);
    expect(centre.told()).toEqual(['reminder chief']);
  });

  it('of an owner who was deposed are not heard', () => {
    const centre = new ReceivingCentre();
    centre.signal({ signal: 'tick', at: centre.now + SECOND, epoch: 2 });
    centre.raise(1);
    centre.told();
    centre.signal({ signal: 'tick', at: centre.now + DAY, epoch: 1 });
    expect(centre.told()).toEqual([]);
    expect(centre.engine.memory().tick).toBe(centre.now + SECOND);
  });
});

describe('a restart', () => {
  it('forgets neither steps nor answers nor who has what', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { site: 'a' });
    centre.raise(2, { site: 'b' });
    const [a, b] = centre.open();
    if (!a || !b) throw new Error('two are open');
    const answer = centre.act('ann', a, { kind: 'take' }, 'once');
    centre.told();
    centre.restart();
    expect(centre.act('ann', a, { kind: 'take' }, 'once')).toEqual(answer);
    centre.pass(90 * SECOND);
    expect(centre.told()).toEqual(['opened chief']);
    expect(centre.latest(a)).toMatchObject({ phase: 'TAKEN', claim: { owner: 'ann' } });
  });

  it('keeps the settings that were in force', () => {
    const centre = new ReceivingCentre();
    centre.signal({ signal: 'settings', settings: { ...SETTINGS, protocols: [] } });
    centre.restart();
    centre.raise(1);
    expect(centre.told()).toEqual([]);
  });
});

describe('settings that change', () => {
  it('touch no run that has begun', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.signal({ signal: 'settings', settings: { ...SETTINGS, protocols: [] } });
    centre.told();
    centre.pass(90 * SECOND);
    expect(centre.told()).toEqual(['opened chief']);
  });

  it('without a target that is still to be told: the fallback is', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.signal({ signal: 'settings', settings: { ...SETTINGS, targets: [{ name: 'desk' }] } });
    centre.told();
    centre.pass(90 * SECOND);
    expect(centre.told()).toEqual(['escalated desk']);
  });
});

describe('what is closed', () => {
  it('answers for 30 days, and is forgotten then', () => {
    const centre = new ReceivingCentre();
    const alarm = centre.raise(1);
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    centre.clear(alarm);
    centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'false' });
    for (let day = 0; day < 29; day += 1) centre.stop(DAY);
    expect(centre.all()).toHaveLength(1);
    centre.stop(2 * DAY);
    expect(centre.all()).toEqual([]);
    expect(centre.effects.at(-1)?.changed).toEqual(new Map([[incident.id, null]]));
  });

  it('but for what still stands', () => {
    const centre = new ReceivingCentre();
    const alarm = centre.raise(1);
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'genuine', standing: true, note: 'burnt out' });
    centre.stop(40 * DAY);
    centre.again(alarm);
    expect(centre.open().filter(({ kind }) => kind === 'alarm')).toEqual([]);
    centre.clear(alarm);
    centre.stop(DAY);
    expect(centre.all().filter(({ kind }) => kind === 'alarm')).toEqual([]);
  });

  it('is named as the one before for a day', () => {
    const centre = new ReceivingCentre();
    const ids: (number | undefined)[] = [];
    for (const pause of [23 * HOUR, 25 * HOUR, 0]) {
      const alarm = centre.raise(1);
      const incident = centre.only();
      ids.push(incident.previous);
      centre.clear(alarm);
      centre.act('ann', incident, { kind: 'take' });
      centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'false' });
      centre.stop(pause);
    }
    const [first] = centre.all();
    expect(ids).toEqual([undefined, first?.id, undefined]);
  });
});
