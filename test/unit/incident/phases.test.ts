/** The transition table, cell by cell: what an event does to an incident that is NEW, TAKEN, HELD or CLOSED. */
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../incident/incident.ts';
import { memberOf } from '../../../incident/members.ts';
import { MINUTE, ReceivingCentre, SECOND } from '../../support/incidents.ts';

type Phase = Incident['phase'];

/** An incident of two minor alarms that don't confirm each other, in a phase; `ann` has it, or closed it. */
function incidentIn(phase: Phase): { centre: ReceivingCentre; incident: () => Incident; alarms: [string, string] } {
  const centre = new ReceivingCentre();
  const alarms: [string, string] = [centre.raise(1, { type: 'motion' }), centre.raise(1, { type: 'motion' })];
  const { id } = centre.only();
  const incident = () => centre.latest({ id } as Incident);
  if (phase !== 'NEW') centre.act('ann', incident(), { kind: 'take' });
  if (phase === 'HELD') centre.act('ann', incident(), { kind: 'hold', ms: 30 * MINUTE, why: 'guard is on the way' });
  if (phase === 'CLOSED') {
    const { membersVersion } = incident();
    centre.act('ann', incident(), { kind: 'close', membersVersion, disposition: 'false', standing: true, note: 'known' });
  }
  centre.told();
  expect(incident().phase).toBe(phase);
  return { centre, incident, alarms };
}

const OPEN = ['NEW', 'TAKEN', 'HELD'] as const;

describe('row 1: another alarm, no worse', () => {
  it.each(OPEN)('joins in silence: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    centre.raise(1, { type: 'motion' });
    expect(incident()).toMatchObject({ phase, unseen: phase === 'NEW' ? 0 : 1 });
    expect(incident().members).toHaveLength(3);
    expect(centre.told()).toEqual([]);
  });

  it('opens the next incident, which names the one before: CLOSED', () => {
    const { centre, incident } = incidentIn('CLOSED');
    centre.raise(1, { type: 'motion' });
    expect(centre.only()).toMatchObject({ previous: incident().id, phase: 'NEW', run: { n: 1 } });
    expect(centre.told()).toEqual(['opened desk']);
  });

  it('that is a fire wakes what is held, even in an incident that is no worse for it', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { id: 'a' });
    centre.raise(2, { id: 'b' });
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.act('ann', centre.only(), { kind: 'hold', ms: 30 * MINUTE, why: 'brigade is there' });
    centre.raise(1, { id: 'c' });
    expect(centre.only()).toMatchObject({ phase: 'TAKEN', unseen: 1 });
  });
});

describe('row 2: a worse alarm', () => {
  it('begins the next run and tells again: NEW', () => {
    const { centre, incident } = incidentIn('NEW');
    centre.raise(2);
    expect(incident()).toMatchObject({ phase: 'NEW', severity: 'CRITICAL', run: { n: 2 } });
    expect(centre.told()).toEqual(['updated desk']);
  });

  it.each(['TAKEN', 'HELD'] as const)('tells whoever was told, and its owner has a minute to look: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    centre.raise(2);
    expect(incident()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'ann' }, run: { n: 1 } });
    expect(centre.told()).toEqual(['updated desk']);
    centre.pass(59 * SECOND);
    expect(incident().phase).toBe('TAKEN');
    centre.pass(2 * SECOND);
    expect(incident()).toMatchObject({ phase: 'NEW', returned: 'unattended', run: { n: 2 } });
    expect(centre.told()).toEqual(['returned desk']);
  });

  it('opens the next one: CLOSED', () => {
    const { centre } = incidentIn('CLOSED');
    centre.raise(2);
    expect(centre.only()).toMatchObject({ severity: 'CRITICAL', phase: 'NEW' });
  });
});

