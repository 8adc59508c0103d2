/** How quick the answer was: the first time of each thing, counted from when the system got the alarm. */
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../incident/incident.ts';
import { responses } from '../../../incident/response.ts';
import { DAY, HOUR, MINUTE, ReceivingCentre, SECOND, TEN } from '../../support/incidents.ts';

function answered(): { centre: ReceivingCentre; incident: () => Incident; alarm: string } {
  const centre = new ReceivingCentre();
  const alarm = centre.raise(1, { type: 'motion' });
  const { id } = centre.only();
  return { centre, alarm, incident: () => centre.latest({ id } as Incident) };
}

describe('the clock of an incident', () => {
  it('has the first time of each', () => {
    const { centre, incident, alarm } = answered();
    const twice = (does: () => void) => {
      for (const wait of [SECOND, MINUTE]) {
        centre.pass(wait);
        does();
      }
    };
    twice(() => centre.signal({ signal: 'delivered', incidents: [incident().id] }));
    twice(() => centre.signal({ signal: 'shown', incident: incident().id, by: 'ann' }));
    twice(() => centre.act('ann', incident(), { kind: 'take' }));
    twice(() => centre.act('ann', incident(), { kind: 'step', step: 'guard sent', dispatches: true }));
    centre.act('bob', incident(), { kind: 'take', over: true });
    centre.clear(alarm);
    centre.pass(SECOND);
    centre.act('bob', incident(), { kind: 'close', membersVersion: incident().membersVersion, disposition: 'genuine' });
    const [one, two, three, four] = [0, 1, 2, 3].map((i) => TEN + SECOND + i * (MINUTE + SECOND));
    expect(incident().clock).toEqual({
      raised: TEN,
      opened: TEN,
      notified: one,
      shown: two,
      taken: three,
      dispatched: four,
      restored: TEN + 4 * (MINUTE + SECOND),
      closed: TEN + 4 * (MINUTE + SECOND) + SECOND,
    });
  });

  it('says it in events once each, whoever else looks', () => {
    const { centre, incident } = answered();
    for (const by of ['ann', 'bob']) centre.signal({ signal: 'shown', incident: incident().id, by });
    centre.signal({ signal: 'shown', incident: 7, by: 'ann' });
    const shown = centre.effects.flatMap(({ events }) => events).filter(({ event }) => event === 'shown');
    expect(shown).toMatchObject([{ by: 'ann' }]);
  });

  it('begins a second time when it becomes worse, and keeps the first', () => {
    const { centre, incident } = answered();
    centre.act('ann', incident(), { kind: 'take' });
    centre.pass(MINUTE);
    centre.raise(2, { type: 'smoke' });
    expect(incident()).toMatchObject({ clock: { opened: TEN, taken: TEN }, worseClock: { opened: TEN + MINUTE } });
    centre.act('ann', incident(), { kind: 'release' });
    centre.pass(MINUTE);
    centre.act('ann', incident(), { kind: 'take' });
    expect(incident()).toMatchObject({ clock: { taken: TEN }, worseClock: { taken: TEN + 2 * MINUTE } });
  });

  it('is set right by the next tick where the clock of a console was ahead', () => {
    const { centre, incident } = answered();
    centre.now += DAY;
    centre.act('ann', incident(), { kind: 'take' });
    centre.now -= DAY;
    centre.pass(SECOND);
    expect(incident().clock.taken).toBeLessThanOrEqual(TEN + SECOND);
  });

  it('has the steps that its owner has done, and refuses those of others and of what is closed', () => {
    const { centre, incident } = answered();
    const step = { kind: 'step', step: 'called the site' } as const;
    expect(centre.act('ann', incident(), step)).toMatchObject({ code: 409 });
    centre.act('ann', incident(), { kind: 'take' });
    expect(centre.act('ann', incident(), step)).toMatchObject({ done: true });
    expect(centre.act('ann', incident(), { ...step, step: ' ' })).toMatchObject({ code: 422 });
    expect(incident().clock.dispatched).toBeUndefined();
  });

  it('a step renews attention', () => {
    const { centre, incident } = answered();
    centre.act('ann', incident(), { kind: 'take' });
    centre.pass(25 * MINUTE);
    centre.act('ann', incident(), { kind: 'step', step: 'called the site' });
    centre.pass(25 * MINUTE);
    expect(incident().phase).toBe('TAKEN');
  });
});

describe('the report of responses', () => {
  const taken = (centre: ReceivingCentre, site: string, after: number) => {
    centre.raise(centre.records.length, { type: 'motion', site });
    const incident = centre.open().at(-1) as Incident;
    centre.pass(after);
    centre.act('ann', incident, { kind: 'take' });
    return incident;
  };

  it('has exact percentiles by day and severity', () => {
    const centre = new ReceivingCentre();
    for (let i = 1; i <= 10; i += 1) taken(centre, `s${i}`, i * SECOND);
    centre.raise(9, { type: 'smoke', site: 'fire' });
    const fire = centre.open().find(({ severity }) => severity === 'CRITICAL') as Incident;
    centre.act('bob', fire, { kind: 'take' });
    centre.stop(DAY);
    taken(centre, 'next', 3 * SECOND);
    expect(responses(centre.all())).toMatchObject([
      { day: '2026-03-02', severity: 'CRITICAL', until: 'taken', count: 1, p99: 0 },
      {
        day: '2026-03-02',
        severity: 'MINOR',
        from: 'opened',
        count: 10,
        p50: 5 * SECOND,
        p90: 9 * SECOND,
        p95: 10 * SECOND,
        p99: 10 * SECOND,
      },
      { day: '2026-03-03', severity: 'MINOR', count: 1, p50: 3 * SECOND },
    ]);
  });

  it('leaves out tests, what was merged, and what closed by itself', () => {
    const centre = new ReceivingCentre();
    const test = taken(centre, 'test', SECOND);
    centre.act('ann', test, { kind: 'close', membersVersion: 1, disposition: 'test', standing: true, note: 'walk test' });
    centre.raise(2, { type: 'motion', site: null });
    const merged = centre.open().find(({ key }) => key === 'alarm:sensor:2') as Incident;
    centre.act('ann', merged, { kind: 'take' });
    centre.raise(3, { type: 'motion', site: 'mill' });
    centre.place(2, 'mill');
    const alone = centre.raise(4, { type: 'motion', site: 'alone' });
    const own = centre.open().find(({ key }) => key === 'alarm:site:alone') as Incident;
    centre.act('ann', own, { kind: 'take' });
    centre.act('ann', own, { kind: 'release' });
    centre.clear(alone);
    for (let hour = 0; hour < 30; hour += 1) centre.stop(HOUR);
    expect(centre.latest(own).closing).toMatchObject({ by: 'tocsin' });
    expect(responses(centre.all())).toEqual([]);
  });

  it('counts what a foreign clock makes negative as nothing, and says so', () => {
    const centre = new ReceivingCentre();
    const member = { id: 'x', sensor: 1, type: 'smoke', severity: 'CRITICAL', lifeSafety: true, active: true, version: 1 } as const;
    centre.signal({
      signal: 'condition',
      of: 'alarm',
      member: { ...member, raisedAt: TEN, receivedAt: TEN + HOUR },
      place: { site: 'home' },
    });
    centre.act('ann', centre.only(), { kind: 'take' });
    expect(responses(centre.all())).toMatchObject([{ count: 1, negative: 1, p50: 0 }]);
  });
});
