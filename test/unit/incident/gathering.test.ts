import { describe, expect, it } from 'vitest';
import type { DigestNotice } from '../../../incident/notice.ts';
import type { Settings, Target } from '../../../incident/settings.ts';
import { DAY, HOUR, MINUTE, ReceivingCentre, SECOND, SETTINGS, TEN } from '../../support/incidents.ts';

/** Everything goes to `room` at once; and to `chief` after 90 s. */
function centreWith(room: Omit<Target, 'name'>, changes: Partial<Settings> = {}): ReceivingCentre {
  return new ReceivingCentre({
    ...SETTINGS,
    targets: [{ name: 'room', ...room }, { name: 'chief' }],
    fallback: 'chief',
    protocols: [{ name: 'all', when: {}, steps: [{ afterMs: 0, to: ['room'], unless: ['taken'], times: 1 }] }],
    ...changes,
  });
}

const linesOf = (centre: ReceivingCentre, digest = centre.notices.at(-1) as DigestNotice) =>
  digest.lines.map(({ incident }) =>
    centre
      .all()
      .find(({ id }) => id === incident)
      ?.key.replace('alarm:site:', ''),
  );

const NIGHT = { from: 22 * 60, to: 7 * 60 };

describe('a target that wants digests', () => {
  it('gets one for all that began within five minutes of the first, the gravest first, of these the oldest', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    for (let i = 0; i < 29; i += 1) {
      centre.raise(i, { type: 'motion', site: `m${i}` });
      centre.pass(10 * SECOND);
    }
    centre.raise(100, { type: 'temperature', site: 'heat' });
    expect(centre.told()).toEqual([]);
    centre.pass(5 * SECOND);
    expect(centre.notices).toEqual([]);
    centre.pass(5 * SECOND);
    expect(linesOf(centre)).toEqual(['heat', ...Array.from({ length: 29 }, (_, i) => `m${i}`)]);
    expect(centre.told()).toEqual(['digest room']);
    centre.pass(HOUR);
    expect(centre.told().filter((text) => text.startsWith('digest'))).toEqual([]);
  });

  it('hears of a fire at once', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    centre.raise(1);
    expect(centre.told()).toEqual(['opened room']);
  });

  it('hears at once of what becomes a fire, and not again in the digest', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    centre.raise(1, { type: 'motion' });
    centre.raise(2);
    expect(centre.told()).toEqual(['opened room']);
    centre.pass(6 * MINUTE);
    expect(centre.told()).toEqual(['unanswered chief']);
  });

  it('gets one line for what opened and closed meanwhile', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    const alarm = centre.raise(1, { type: 'motion', site: 'short' });
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    centre.clear(alarm);
    centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'false' });
    centre.pass(6 * MINUTE);
    expect(linesOf(centre)).toEqual(['short']);
    expect(centre.told()).toEqual(['digest room']);
  });

  it('hears of the end of what it was told in a digest', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    const alarm = centre.raise(1, { type: 'motion', site: 'long' });
    centre.pass(6 * MINUTE);
    centre.told();
    const incident = centre.only();
    centre.act('ann', incident, { kind: 'take' });
    centre.clear(alarm);
    centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'false' });
    centre.pass(6 * MINUTE);
    expect(centre.told()).toEqual(['digest room']);
  });

  it('gets 200 lines, and how many there are besides', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    for (let i = 0; i < 230; i += 1) centre.raise(i, { type: 'motion', site: `m${i}` });
    centre.pass(6 * MINUTE);
    const digest = centre.notices.at(-1) as DigestNotice;
    expect([digest.lines.length, digest.more]).toEqual([200, 30]);
  });

  it('gets it after a restart too', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    centre.raise(1, { type: 'motion', site: 'a' });
    centre.restart();
    centre.pass(6 * MINUTE);
    expect(centre.told()).toEqual(['digest room']);
  });

  it('gets it in time though the first word of it came from a clock that is a day ahead', () => {
    const centre = centreWith({ digestMs: 5 * MINUTE });
    centre.now += DAY;
    centre.raise(1, { type: 'motion' });
    centre.now -= DAY;
    centre.pass(6 * MINUTE);
    expect(centre.told()).toEqual(['digest room']);
  });
});

describe('a target with quiet hours', () => {
  const AT_23 = TEN + 13 * HOUR;
  const atNight = (changes: Partial<Settings> = {}) => {
    const centre = centreWith({ quiet: NIGHT }, { zone: 'UTC', ...changes });
    centre.stop(AT_23 - TEN);
    return centre;
  };

  it('hears in the morning of what is still open then', () => {
    const centre = atNight();
    centre.raise(1, { type: 'motion', site: 'open' });
    const alarm = centre.raise(2, { type: 'motion', site: 'closed' });
    const closed = centre.open()[1];
    if (!closed) throw new Error('two are open');
    centre.act('ann', closed, { kind: 'take' });
    centre.clear(alarm);
    centre.act('ann', closed, { kind: 'close', membersVersion: 1, disposition: 'false' });
    centre.pass(8 * HOUR - SECOND);
    expect(centre.told()).toEqual([]);
    centre.pass(SECOND);
    expect(linesOf(centre)).toEqual(['open']);
    expect(centre.told()).toEqual(['digest room']);
  });

  it('hears nothing in the morning if nothing is open', () => {
    const centre = atNight();
    const alarm = centre.raise(2, { type: 'motion', site: 'closed' });
    centre.act('ann', centre.only(), { kind: 'take' });
    centre.clear(alarm);
    centre.act('ann', centre.only(), { kind: 'close', membersVersion: 1, disposition: 'false' });
    centre.pass(12 * HOUR);
    expect(centre.told()).toEqual([]);
  });

  it('hears at once of a fire', () => {
    const centre = atNight();
    centre.raise(1);
    expect(centre.told()).toEqual(['opened room']);
  });

  it('hears at seven by the clocks of its zone, in the night they are set back, too', () => {
    const centre = centreWith({ quiet: NIGHT }, { zone: 'Europe/Berlin' });
    // The night to 25 October 2026: 7:00 there is 6:00 UTC.
    centre.stop(Date.parse('2026-10-24T22:30:00Z') - TEN);
    centre.raise(1, { type: 'motion' });
    centre.pass(7 * HOUR + 29 * MINUTE);
    expect(centre.told()).toEqual([]);
    centre.pass(2 * MINUTE);
    expect(centre.told()).toEqual(['digest room']);
  });

  it('is told as usual by day', () => {
    const centre = centreWith({ quiet: NIGHT }, { zone: 'UTC' });
    centre.raise(1, { type: 'motion' });
    expect(centre.told()).toEqual(['opened room']);
  });
});