describe('rows 3 and 4: members clear', () => {
  it.each(OPEN)('is restored once all have: %s', (phase) => {
    const { centre, incident, alarms } = incidentIn(phase);
    centre.clear(alarms[0]);
    expect(incident()).toMatchObject({ phase, restoredAt: undefined });
    centre.clear(alarms[1]);
    expect(incident()).toMatchObject({ phase, restoredAt: centre.now });
    expect(centre.told()).toEqual([]);
  });

  it('is only noted: CLOSED', () => {
    const { centre, incident, alarms } = incidentIn('CLOSED');
    centre.clear(alarms[0]);
    expect(incident()).toMatchObject({ phase: 'CLOSED' });
    expect(memberOf(incident().members, alarms[0])?.active).toBe(false);
    expect([centre.open(), centre.told()]).toEqual([[], []]);
  });

  it('closes by itself after a minute, if it is a trouble that nobody has', () => {
    const centre = new ReceivingCentre();
    const trouble = centre.raise(1, { of: 'trouble', type: 'battery' });
    centre.clear(trouble);
    centre.pass(59 * SECOND);
    expect(centre.open()).toHaveLength(1);
    centre.pass(2 * SECOND);
    expect(centre.all()).toMatchObject([{ phase: 'CLOSED', closing: { by: 'tocsin', why: 'restored', disposition: 'unknown' } }]);
  });
});

describe('row 5 and 6: steps', () => {
  it('are said when they are due, again as often as they say, and then it is unanswered, once: NEW', () => {
    const centre = new ReceivingCentre();
    centre.raise(1);
    expect(centre.told()).toEqual(['opened desk']);
    centre.pass(89 * SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(SECOND);
    expect(centre.told()).toEqual(['opened chief']);
    centre.pass(10 * MINUTE);
    expect(centre.told()).toEqual(['reminder chief', 'reminder chief']);
    centre.pass(5 * MINUTE);
    expect(centre.told()).toEqual(['unanswered desk']);
    centre.pass(60 * MINUTE);
    expect(centre.told()).toEqual([]);
  });

  it('of minor ones are never unanswered', () => {
    const { centre } = incidentIn('NEW');
    centre.pass(60 * MINUTE);
    expect(centre.told()).not.toContain('unanswered desk');
  });

  it.each(['TAKEN', 'HELD'] as const)('that end when it is taken are not said: %s', (phase) => {
    const { centre } = incidentIn(phase);
    centre.pass(5 * MINUTE);
    expect(centre.told()).toEqual([]);
  });

  it.each(['TAKEN', 'HELD'] as const)('that end only when it is restored, or never, are: %s', (phase) => {
    const centre = new ReceivingCentre({
      ...new ReceivingCentre().engine.memory().settings,
      protocols: [
        {
          name: 'civil',
          when: {},
          steps: [
            { afterMs: 0, to: ['desk'], unless: [], times: 1 },
            { afterMs: MINUTE, to: ['chief'], unless: ['restored'], everyMs: MINUTE, times: 9 },
          ],
        },
      ],
    });
    const alarm = centre.raise(1);
    centre.act('ann', centre.only(), { kind: 'take' });
    if (phase === 'HELD') centre.act('ann', centre.only(), { kind: 'hold', ms: 30 * MINUTE, why: 'waiting' });
    centre.told();
    centre.pass(MINUTE);
    expect(centre.told()).toEqual(['opened chief']);
    centre.clear(alarm);
    centre.pass(5 * MINUTE);
    expect(centre.told()).toEqual([]);
  });
});

describe('row 7: take', () => {
  it('has one winner; the other is told who has it: NEW', () => {
    const { centre, incident, alarms } = incidentIn('NEW');
    expect(centre.act('ann', incident(), { kind: 'take' })).toMatchObject({ done: true });
    expect(incident()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'ann', since: centre.now } });
    expect(centre.act('bob', incident(), { kind: 'take' })).toMatchObject({ done: false, code: 409, reason: 'ann has it' });
    const asked = centre.effects.flatMap(({ acknowledgements }) => acknowledgements);
    expect(asked.map(({ alarm, by }) => [alarm, by])).toEqual(alarms.map((alarm) => [alarm, 'ann']));
  });

  it('again changes nothing: TAKEN', () => {
    const { centre, incident } = incidentIn('TAKEN');
    const { version } = incident();
    expect(centre.act('ann', incident(), { kind: 'take' })).toMatchObject({ done: true, version });
  });

  it('ends the hold: HELD', () => {
    const { centre, incident } = incidentIn('HELD');
    expect(centre.act('ann', incident(), { kind: 'take' })).toMatchObject({ done: true });
    expect(incident().phase).toBe('TAKEN');
    expect(incident().claim?.hold).toBeUndefined();
  });

  it.each(['TAKEN', 'HELD'] as const)('goes over to another one who says so: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('bob', incident(), { kind: 'take' })).toMatchObject({ done: false, code: 409 });
    expect(centre.act('bob', incident(), { kind: 'take', over: true })).toMatchObject({ done: true });
    expect(incident()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'bob' } });
    expect(centre.effects.at(-1)?.events).toMatchObject([{ event: 'taken', by: 'bob', over: 'ann' }]);
  });

  it('tells those who want to hear of it', () => {
    const centre = new ReceivingCentre({
      ...new ReceivingCentre().engine.memory().settings,
      protocols: [{ name: 'all', when: {}, steps: [{ afterMs: 0, to: ['desk', 'north'], unless: ['taken'], times: 1 }] }],
    });
    centre.raise(1);
    centre.told();
    centre.act('ann', centre.only(), { kind: 'take' });
    expect(centre.told()).toEqual(['taken north']);
  });

  it('the next one is the gravest, of these the oldest; two who ask get two', () => {
    const centre = new ReceivingCentre();
    centre.raise(1, { type: 'motion', site: 'a' });
    centre.raise(2, { type: 'smoke', site: 'b' });
    centre.raise(3, { type: 'smoke', site: 'c' });
    const [a, b, c] = centre.open().map(({ id }) => id);
    const next = (by: string) => centre.act(by, centre.open()[0] as Incident, { kind: 'next' });
    expect([next('ann'), next('bob'), next('ann')].map((answer) => answer.incident)).toEqual([b, c, a]);
    expect(next('bob')).toMatchObject({ done: false, code: 404 });
  });
});

