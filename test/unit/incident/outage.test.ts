/** Many sensors silent at once, parts of the system that are not well, and more incidents than can be read. */
import { describe, expect, it } from 'vitest';
import type { DigestNotice } from '../../../incident/notice.ts';
import { defaultSettings } from '../../../incident/settings.ts';
import { HOUR, MINUTE, ReceivingCentre, SECOND, SETTINGS } from '../../support/incidents.ts';

function centreOf(sensors: number): ReceivingCentre {
  const centre = new ReceivingCentre();
  centre.signal({ signal: 'census', census: { all: sensors * 2, regions: { North: sensors, South: sensors } } });
  return centre;
}

/** So many sensors fall silent, each at a premises of its own, over the span. */
function silence(centre: ReceivingCentre, count: number, { from = 0, over = 0, region = 'North' } = {}): string[] {
  return Array.from({ length: count }, (_, i) => {
    const id = centre.raise(from + i, { type: 'silent', of: 'trouble', site: `s${from + i}`, region });
    if (over > 0) centre.pass(over / count);
    return id;
  });
}

const outages = (centre: ReceivingCentre) => centre.open().filter(({ kind }) => kind === 'outage');
const troubles = (centre: ReceivingCentre) => centre.open().filter(({ kind }) => kind === 'trouble');

describe('many sensors of a region that fall silent', () => {
  it('are one outage, and no word of each', () => {
    const centre = centreOf(300);
    silence(centre, 60, { over: 2 * MINUTE });
    expect(centre.told()).toEqual(['opened desk']);
    expect(outages(centre)).toMatchObject([{ key: 'outage:North', severity: 'MAJOR', phase: 'NEW' }]);
    expect(troubles(centre).filter(({ parent }) => parent === outages(centre)[0]?.id)).toHaveLength(60);
    centre.pass(8 * MINUTE);
    expect(centre.told()).toEqual(['opened chief', 'reminder chief']);
  });

  it('are told of one by one if they are too few, once an outage would have shown', () => {
    const centre = centreOf(300);
    silence(centre, 49);
    centre.pass(5 * MINUTE - SECOND);
    expect([outages(centre), centre.told()]).toEqual([[], []]);
    centre.pass(SECOND);
    expect(centre.told()).toEqual(Array.from({ length: 49 }, () => 'opened desk'));
  });

  it.each([
    ['too small a share', 600, 59, 0],
    ['share and number', 600, 60, 0],
    ['too slow', 300, 60, 7 * MINUTE],
  ] as const)('are one or not: %s', (text, sensors, count, over) => {
    const centre = centreOf(sensors);
    silence(centre, count, { over });
    expect(outages(centre)).toHaveLength(text === 'share and number' ? 1 : 0);
  });

  it('are none if most of them were heard again meanwhile', () => {
    const centre = centreOf(300);
    for (const id of silence(centre, 30)) centre.clear(id);
    silence(centre, 30, { from: 100 });
    expect(outages(centre)).toEqual([]);
    silence(centre, 20, { from: 200 });
    expect(outages(centre)).toHaveLength(1);
  });

  it('are an outage of the world if no region has enough of them', () => {
    const centre = centreOf(250);
    silence(centre, 40);
    silence(centre, 40, { from: 100, region: 'South' });
    expect(outages(centre)).toMatchObject([{ key: 'outage:world' }]);
  });

  it('ends once fewer than half as many are silent for five minutes, and those that still are silent are told together', () => {
    const centre = centreOf(300);
    const silent = silence(centre, 60);
    centre.pass(10 * MINUTE);
    for (const id of silent.slice(0, 35)) centre.clear(id);
    expect(outages(centre)[0]?.restoredAt).toBeUndefined();
    for (const id of silent.slice(35, 40)) centre.clear(id);
    centre.told();
    centre.pass(5 * MINUTE - SECOND);
    expect(outages(centre)[0]?.restoredAt).toBeDefined();
    expect(centre.told()).toEqual(['reminder chief']);
    centre.pass(2 * SECOND);
    expect(centre.told()).toEqual(['closed desk', 'closed chief']);
    centre.pass(6 * MINUTE);
    const [digest] = centre.notices.filter(({ kind }) => kind === 'digest') as DigestNotice[];
    expect(digest).toMatchObject({ target: 'desk', more: 0 });
    expect(digest?.lines).toHaveLength(20);
    expect(troubles(centre)).toHaveLength(20);
  });

  it('is on again if more fall silent before its end', () => {
    const centre = centreOf(300);
    for (const id of silence(centre, 60)) centre.clear(id);
    centre.pass(4 * MINUTE);
    silence(centre, 25, { from: 100 });
    expect(outages(centre)[0]).toMatchObject({ restoredAt: undefined });
    centre.pass(20 * MINUTE);
    expect(outages(centre)).toHaveLength(1);
  });

  it('goes on over a restart, in the middle and before', () => {
    const centre = centreOf(300);
    const silent = silence(centre, 40);
    centre.restart();
    silent.push(...silence(centre, 20, { from: 100 }));
    expect(outages(centre)).toHaveLength(1);
    centre.restart();
    for (const id of silent) centre.clear(id);
    centre.pass(7 * MINUTE);
    expect(centre.open()).toEqual([]);
  });

  it('closed by a person leaves the rest to be told', () => {
    const centre = centreOf(300);
    silence(centre, 60);
    const [outage] = outages(centre);
    if (!outage) throw new Error('no outage');
    centre.act('ann', outage, { kind: 'take' });
    const { membersVersion } = outage;
    centre.act('ann', outage, { kind: 'close', membersVersion, disposition: 'genuine', standing: true, note: 'line is cut' });
    centre.told();
    centre.pass(6 * MINUTE);
    expect(centre.told()).toContain('digest desk');
  });
});

