import { describe, expect, it } from 'vitest';
import { memberOf } from '../../../incident/members.ts';
import { MINUTE, ReceivingCentre, SECOND, TEN } from '../../support/incidents.ts';

describe('alarms of one premises', () => {
  it('are one incident, told once', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    centre.raise(2, { at: TEN + 40 * MINUTE });
    expect(centre.only().members).toHaveLength(2);
    expect(centre.told()).toEqual(['opened desk']);
  });

  it('of two premises are two incidents', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { site: 'a' });
    centre.raise(2, { site: 'b' });
    expect(centre.open()).toHaveLength(2);
  });

  it('never join a trouble there, so that a fire does not hide in it', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { of: 'trouble', type: 'battery' });
    centre.raise(1);
    expect(centre.open().map(({ kind }) => kind)).toEqual(['trouble', 'alarm']);
  });

  it('that are read again change nothing', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { id: 'x' });
    centre.clear('x');
    centre.raise(1, { id: 'x' });
    expect(centre.only().restoredAt).toBeDefined();
    expect(centre.only().version).toBe(4);
  });

  it('that cleared before they were ever raised here are counted, and open nothing', () => {
    const centre = new ReceivingCentre();
    const { now } = centre;
    centre.signal({
      signal: 'condition',
      of: 'alarm',
      member: { id: 'x', sensor: 1, type: 'smoke', severity: 'CRITICAL', lifeSafety: true, raisedAt: now, active: false, version: 2 },
    });
    expect([centre.open(), centre.engine.orphans]).toEqual([[], 1]);
  });

  it('tell again only if it has become worse', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type: 'motion' });
    centre.pass(MINUTE);
    centre.told();
    centre.raise(1, { type: 'motion' });
    expect(centre.told()).toEqual([]);
    centre.raise(1, { type: 'smoke' });
    expect(centre.told()).toEqual(['updated desk']);
    expect(centre.only()).toMatchObject({ severity: 'CRITICAL', run: { n: 2 } });
  });

  it('that are over leave the severity as it was', () => {
    const centre = new ReceivingCentre();
    const smoke = centre.raise(1);
    centre.raise(2, { type: 'motion' });
    centre.clear(smoke);
    expect(centre.only()).toMatchObject({ severity: 'CRITICAL', restoredAt: undefined });
  });
});

describe('a second detector', () => {
  it.each([
    ['two motions of different sensors, 29 min apart', { type: 'motion' }, { type: 'motion', sensor: 2, at: TEN + 29 * MINUTE }, true],
    ['exactly 30 min apart', { type: 'motion' }, { type: 'motion', sensor: 2, at: TEN + 30 * MINUTE }, true],
    ['the later one read first', { type: 'motion', at: TEN + 29 * MINUTE }, { type: 'motion', sensor: 2, at: TEN }, true],
    ['31 min apart', { type: 'motion' }, { type: 'motion', sensor: 2, at: TEN + 31 * MINUTE }, false],
    ['the same sensor and type', { type: 'motion' }, { type: 'motion', sensor: 1, at: TEN + MINUTE }, false],
    ['motion and smoke', { type: 'motion' }, { type: 'smoke', sensor: 2 }, false],
    ['smoke and heat of one sensor', { type: 'smoke' }, { type: 'temperature', sensor: 1 }, true],
    ['two batteries', { type: 'battery' }, { type: 'battery', sensor: 2 }, false],
  ] as const)('confirms or not: %s', (_, first, { sensor, ...second }, isConfirmed) => {
    const centre = new ReceivingCentre();
    centre.raise(1, { id: 'a', ...first });
    centre.raise(sensor, { id: 'b', ...second });
    expect(centre.only().confirmed).toEqual(isConfirmed ? ['a', 'b'] : undefined);
  });

  it('raises a minor incident to a major one, and all that were told hear of it', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type: 'motion' });
    centre.pass(2 * MINUTE);
    centre.told();
    centre.raise(2, { type: 'motion' });
    expect(centre.only().severity).toBe('MAJOR');
    expect(centre.told().sort()).toEqual(['updated chief', 'updated desk']);
  });

  it('confirms what has cleared meanwhile, but nothing of an incident before', () => {
    const centre = new ReceivingCentre();
    centre.clear(centre.raise(1, { type: 'motion' }));
    centre.raise(2, { type: 'motion' });
    expect(centre.only().confirmed).toBeDefined();
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    centre.act('ann', incident, {
      kind: 'close',
      membersVersion: incident.membersVersion,
      disposition: 'false',
      standing: true,
      note: 'cat',
    });
    centre.raise(3, { type: 'motion' });
    expect(centre.only()).toMatchObject({ previous: incident.id, severity: 'MINOR' });
    expect(centre.only().confirmed).toBeUndefined();
  });
});

describe('a sensor whose place is unknown', () => {
  it('opens an incident of its own at once, which goes to its site later, and nobody is told twice', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { site: null });
    expect(centre.only().key).toBe('alarm:sensor:1');
    expect(centre.told()).toEqual(['opened desk']);
    centre.place(1, 'home');
    expect(centre.only()).toMatchObject({ key: 'alarm:site:home', place: { site: 'home' } });
    expect(centre.told()).toEqual([]);
    centre.raise(2);
    expect(centre.only().members).toHaveLength(2);
  });

  it('goes into the incident that is open there, whose owner keeps it; its old number leads there', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type: 'motion', site: 'home' });
    const there = centre.only();
    centre.act('ann', there, { kind: 'take' });
    const alone = centre.raise(2, { type: 'motion', site: null });
    const [, its] = centre.open();
    if (!its) throw new Error('no second one');
    centre.act('bob', its, { kind: 'take' });
    centre.told();
    centre.place(2, 'home');
    expect(centre.only()).toMatchObject({ id: there.id, claim: { owner: 'ann' }, unseen: 1, severity: 'MAJOR' });
    expect(centre.told()).toEqual(['updated desk']);
    expect(centre.act('ann', its, { kind: 'look' })).toMatchObject({ done: true, incident: there.id });
    centre.clear(alone);
    expect(memberOf(centre.only().members, alone)?.active).toBe(false);
    centre.place(2, 'home');
    expect(centre.open()).toHaveLength(1);
  });

  it('keeps who has it where nobody has the other one', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type: 'motion', site: 'home' });
    centre.raise(2, { type: 'motion', site: null });
    const [there, its] = centre.open();
    if (!there || !its) throw new Error('two are open');
    centre.act('bob', its, { kind: 'take' });
    centre.place(2, 'home');
    expect(centre.only()).toMatchObject({ id: there.id, phase: 'TAKEN', claim: { owner: 'bob' } });
  });

  it('is told to somebody who knows all regions; once its region is known, whoever is not told yet is', () => {
    const centre = new ReceivingCentre({
      ...new ReceivingCentre().engine.memory().settings,
      fallback: 'chief',
      protocols: [
        { name: 'north', when: { regions: ['North'] }, steps: [{ afterMs: 0, to: ['desk', 'north'], unless: [], times: 1 }] },
        { name: 'rest', when: {}, steps: [{ afterMs: 0, to: ['desk'], unless: [], times: 1 }] },
      ],
    });
    centre.raise(1, { site: null });
    expect(centre.told()).toEqual(['opened desk', 'opened chief']);
    centre.pass(10 * SECOND);
    centre.place(1, 'home', 'North');
    expect(centre.told()).toEqual(['opened north']);
  });
});