describe('row 8: look and note', () => {
  it('of its owner renew attention, and nothing is unseen after a look: TAKEN', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.raise(1, { type: 'motion' });
    centre.pass(25 * MINUTE);
    centre.act('ann', incident(), { kind: 'look' });
    expect(incident().unseen).toBe(0);
    centre.pass(25 * MINUTE);
    centre.act('ann', incident(), { kind: 'note', note: 'called back' });
    centre.pass(29 * MINUTE);
    expect(incident().phase).toBe('TAKEN');
    centre.pass(2 * MINUTE);
    expect(incident().phase).toBe('NEW');
  });

  it('of others renew nothing: TAKEN', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.pass(25 * MINUTE);
    expect(centre.act('bob', incident(), { kind: 'look' })).toMatchObject({ done: true });
    expect(centre.act('bob', incident(), { kind: 'note', note: 'saw it too' })).toMatchObject({ done: true });
    centre.pass(6 * MINUTE);
    expect(incident().phase).toBe('NEW');
  });

  it.each(['NEW', 'HELD', 'CLOSED'] as const)('a note is taken in any phase: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('bob', incident(), { kind: 'note', note: 'the key is at number 7' })).toMatchObject({ done: true });
    expect(incident().phase).toBe(phase);
    expect(centre.effects.at(-1)?.events).toMatchObject([{ event: 'noted', by: 'bob', note: 'the key is at number 7' }]);
  });

  it('a look at what is closed is refused', () => {
    const { centre, incident } = incidentIn('CLOSED');
    expect(centre.act('ann', incident(), { kind: 'look' })).toMatchObject({ done: false, code: 409, reason: 'it was closed by ann' });
  });
});

