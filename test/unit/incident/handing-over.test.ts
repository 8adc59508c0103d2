/** Row 14, and the ways in which an offer comes to nothing. */
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../incident/incident.ts';
import { HOUR, MINUTE, ReceivingCentre, SECOND, SETTINGS } from '../../support/incidents.ts';

/** Two incidents of ann's; the second one is held. */
function shift(): { centre: ReceivingCentre; taken: () => Incident; held: () => Incident } {
  const centre = new ReceivingCentre();
  const [first, second] = ['a', 'b'].map((site, i) => {
    centre.raise(i, { type: 'motion', site });
    const incident = centre.open().at(-1) as Incident;
    centre.act('ann', incident, { kind: 'take' });
    return incident;
  }) as [Incident, Incident];
  centre.act('ann', second, { kind: 'hold', ms: 30 * MINUTE, why: 'guard is on the way' });
  centre.told();
  return { centre, taken: () => centre.latest(first), held: () => centre.latest(second) };
}

describe('what is offered', () => {
  it('stays where it is until it is accepted; then all of it moves at once, and what is held stays held', () => {
    const { centre, taken, held } = shift();
    const offer = centre.offer('ann', 'all');
    expect(offer).toMatchObject({ done: true, incidents: [taken().id, held().id] });
    expect([taken().claim?.owner, held().claim?.owner]).toEqual(['ann', 'ann']);
    centre.pass(9 * MINUTE);
    const records = centre.records.length;
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true, incidents: [taken().id, held().id] });
    expect(centre.records.length).toBe(records + 1);
    expect(taken()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'bob', since: centre.now, attention: { from: centre.now } } });
    expect(held()).toMatchObject({ phase: 'HELD', claim: { owner: 'bob', hold: { why: 'guard is on the way' } } });
    expect([taken(), held()].map(({ claim }) => claim?.offer)).toEqual([undefined, undefined]);
    expect(centre.effects.at(-1)?.events).toMatchObject([
      { event: 'handed', by: 'bob', over: 'ann' },
      { event: 'handed', by: 'bob', over: 'ann' },
    ]);
  });

  it('is no longer the one’s who gave it: their presence and their closing count for nothing', () => {
    const { centre, taken } = shift();
    centre.accept('bob', centre.offer('ann', [taken().id]).action);
    centre.pass(5 * MINUTE, ['bob']);
    expect(taken()).toMatchObject({ phase: 'TAKEN', claim: { owner: 'bob' } });
    const { membersVersion } = taken();
    const closing = { kind: 'close', membersVersion, disposition: 'false', standing: true, note: 'n' } as const;
    expect(centre.act('ann', taken(), closing)).toMatchObject({ code: 409, reason: 'bob has it' });
  });

  it('lapses after ten minutes, and the claim stays', () => {
    const { centre, taken, held } = shift();
    const offer = centre.offer('ann', 'all');
    centre.pass(10 * MINUTE - SECOND);
    expect(taken().claim?.offer).toBeDefined();
    centre.pass(2 * SECOND);
    expect([taken(), held()].map(({ claim }) => [claim?.owner, claim?.offer])).toEqual([
      ['ann', undefined],
      ['ann', undefined],
    ]);
    const lapsed = centre.effects.flatMap(({ events }) => events).filter(({ event }) => event === 'lapsed');
    expect(lapsed).toHaveLength(2);
    expect(centre.accept('bob', offer.action)).toMatchObject({ code: 409, reason: 'it is no longer offered' });
  });

  it('lapses only when somebody could have accepted it: not in a stop, nor within two minutes after it', () => {
    const { centre, taken } = shift();
    const offer = centre.offer('ann', [taken().id], 'bob');
    centre.stop(HOUR);
    centre.pass(MINUTE);
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true });
  });

  it('lapses in time though the clock of the console was a day ahead', () => {
    const { centre, held } = shift();
    centre.now += 24 * HOUR;
    centre.offer('ann', [held().id]);
    centre.now -= 24 * HOUR;
    centre.pass(11 * MINUTE);
    expect(held().claim?.offer).toBeUndefined();
  });

  it('can be accepted after a restart', () => {
    const { centre, taken } = shift();
    const offer = centre.offer('ann', [taken().id]);
    centre.restart();
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true });
    expect(taken().claim?.owner).toBe('bob');
  });

  it('tells those who want to hear who has what', () => {
    const centre = new ReceivingCentre({
      ...SETTINGS,
      protocols: [{ name: 'all', when: {}, steps: [{ afterMs: 0, to: ['desk', 'north'], unless: ['taken'], times: 1 }] }],
    });
    centre.raise(1);
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.told();
    centre.accept('bob', centre.offer('ann', 'all').action);
    expect(centre.told()).toEqual(['taken north']);
  });

  it('is accepted once, the same answer however often it is sent', () => {
    const { centre, taken } = shift();
    const offer = centre.offer('ann', [taken().id]);
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true });
    expect(centre.accept('cid', offer.action)).toMatchObject({ code: 409 });
    const { version } = taken();
    const again = { kind: 'offer', id: offer.action, by: 'ann', incidents: [taken().id] } as const;
    centre.signal({ signal: 'action', action: again });
    expect([centre.answers.at(-1), taken().version]).toEqual([offer, version]);
  });

  it('to somebody is theirs alone; a later offer takes the place of an earlier one', () => {
    const { centre, taken } = shift();
    const first = centre.offer('ann', [taken().id], 'bob');
    expect(centre.accept('cid', first.action)).toMatchObject({ code: 409, reason: 'it is offered to bob' });
    const second = centre.offer('ann', [taken().id], 'cid');
    expect(centre.accept('bob', first.action)).toMatchObject({ code: 409, reason: 'it is no longer offered' });
    expect(centre.accept('cid', second.action)).toMatchObject({ done: true });
  });

  it('cannot be taken by whoever has it', () => {
    const { centre, taken } = shift();
    expect(centre.accept('ann', centre.offer('ann', [taken().id]).action)).toMatchObject({ code: 409 });
    expect(centre.offer('ann', [taken().id], 'ann')).toMatchObject({ code: 409 });
  });
});