describe('a trouble that somebody has when the outage begins', () => {
  it('stays theirs, and nobody is told when it ends', () => {
    const centre = centreOf(300);
    silence(centre, 1);
    centre.act('ann', centre.only(), { kind: 'take' });
    silence(centre, 59, { from: 100 });
    expect(troubles(centre)[0]).toMatchObject({ phase: 'TAKEN', parent: outages(centre)[0]?.id });
  });
});

describe('parts of the system', () => {
  const part = (centre: ReceivingCentre, name: string, isWell: boolean) =>
    centre.signal({ signal: 'part', part: name, isWell, isVital: name === 'log' });
  const parts = (centre: ReceivingCentre) => centre.open().map(({ key, severity }) => [key, severity]);

  it('that are unwell for a minute are told of, each by itself, and close a minute after they are well', () => {
    const centre = new ReceivingCentre();
    part(centre, 'archive', false);
    part(centre, 'log', false);
    centre.pass(MINUTE - SECOND);
    expect(parts(centre)).toEqual([]);
    centre.pass(SECOND);
    expect(parts(centre)).toEqual([
      ['platform:archive', 'MAJOR'],
      ['platform:log', 'CRITICAL'],
    ]);
    part(centre, 'log', true);
    centre.pass(MINUTE + SECOND);
    expect(parts(centre)).toEqual([['platform:archive', 'MAJOR']]);
  });

  it('that are well again within the minute are no word', () => {
    const centre = new ReceivingCentre();
    part(centre, 'archive', false);
    centre.pass(50 * SECOND);
    part(centre, 'archive', true);
    part(centre, 'archive', false);
    centre.pass(50 * SECOND);
    part(centre, 'archive', true);
    centre.pass(HOUR);
    expect(centre.all()).toEqual([]);
  });

  it('have one incident in common from the third one on', () => {
    const centre = new ReceivingCentre();
    for (const name of ['archive', 'history', 'mailer', 'console', 'log']) {
      part(centre, name, false);
      centre.pass(MINUTE);
    }
    expect(parts(centre)).toEqual([
      ['platform:archive', 'MAJOR'],
      ['platform:history', 'MAJOR'],
      ['platform', 'CRITICAL'],
    ]);
    for (const name of ['archive', 'history', 'mailer', 'console', 'log']) part(centre, name, true);
    centre.restart();
    centre.pass(2 * MINUTE);
    expect(centre.open()).toEqual([]);
  });

  it('that were said to be unwell before a restart are told of in time', () => {
    const centre = new ReceivingCentre();
    part(centre, 'archive', false);
    centre.pass(30 * SECOND);
    centre.restart();
    part(centre, 'archive', false);
    centre.pass(30 * SECOND);
    expect(parts(centre)).toHaveLength(1);
  });
});

