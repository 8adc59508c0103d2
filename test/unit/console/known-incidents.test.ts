/** What the console keeps of incidents: bounded, by the newest record of each, and honest about what it missed. */
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { IncidentNow } from '../../../records/incident-record.ts';
import { decodeIncidentRecord } from '../../../records/incident-record.ts';
import { type IncidentTopics, IncidentView } from '../../../console/incidents/incident-view.ts';
import { KnownIncidents } from '../../../console/incidents/known-incidents.ts';
import { Outcomes } from '../../../console/incidents/outcomes.ts';
import { Shown } from '../../../console/incidents/shown.ts';
import type { Following } from '../../../console/live/topic-follower.ts';
import { falseRate } from '../../../incident/false-rate.ts';
import type { Signal } from '../../../incident/signal.ts';
import { Health } from '../../../runtime/health.ts';

const incidentOf = (id: string, more: Partial<IncidentNow> = {}): IncidentNow => ({
  id,
  kind: 'alarm',
  phase: 'NEW',
  severity: 'MINOR',
  members: [],
  membersInAll: 0,
  active: 1,
  membersVersion: 1,
  version: 1,
  unseen: 0,
  openedAt: 1_000,
  told: [],
  clock: { opened: 1_000 },
  ...more,
});
const put = (known: KnownIncidents, id: string, more: Partial<IncidentNow> = {}, events = [{ event: 'opened' as const, at: 1 }]) =>
  known.apply({ incident: incidentOf(id, more), events });
const ids = (known: KnownIncidents): string[] => [...known.all()].map(({ incident }) => incident.id).toSorted();

describe('the incidents that are kept', () => {
  it('are those of the newest record, whatever comes twice or late', () => {
    const known = new KnownIncidents();
    expect([
      put(known, 'i1'),
      put(known, 'i1', { version: 2, phase: 'TAKEN' }),
      put(known, 'i1'),
      put(known, 'i1', { version: 2 }),
    ]).toEqual([...[true, true, false, false]]);
    expect(known.get('i1')).toMatchObject({ incident: { version: 2 }, history: [{}, {}], isCut: false });
    expect(known.apply({ forgotten: 'i1' })).toBe(true);
    expect(known.size).toBe(0);
  });

  it('have the newest of their history, and say if there was more', () => {
    const known = new KnownIncidents({ eventsMax: 2 });
    put(known, 'i1', { version: 9 });
    expect(known.get('i1')?.isCut).toBe(true);
    put(known, 'i2');
    for (const version of [2, 3]) put(known, 'i2', { version }, [{ event: 'looked' as never, at: version }]);
    expect(known.get('i2')).toMatchObject({ history: [{ at: 2 }, { at: 3 }], isCut: true });
  });

  it('are bounded: closed ones leave first, then small ones, and a grave one last; those that are open and left are counted', () => {
    const known = new KnownIncidents({ incidentsMax: 2 });
    put(known, 'i1', { severity: 'CRITICAL' });
    put(known, 'i2', { phase: 'CLOSED' });
    put(known, 'i3', { severity: 'WARNING' });
    expect([ids(known), known.left]).toEqual([['i1', 'i3'], 0]);
    put(known, 'i4', { severity: 'MAJOR' });
    expect([ids(known), known.left]).toEqual([['i1', 'i4'], 1]);
    put(known, 'i3', { severity: 'WARNING', phase: 'CLOSED', version: 2 });
    expect([ids(known), known.left]).toEqual([['i1', 'i4'], 0]);
  });

  it('lead to the one that they were merged into, and never in a circle', () => {
    const known = new KnownIncidents();
    const closed = (into: string) => ({
      phase: 'CLOSED' as const,
      closing: { by: 'tocsin', at: 1, disposition: 'duplicate' as const, why: 'merged' as const, standing: true, into },
    });
    put(known, 'i1', closed('i2'));
    put(known, 'i2', closed('i3'));
    put(known, 'i3');
    expect(known.survivor('i1')?.incident.id).toBe('i3');
    put(known, 'i3', { version: 2, ...closed('i1') });
    expect(known.survivor('i1')).toBeDefined();
    expect(known.survivor('i9')).toBeUndefined();
  });
});