describe('an offer', () => {
  it('survives a look of whoever gives, and a worse alarm: it is still theirs to deal with', () => {
    const { centre, taken } = shift();
    const offer = centre.offer('ann', [taken().id]);
    centre.act('ann', taken(), { kind: 'look' });
    centre.raise(1, { type: 'smoke', site: 'a' });
    expect(taken()).toMatchObject({ claim: { owner: 'ann', attention: { ms: MINUTE } } });
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true });
  });

  it.each([
    [
      'closed',
      (centre: ReceivingCentre, it: Incident) => {
        const { membersVersion } = it;
        centre.act('ann', it, { kind: 'close', membersVersion, disposition: 'false', standing: true, note: 'n' });
      },
    ],
    ['given back', (centre: ReceivingCentre, it: Incident) => centre.act('ann', it, { kind: 'release' })],
    ['taken over by somebody else', (centre: ReceivingCentre, it: Incident) => centre.act('cid', it, { kind: 'take', over: true })],
  ] as const)('is over for what is %s since; the rest is handed over', (_, since) => {
    const { centre, taken, held } = shift();
    const offer = centre.offer('ann', 'all');
    since(centre, taken());
    expect(centre.accept('bob', offer.action)).toMatchObject({ done: true, incidents: [held().id] });
    expect(taken().claim?.owner).not.toBe('bob');
  });

  it('of what somebody does not have is refused as a whole, and says which', () => {
    const { centre, taken } = shift();
    centre.raise(9, { type: 'motion', site: 'c' });
    const free = centre.open().at(-1) as Incident;
    expect(centre.offer('ann', [taken().id, free.id])).toMatchObject({ code: 409, reason: 'nobody has it', incident: free.id });
    expect(taken().claim?.offer).toBeUndefined();
    expect(centre.offer('bob', [taken().id])).toMatchObject({ code: 409, reason: 'ann has it' });
    expect(centre.offer('bob', 'all')).toMatchObject({ code: 409, reason: 'you have nothing' });
    expect(centre.offer('ann', [7])).toMatchObject({ code: 404, incident: 7 });
  });

  it('of what is closed is refused', () => {
    const { centre, taken } = shift();
    const { membersVersion } = taken();
    centre.act('ann', taken(), { kind: 'close', membersVersion, disposition: 'false', standing: true, note: 'n' });
    expect(centre.offer('ann', [taken().id])).toMatchObject({ code: 409, reason: 'it is closed' });
  });
});
