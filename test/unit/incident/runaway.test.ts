/** A detector that raises again and again: it is told less, and it is told of. */
import { describe, expect, it } from 'vitest';
import { type Raise, HOUR, MINUTE, ReceivingCentre } from '../../support/incidents.ts';

/** A false alarm of sensor 1 that somebody deals with at once, as they do in a night with a loose contact. */
function falseAlarm(centre: ReceivingCentre, raise: Raise = { type: 'motion' }): string[] {
  centre.told();
  const alarm = centre.raise(1, raise);
  const told = centre.told();
  const incident = centre.open().find(({ kind }) => kind === 'alarm');
  if (!incident) throw new Error('no alarm is open');
  centre.clear(alarm);
  centre.act('ann', incident, { kind: 'take' });
  centre.act('ann', incident, { kind: 'close', membersVersion: incident.membersVersion, disposition: 'false' });
  return told;
}

const troubles = (centre: ReceivingCentre) => centre.open().filter(({ kind }) => kind === 'trouble');

describe('the third false alarm of a detector within an hour', () => {
  it('is told in a digest, and that the detector runs away is told once', () => {
    const centre = new ReceivingCentre();
    const told = [falseAlarm(centre)];
    for (let i = 0; i < 3; i += 1) {
      centre.pass(10 * MINUTE);
      told.push(falseAlarm(centre));
    }
    expect(told).toEqual([['opened desk'], ['opened desk'], ['opened desk'], []]);
    expect(troubles(centre)).toMatchObject([{ key: 'trouble:site:home', members: [{ type: 'runaway', sensor: 1 }] }]);
    const [, , third, fourth] = centre.all().filter(({ kind }) => kind === 'alarm');
    expect([third?.recurring, fourth?.recurring]).toEqual([true, true]);
    const digests = centre.effects.flatMap(({ notices }) => notices.filter(({ kind }) => kind === 'digest'));
    expect(digests).toMatchObject([{ target: 'desk', lines: [{ incident: third?.id }] }]);
  });

  it('is an incident like any other otherwise: who must answer is told in time', () => {
    const centre = new ReceivingCentre();
    for (let i = 0; i < 2; i += 1) falseAlarm(centre);
    centre.raise(1, { type: 'motion' });
    centre.told();
    centre.pass(2 * MINUTE);
    expect(centre.told()).toContain('opened chief');
  });

  it('is told at once if another detector confirms it', () => {
    const centre = new ReceivingCentre();
    for (let i = 0; i < 2; i += 1) falseAlarm(centre);
    centre.raise(1, { type: 'motion' });
    centre.told();
    centre.raise(2, { type: 'motion' });
    expect(centre.told()).toEqual(['opened desk']);
  });

  it('is told at once if it is smoke, and nothing calls it a runaway', () => {
    const centre = new ReceivingCentre();
    const told = Array.from({ length: 4 }, () => falseAlarm(centre, { type: 'smoke' }));
    expect(told).toEqual(Array.from({ length: 4 }, () => ['opened desk']));
    expect(troubles(centre)).toEqual([]);
  });

  it.each([
    ['of another sensor', { type: 'temperature', site: 'home' }, 0],
    ['an hour after the first', { type: 'motion' }, HOUR],
  ] as const)('is none if it is %s', (_, third, later) => {
    const centre = new ReceivingCentre();
    for (let i = 0; i < 2; i += 1) falseAlarm(centre);
    centre.pass(later);
    expect(falseAlarm(centre, third)).toEqual(['opened desk']);
    expect(troubles(centre)).toEqual([]);
  });

  it('is counted by incidents: alarms that join one count for nothing', () => {
    const centre = new ReceivingCentre();
    for (let i = 0; i < 9; i += 1) centre.raise(1, { type: 'motion' });
    expect(troubles(centre)).toEqual([]);
  });
});

describe('a detector that runs away', () => {
  const running = () => {
    const centre = new ReceivingCentre();
    for (let i = 0; i < 3; i += 1) falseAlarm(centre);
    return centre;
  };

  it('is over it after a quarter of an hour without an alarm, and its trouble closes by itself', () => {
    const centre = running();
    centre.pass(15 * MINUTE - 1);
    expect(troubles(centre)).toMatchObject([{ active: 1 }]);
    centre.pass(1);
    expect(troubles(centre)).toMatchObject([{ active: 0 }]);
    centre.pass(2 * MINUTE);
    expect(troubles(centre)).toEqual([]);
    expect(falseAlarm(centre)).toEqual(['opened desk']);
  });

  it('goes on as long as it raises, also in an incident that is open', () => {
    const centre = running();
    for (let i = 0; i < 6; i += 1) {
      centre.pass(10 * MINUTE);
      centre.raise(1, { type: 'motion' });
    }
    expect(troubles(centre)).toMatchObject([{ active: 1, members: [{ type: 'runaway' }] }]);
  });

  it('does so after a restart', () => {
    const centre = running();
    centre.restart();
    expect(falseAlarm(centre)).toEqual([]);
    centre.restart();
    centre.pass(17 * MINUTE);
    expect(troubles(centre)).toEqual([]);
  });

  it('does so whatever the clock says of whoever wrote its alarms', () => {
    const centre = new ReceivingCentre();
    for (const ahead of [HOUR, -2 * HOUR, 5 * HOUR]) {
      centre.now += ahead;
      centre.raise(1, { type: 'motion', site: `s${ahead}` });
      centre.now -= ahead;
    }
    expect(troubles(centre)).toHaveLength(1);
    centre.pass(17 * MINUTE);
    expect(troubles(centre)).toEqual([]);
  });
});
