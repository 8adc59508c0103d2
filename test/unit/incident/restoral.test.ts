/** What stays active: a person has to go and look, whether the incident is open or was closed as it stood. */
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, ReceivingCentre, SECOND } from '../../support/incidents.ts';

const HOURS = (centre: ReceivingCentre, hours: number) => {
  for (let i = 0; i < hours; i += 1) centre.stop(HOUR);
};
const troubles = (centre: ReceivingCentre) => centre.open().filter(({ kind }) => kind === 'trouble');

/** Closed by ann though it still was active. */
function standing(type: 'smoke' | 'motion'): { centre: ReceivingCentre; alarm: string } {
  const centre = new ReceivingCentre();
  const alarm = centre.raise(1, { type });
  const incident = centre.only();
  centre.act('ann', incident, { kind: 'take' });
  centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'genuine', standing: true, note: 'burnt out' });
  centre.told();
  return { centre, alarm };
}

describe('an alarm that stays active', () => {
  it.each([
    ['smoke', 4],
    ['motion', 24],
  ] as const)('is a trouble of its premises after its time: %s', (type, hours) => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type });
    centre.stop(hours * HOUR - SECOND);
    expect(troubles(centre)).toEqual([]);
    centre.pass(SECOND);
    expect(troubles(centre)).toMatchObject([
      { key: 'trouble:site:home', severity: 'WARNING', members: [{ type: 'unrestored', sensor: 1 }] },
    ]);
    expect(centre.open().filter(({ kind }) => kind === 'alarm')).toMatchObject([{ phase: 'NEW', isUnrestored: true }]);
  });

  it('is one once, and over when it clears', () => {
    const centre = new ReceivingCentre();
    const alarm = centre.raise(1);
    HOURS(centre, 30);
    expect(troubles(centre)).toMatchObject([{ active: 1 }]);
    centre.clear(alarm);
    centre.pass(2 * MINUTE);
    expect(troubles(centre)).toEqual([]);
    centre.raise(2);
    HOURS(centre, 30);
    expect(troubles(centre)).toEqual([]);
  });

  it('is none if it cleared in time', () => {
    const centre = new ReceivingCentre();
    centre.clear(centre.raise(1));
    HOURS(centre, 30);
    expect(troubles(centre)).toEqual([]);
  });

  it('is one of the sensor while its place is unknown, and goes to its site with it', () => {
    const centre = new ReceivingCentre();
    const alarm = centre.raise(1, { site: null });
    HOURS(centre, 5);
    expect(troubles(centre)).toMatchObject([{ key: 'trouble:sensor:1' }]);
    centre.place(1, 'home');
    expect(troubles(centre)).toMatchObject([{ key: 'trouble:site:home' }]);
    centre.clear(alarm);
    centre.pass(2 * MINUTE);
    expect(troubles(centre)).toEqual([]);
  });

  it('takes no word of the incident away that is due with it', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.told();
    centre.stop(4 * HOUR);
    expect(centre.told()).toEqual(['opened desk', 'opened chief', 'unanswered desk']);
  });

  it('is over where the incident it is of is merged into another one', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { site: null });
    HOURS(centre, 5);
    centre.raise(2, { site: 'home' });
    centre.place(1, 'home');
    centre.pass(2 * MINUTE);
    const [its] = troubles(centre);
    expect(its?.members.filter(({ active }) => active)).toHaveLength(1);
    for (const { id } of centre.open().find(({ kind }) => kind === 'alarm')?.members ?? []) centre.clear(id);
    centre.pass(2 * MINUTE);
    expect(troubles(centre)).toEqual([]);
  });
});

describe('an incident that was closed as it stood', () => {
  it('is only noted when it clears in time', () => {
    const { centre, alarm } = standing('smoke');
    centre.stop(3 * HOUR);
    centre.clear(alarm);
    HOURS(centre, 30);
    expect([centre.open(), centre.told()]).toEqual([[], []]);
  });

  it('is a trouble when it still stands four hours later, until it clears, over restarts', () => {
    const { centre, alarm } = standing('smoke');
    HOURS(centre, 3);
    centre.restart();
    centre.stop(HOUR);
    expect(troubles(centre)).toHaveLength(1);
    expect(centre.told()).toEqual(['opened desk']);
    centre.restart();
    centre.clear(alarm);
    centre.pass(2 * MINUTE);
    expect(centre.open()).toEqual([]);
  });
});
