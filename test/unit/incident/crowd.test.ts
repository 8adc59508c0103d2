/** More members than an incident keeps: a detector that chatters for days, or a directory that calls a whole town one premises. */
import { describe, expect, it } from 'vitest';
import { memberOf } from '../../../incident/members.ts';
import { MEMBERS_MAX, MEMBERS_NEWEST } from '../../../incident/settings.ts';
import { ReceivingCentre } from '../../support/incidents.ts';

/** An incident with as many members as it keeps, and one more: all of them motions, `clears` says which have cleared. */
function crowded(clears: (i: number) => boolean): { centre: ReceivingCentre; alarms: string[] } {
  const centre = new ReceivingCentre();
  const alarms: string[] = [];
  for (let i = 0; i <= MEMBERS_MAX; i += 1) {
    const alarm = centre.raise(1, { type: 'motion' });
    if (clears(i)) centre.clear(alarm);
    alarms.push(alarm);
  }
  return { centre, alarms };
}

describe('an incident with a thousand members', () => {
  it('keeps what is active and the newest hundred when another one joins, and counts the others', () => {
    const { centre, alarms } = crowded((i) => i > 4);
    const { members, crowd, active } = centre.only();
    expect(members.map(({ id }) => id)).toEqual([...alarms.slice(0, 5), ...alarms.slice(-MEMBERS_NEWEST)]);
    expect(crowd).toEqual({ types: { motion: MEMBERS_MAX + 1 - 5 - MEMBERS_NEWEST }, active: 0 });
    expect(active).toBe(5);
    expect(centre.effects.flatMap(({ events }) => events).filter(({ event }) => event === 'crowded')).toHaveLength(1);
  });

  it('is restored when the last active one of those it kept clears', () => {
    const { centre, alarms } = crowded((i) => i !== 0);
    expect(centre.only().restoredAt).toBeUndefined();
    centre.clear(alarms[0] ?? '');
    expect(centre.only().restoredAt).toBe(centre.now);
  });

  it('lets the oldest go if all are active, and is never restored then, since nobody would hear of their end: a person closes it', () => {
    const { centre, alarms } = crowded(() => false);
    expect(centre.only()).toMatchObject({ active: MEMBERS_MAX + 1, crowd: { active: MEMBERS_NEWEST + 1 } });
    for (const alarm of alarms) centre.clear(alarm);
    expect(centre.only()).toMatchObject({ active: MEMBERS_NEWEST + 1, restoredAt: undefined });
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    const { membersVersion } = incident;
    expect(
      centre.act('ann', incident, { kind: 'close', membersVersion, disposition: 'false', standing: true, note: 'a test rig' }),
    ).toMatchObject({ done: true });
    expect(centre.open()).toEqual([]);
  });

  it('nobody has because the alarms it still knows were acknowledged', () => {
    const { centre } = crowded(() => true);
    for (const { id } of centre.only().members) centre.acknowledge(id, 'ann');
    expect(centre.only().phase).toBe('NEW');
  });

  it('knows after a restart what it knew before, and no more', () => {
    const { centre, alarms } = crowded((i) => i > 0);
    centre.restart();
    const { orphans } = centre.engine;
    centre.acknowledge(alarms[1] ?? '', 'ann');
    expect(centre.engine.orphans).toBe(orphans + 1);
    centre.clear(alarms[0] ?? '');
    expect(memberOf(centre.only().members, alarms[0] ?? '')?.active).toBe(false);
  });

  it('brings those that have left into the one that it is merged with', () => {
    const centre = new ReceivingCentre();
    centre.raise(2, { type: 'motion', site: 'home' });
    for (let i = 0; i <= MEMBERS_MAX; i += 1) centre.raise(1, { type: 'motion', site: null });
    const alone = centre.open().find(({ key }) => key === 'alarm:sensor:1');
    centre.place(1, 'home');
    expect(centre.only()).toMatchObject({ crowd: alone?.crowd, active: MEMBERS_MAX + 2 });
  });
});