describe('rows 9 and 10: hold', () => {
  const hold = { kind: 'hold', ms: 30 * MINUTE, why: 'guard is on the way' } as const;

  it('is refused where there is nothing to hold: NEW, CLOSED', () => {
    for (const phase of ['NEW', 'CLOSED'] as const) {
      const { centre, incident } = incidentIn(phase);
      expect(centre.act('ann', incident(), hold)).toMatchObject({ done: false, code: 409 });
    }
  });

  it('is for its owner, with a reason, for an hour at most: TAKEN', () => {
    const { centre, incident } = incidentIn('TAKEN');
    expect(centre.act('bob', incident(), hold)).toMatchObject({ done: false, code: 409, reason: 'ann has it' });
    for (const ms of [0, -1, 61 * MINUTE, Number.NaN]) {
      expect(centre.act('ann', incident(), { ...hold, ms })).toMatchObject({ done: false, code: 422 });
    }
    expect(centre.act('ann', incident(), { ...hold, why: ' ' })).toMatchObject({ done: false, code: 422 });
    expect(centre.act('ann', incident(), hold)).toMatchObject({ done: true });
    expect(incident()).toMatchObject({ phase: 'HELD', claim: { hold: { ms: 30 * MINUTE, why: 'guard is on the way' } } });
  });

  it('gets a new time: HELD', () => {
    const { centre, incident } = incidentIn('HELD');
    centre.pass(20 * MINUTE);
    centre.act('ann', incident(), hold);
    centre.pass(29 * MINUTE);
    expect(incident().phase).toBe('HELD');
  });

  it('wakes to its owner who is there', () => {
    const { centre, incident } = incidentIn('HELD');
    centre.pass(31 * MINUTE, ['ann', 'bob']);
    expect(incident()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'ann' } });
  });

  it('wakes to everybody if its owner is not there', () => {
    const { centre, incident } = incidentIn('HELD');
    centre.pass(29 * MINUTE, ['bob']);
    expect(incident().phase).toBe('HELD');
    centre.pass(2 * MINUTE, ['bob']);
    expect(incident()).toMatchObject({ phase: 'NEW', returned: 'hold over', run: { n: 2 } });
  });
});

describe('row 11: release', () => {
  it.each(['TAKEN', 'HELD'] as const)('gives it back to everybody, from the first step on: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('ann', incident(), { kind: 'release' })).toMatchObject({ done: true });
    expect(incident()).toMatchObject({ phase: 'NEW', returned: 'released', run: { n: 2 }, claim: undefined });
    expect(centre.told()).toEqual(['returned desk']);
  });

  it.each(['NEW', 'CLOSED'] as const)('is refused where nobody has it: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('ann', incident(), { kind: 'release' })).toMatchObject({ done: false, code: 409 });
  });
});

describe('row 12 and 13: its owner is gone', () => {
  it('goes back a minute after their last sign: TAKEN', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.pass(3 * MINUTE, ['ann', 'bob']);
    centre.pass(50 * SECOND, ['bob']);
    expect(incident().phase).toBe('TAKEN');
    centre.pass(40 * SECOND, ['bob']);
    expect(incident()).toMatchObject({ phase: 'NEW', returned: 'absent' });
  });

  it('stays while no console says who is there', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.pass(3 * MINUTE, ['ann']);
    centre.pass(10 * MINUTE);
    expect(incident().phase).toBe('TAKEN');
  });

  it('stays for a minute after a console has come back', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.pass(3 * MINUTE, ['ann']);
    centre.pass(10 * MINUTE);
    centre.pass(55 * SECOND, ['bob']);
    expect(incident().phase).toBe('TAKEN');
    centre.pass(MINUTE, ['bob']);
    expect(incident().phase).toBe('NEW');
  });

  it('goes back when nothing was seen of them for too long: a fire after 10 minutes, others after 30', () => {
    const { centre, incident } = incidentIn('TAKEN');
    centre.raise(9, { site: 'elsewhere' });
    const fire = centre.open().at(-1) as Incident;
    centre.act('ann', fire, { kind: 'take' });
    centre.pass(10 * MINUTE);
    expect([centre.latest(fire).phase, incident().phase]).toEqual(['NEW', 'TAKEN']);
    centre.pass(20 * MINUTE);
    expect(incident()).toMatchObject({ phase: 'NEW', returned: 'unattended' });
  });
});

describe('row 15: a person acknowledged all of its alarms', () => {
  it('has it: NEW', () => {
    const { centre, incident, alarms } = incidentIn('NEW');
    centre.acknowledge(alarms[0], 'bob');
    expect(incident().phase).toBe('NEW');
    centre.acknowledge(alarms[1], 'bob');
    expect(incident()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'bob' } });
  });

  it('Tocsin itself is no person', () => {
    const { centre, incident, alarms } = incidentIn('NEW');
    for (const alarm of alarms) centre.acknowledge(alarm, 'tocsin');
    expect(incident().phase).toBe('NEW');
  });

  it.each(['TAKEN', 'HELD', 'CLOSED'] as const)('changes no claim: %s', (phase) => {
    const { centre, incident, alarms } = incidentIn(phase);
    const before = incident().claim;
    for (const alarm of alarms) centre.acknowledge(alarm, 'bob');
    expect(incident()).toMatchObject({ phase });
    expect(incident().claim).toEqual(before);
  });
});