describe('a flood', () => {
  const SETTINGS_OF_FLOOD = { ...SETTINGS, flood: { begin: 10, end: 5, withinMs: 10 * MINUTE } };
  const floods = (centre: ReceivingCentre) => centre.all().filter(({ kind }) => kind === 'flood');
  const open = (centre: ReceivingCentre, count: number, from = 0) => {
    for (let i = 0; i < count; i += 1) centre.raise(from + i, { type: 'motion', site: `m${from + i}` });
  };

  it('begins with the eleventh incident of ten minutes, and is told once', () => {
    const centre = new ReceivingCentre(SETTINGS_OF_FLOOD);
    open(centre, 10);
    expect(floods(centre)).toEqual([]);
    centre.told();
    open(centre, 1, 10);
    expect(floods(centre)).toMatchObject([{ key: 'flood', severity: 'WARNING' }]);
    expect(centre.told()).toEqual(['opened desk', 'opened desk']);
  });

  it('gathers what is small into digests, and tells of smoke at once', () => {
    const centre = new ReceivingCentre(SETTINGS_OF_FLOOD);
    open(centre, 11);
    centre.told();
    open(centre, 5, 20);
    expect(centre.told()).toEqual([]);
    centre.raise(99, { type: 'smoke', site: 'fire' });
    centre.raise(98, { type: 'temperature', site: 'heat' });
    expect(centre.told()).toEqual(['opened desk', 'opened desk']);
    centre.pass(5 * MINUTE);
    expect((centre.notices.find(({ kind }) => kind === 'digest') as DigestNotice).lines).toHaveLength(5);
  });

  it('ends when fewer than five have opened in ten minutes, not before, and closes by itself', () => {
    const centre = new ReceivingCentre(SETTINGS_OF_FLOOD);
    open(centre, 11);
    centre.pass(9 * MINUTE);
    open(centre, 5, 20);
    centre.pass(9 * MINUTE);
    expect(floods(centre)).toMatchObject([{ phase: 'NEW', active: 1 }]);
    centre.pass(MINUTE);
    expect(floods(centre)).toMatchObject([{ phase: 'NEW', active: 0 }]);
    centre.pass(MINUTE);
    expect(floods(centre)).toMatchObject([{ phase: 'CLOSED', closing: { why: 'restored' } }]);
    centre.told();
    centre.raise(50, { type: 'motion', site: 'later' });
    expect(centre.told()).toEqual(['opened desk']);
  });

  it('goes on over a restart', () => {
    const centre = new ReceivingCentre(SETTINGS_OF_FLOOD);
    open(centre, 8);
    centre.restart();
    open(centre, 3, 10);
    expect(floods(centre)).toHaveLength(1);
    centre.restart();
    centre.told();
    open(centre, 1, 20);
    expect(centre.told()).toEqual([]);
  });

  it('is not made by many alarms of one premises', () => {
    const centre = new ReceivingCentre(SETTINGS_OF_FLOOD);
    for (let i = 0; i < 30; i += 1) centre.raise(i, { type: 'motion', site: 'home' });
    expect(floods(centre)).toEqual([]);
  });
});

describe('without protocols of one’s own', () => {
  it('what is about many premises is told at once, and its end too', () => {
    const centre = new ReceivingCentre(defaultSettings('desk'));
    const silent = silence(centre, 50);
    expect(centre.told()).toEqual(['opened desk']);
    for (const id of silent) centre.clear(id);
    centre.pass(6 * MINUTE);
    expect(centre.told()).toEqual(['closed desk']);
  });
});