describe('what is read', () => {
  async function view() {
    let now = 1_000;
    const health = new Health();
    const followed: Omit<Following, 'topic' | 'from'>[] = [];
    const topics: IncidentTopics = {
      follow: async (_since, following) => {
        followed.push(following);
        return { caughtUp: Promise.resolve(), stop: async () => undefined };
      },
      append: async () => undefined,
    };
    const read = new IncidentView(
      topics,
      { clock: () => now, health, logger: pino({ level: 'silent' }) },
      { changed: () => undefined, operators: () => [] },
    );
    read.start();
    await new Promise((resolve) => setImmediate(resolve));
    const pass = (ms: number): void => {
      now += ms;
    };
    return { read, health, following: followed[0] as (typeof followed)[number], pass };
  }

  it('is doubtful for a day after records were removed unread, which makes nobody unready', async () => {
    const { read, health, following, pass } = await view();
    following.onGap(0, 5, 9);
    expect(read.doubt).toMatch(/may be missing/);
    following.report(undefined);
    expect([health.problems(), Object.keys(health.notices())]).toEqual([{}, ['console-incidents']]);
    pass(24 * 3_600_000);
    following.report(undefined);
    expect([read.doubt, health.notices()]).toEqual([undefined, {}]);
    await read.stop();
  });

  it('says why it is not up to date, and begins anew with a topic that was created again', async () => {
    const { read, following } = await view();
    following.report('cannot read the incidents: no broker');
    expect(read.doubt).toBe('cannot read the incidents: no broker');
    put(read.incidents, 'i1');
    following.onRecreated(0);
    expect(read.incidents.size).toBe(0);
    await read.stop();
  });

  it('is a record of an incident, of answers, or of one that is forgotten', () => {
    const decoded = (value: unknown) => decodeIncidentRecord(typeof value === 'string' ? value : JSON.stringify(value)).problem;
    expect(decoded({ incident: incidentOf('i1'), events: [] })).toBeUndefined();
    expect(decoded({ answers: [{ action: 'a', done: true, incident: 'i1', version: 2 }] })).toBeUndefined();
    expect(decoded({ forgotten: 'i1' })).toBeUndefined();
    for (const wrong of ['{', {}, { forgotten: 7 }, { incident: { ...incidentOf('i1'), phase: 'LOST' }, events: [] }, { answers: [{}] }])
      expect(decoded(wrong)).toBeDefined();
  });
});

describe('outcomes', () => {
  it('are bounded, and who waits is told at the end of its time or of the console', async () => {
    const outcomes = new Outcomes({ waitingMax: 1, knownMax: 1 });
    const answer = (action: string) => ({ action, done: true, incident: 'i1', version: 2 }) as const;
    const waiting = outcomes.outcome('a', 10_000);
    expect(outcomes.full).toBe(true);
    outcomes.hear([answer('a'), answer('b')]);
    expect([outcomes.find('a'), outcomes.find('b')]).toEqual([undefined, answer('b')]);
    await waiting;
    expect(await outcomes.outcome('c', 1)).toBeUndefined();
    const last = outcomes.outcome('d', 10_000);
    outcomes.close();
    expect(await last).toBeUndefined();
    expect([outcomes.ask('e', 'x'), outcomes.ask('e', 'x'), outcomes.ask('e', 'y')]).toEqual([true, true, false]);
  });
});

it('that an incident was shown is said once, and again if that could not be written', async () => {
  const said: Signal[] = [];
  let failures = 0;
  let isAway = true;
  const shown = new Shown(async (signals) => {
    if (isAway) throw new Error('away');
    said.push(...signals);
  });
  const note = async (): Promise<void> => {
    shown.note([incidentOf('i1'), incidentOf('i2', { clock: { opened: 1, shown: 2 } })], 'ann', () => {
      failures += 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
  };
  await note();
  isAway = false;
  await note();
  await note();
  expect([failures, said]).toEqual([1, [{ signal: 'shown', incident: 1, by: 'ann' }]]);
});

it('false ones are a share of those of which something is known', () => {
  const closed = (disposition: 'genuine' | 'false' | 'unknown' | 'test' | 'duplicate') =>
    ({ kind: 'alarm', phase: 'CLOSED', closing: { by: 'ann', disposition } }) as const;
  expect(falseRate([])).toEqual({ genuine: 0, false: 0, aborted: 0, unknown: 0, test: 0, share: undefined });
  const all = (['genuine', 'false', 'false', 'false', 'unknown', 'test', 'duplicate'] as const).map(closed);
  expect(falseRate([...all, { kind: 'trouble', phase: 'CLOSED', closing: { by: 'ann', disposition: 'false' } }])).toMatchObject({
    false: 3,
    share: 0.75,
    unknown: 1,
    test: 1,
  });
});