describe('row 16: close', () => {
  const closing = (incident: Incident) =>
    ({ kind: 'close', membersVersion: incident.membersVersion, disposition: 'genuine', standing: true, note: 'brigade has it' }) as const;

  it.each(['TAKEN', 'HELD'] as const)('ends it, and whoever was told hears of it: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('ann', incident(), closing(incident()))).toMatchObject({ done: true });
    expect(incident()).toMatchObject({ phase: 'CLOSED', closing: { by: 'ann', disposition: 'genuine', standing: true, why: 'operator' } });
    expect(centre.told()).toEqual(['closed desk']);
  });

  it.each(['NEW', 'CLOSED'] as const)('is refused where nobody has it: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('ann', incident(), closing(incident()))).toMatchObject({ done: false, code: 409 });
  });

  it('is for its owner', () => {
    const { centre, incident } = incidentIn('TAKEN');
    expect(centre.act('bob', incident(), closing(incident()))).toMatchObject({ code: 409, reason: 'ann has it' });
  });

  it('is refused if something has joined since, which its operator has not seen', () => {
    const { centre, incident } = incidentIn('TAKEN');
    const seen = closing(incident());
    centre.raise(1, { type: 'motion' });
    expect(centre.act('ann', incident(), seen)).toMatchObject({ done: false, code: 409 });
    expect(incident().phase).toBe('TAKEN');
  });

  it('of something active needs a word that it stands, and why', () => {
    const { centre, incident } = incidentIn('TAKEN');
    expect(centre.act('ann', incident(), { ...closing(incident()), standing: false })).toMatchObject({ done: false, code: 409 });
    expect(centre.act('ann', incident(), { ...closing(incident()), note: ' ' })).toMatchObject({ done: false, code: 422 });
  });

  it('of something restored needs neither', () => {
    const { centre, incident, alarms } = incidentIn('TAKEN');
    for (const alarm of alarms) centre.clear(alarm);
    const { membersVersion } = incident();
    expect(centre.act('ann', incident(), { kind: 'close', membersVersion, disposition: 'false' })).toMatchObject({ done: true });
    expect(incident().closing).toMatchObject({ standing: false });
  });
});

describe('row 17: restored, and nobody has touched it', () => {
  it('closes by itself after the time of its severity; a fire never', () => {
    const centre = new ReceivingCentre();
    const minor = centre.raise(1, { type: 'motion', site: 'a' });
    const fire = centre.raise(2, { site: 'b' });
    for (const alarm of [minor, fire]) centre.clear(alarm);
    centre.pass(23 * 60 * MINUTE);
    expect(centre.open()).toHaveLength(2);
    centre.pass(60 * MINUTE);
    expect(centre.only().severity).toBe('CRITICAL');
    expect(centre.all()[0]).toMatchObject({ closing: { by: 'tocsin', why: 'restored', disposition: 'unknown' } });
  });

  it.each(['TAKEN', 'HELD'] as const)('never closes what somebody has: %s', (phase) => {
    const { centre, incident, alarms } = incidentIn(phase);
    for (const alarm of alarms) centre.clear(alarm);
    for (let hour = 0; hour < 30; hour += 1) {
      centre.act('ann', incident(), phase === 'TAKEN' ? { kind: 'look' } : { kind: 'hold', ms: 60 * MINUTE, why: 'on' });
      centre.stop(20 * SECOND);
      for (let quarter = 0; quarter < 3; quarter += 1) centre.stop(59 * SECOND);
    }
    expect(incident().phase).toBe(phase);
  });
});

describe('row 21: the disposition is corrected', () => {
  it('stays closed, and nobody is told: CLOSED', () => {
    const { centre, incident } = incidentIn('CLOSED');
    const { version } = incident();
    expect(centre.act('bob', incident(), { kind: 'disposition', disposition: 'genuine' })).toMatchObject({
      done: true,
      version: version + 1,
    });
    expect(incident()).toMatchObject({ phase: 'CLOSED', closing: { disposition: 'genuine' } });
    expect(centre.told()).toEqual([]);
  });

  it.each(OPEN)('is refused: %s', (phase) => {
    const { centre, incident } = incidentIn(phase);
    expect(centre.act('ann', incident(), { kind: 'disposition', disposition: 'genuine' })).toMatchObject({ done: false, code: 409 });
  });
});
