/** Smoke at several premises of an area. */
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../../incident/incident.ts';
import { HOUR, MINUTE, type Raise, ReceivingCentre } from '../../support/incidents.ts';

/** From west to east, each the neighbour of the next: characters behind the sixth are for streets. */
const [WEST, MIDDLE, EAST, FAR_EAST] = ['u33dbckk', 'u33dc100', 'u33dc3zz', 'u33dc9x'] as const;
const ELSEWHERE = 'u0yjjd5f';

function smoke(centre: ReceivingCentre, site: string, cell: string | undefined, raise: Raise = {}): string {
  return centre.raise(site.length, { site, region: 'North', ...(cell !== undefined && { cell }), ...raise });
}

const fires = (centre: ReceivingCentre) => centre.open().filter(({ kind }) => kind === 'fire');
const fireOf = (centre: ReceivingCentre) => {
  const [fire, second] = fires(centre);
  if (!fire || second) throw new Error(`${fires(centre).length} fires are open`);
  return fire;
};
const alarmsOf = (centre: ReceivingCentre) => centre.all().filter(({ kind }) => kind === 'alarm');

function threeSites(): ReceivingCentre {
  const centre = new ReceivingCentre();
  for (const [site, cell] of [
    ['a', WEST],
    ['bb', MIDDLE],
    ['ccc', EAST],
  ] as const) {
    smoke(centre, site, cell);
    centre.pass(7 * MINUTE);
  }
  return centre;
}

describe('smoke at three premises in neighbouring cells within a quarter of an hour', () => {
  it('is one fire, and each of them is told of all the same', () => {
    const centre = new ReceivingCentre();
    smoke(centre, 'a', WEST);
    centre.pass(7 * MINUTE);
    smoke(centre, 'bb', MIDDLE);
    centre.told();
    centre.pass(7 * MINUTE);
    centre.told();
    smoke(centre, 'ccc', EAST);
    expect(centre.told()).toEqual(['opened desk', 'opened desk']);
    expect(fireOf(centre)).toMatchObject({ severity: 'CRITICAL', phase: 'NEW', active: 3, place: { region: 'North' } });
    expect(alarmsOf(centre).map(({ parent }) => parent)).toEqual([1, 2, 3].map(() => fireOf(centre).id));
    centre.pass(90_000);
    expect(centre.told().filter((text) => text === 'opened chief')).toHaveLength(2);
  });

  it.each([
    [
      'the third a minute too late',
      (centre: ReceivingCentre) => {
        smoke(centre, 'a', WEST);
        smoke(centre, 'bb', MIDDLE);
        centre.pass(16 * MINUTE);
        smoke(centre, 'ccc', EAST);
      },
    ],
    [
      'one of them closed before the third',
      (centre: ReceivingCentre) => {
        smoke(centre, 'a', WEST);
        const incident = centre.only();
        centre.act('ann', incident, { kind: 'take' });
        centre.act('ann', incident, { kind: 'close', membersVersion: 1, disposition: 'false', standing: true, note: 'toast' });
        smoke(centre, 'bb', MIDDLE);
        smoke(centre, 'ccc', EAST);
      },
    ],
    [
      'one of them far away',
      (centre: ReceivingCentre) => {
        smoke(centre, 'a', WEST);
        smoke(centre, 'bb', MIDDLE);
        smoke(centre, 'ccc', ELSEWHERE);
      },
    ],
    [
      'all at one premises',
      (centre: ReceivingCentre) => {
        for (const sensor of [1, 2, 3]) centre.raise(sensor, { site: 'a', cell: WEST });
      },
    ],
    [
      'motion at one of them',
      (centre: ReceivingCentre) => {
        smoke(centre, 'a', WEST);
        smoke(centre, 'bb', MIDDLE);
        smoke(centre, 'ccc', EAST, { type: 'motion' });
      },
    ],
    [
      'one of them in an unknown place',
      (centre: ReceivingCentre) => {
        smoke(centre, 'a', WEST);
        smoke(centre, 'bb', MIDDLE);
        smoke(centre, 'ccc', undefined);
      },
    ],
  ] as const)('is none if it is %s', (_, happens) => {
    const centre = new ReceivingCentre();
    happens(centre);
    expect(fires(centre)).toEqual([]);
  });

  it('is one if smoke clears quickly: it has been there', () => {
    const centre = new ReceivingCentre();
    centre.clear(smoke(centre, 'a', WEST));
    smoke(centre, 'bb', MIDDLE);
    smoke(centre, 'ccc', EAST);
    expect(fireOf(centre)).toMatchObject({ active: 2, members: [{ active: false }, { active: true }, { active: true }] });
  });

  it('is one whichever of them comes last, and whatever their sensors’ clocks say', () => {
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [0, 2, 1],
    ]) {
      const centre = new ReceivingCentre();
      for (const i of order) {
        centre.now += (i - 1) * 5 * HOUR;
        smoke(centre, 'abc'.slice(i), [WEST, MIDDLE, EAST][i]);
        centre.now -= (i - 1) * 5 * HOUR;
      }
      expect(fires(centre)).toHaveLength(1);
    }
  });

  it('is one once the place of the third is known', () => {
    const centre = new ReceivingCentre();
    smoke(centre, 'a', WEST);
    smoke(centre, 'bb', MIDDLE);
    centre.raise(3, { site: null });
    centre.signal({ signal: 'placed', sensor: 3, place: { site: 'ccc', cell: EAST } });
    expect(fireOf(centre).members).toHaveLength(3);
  });
});

describe('a fire of an area', () => {
  it('takes in further premises next to where it began, and does not creep over the town', () => {
    const centre = new ReceivingCentre();
    smoke(centre, 'a', WEST);
    smoke(centre, 'aa', WEST);
    smoke(centre, 'aaa', WEST);
    smoke(centre, 'bb', MIDDLE);
    expect(fireOf(centre).members).toHaveLength(4);
    smoke(centre, 'ccc', EAST);
    smoke(centre, 'dddd', FAR_EAST);
    expect(fireOf(centre).members).toHaveLength(4);
  });

  it('wakes whoever holds it when another premises burns, and a close must have seen that', () => {
    const centre = threeSites();
    const fire = fireOf(centre);
    centre.act('ann', fire, { kind: 'take' });
    centre.act('ann', fire, { kind: 'hold', ms: 30 * MINUTE, why: 'brigade is there' });
    const seen = centre.latest(fire).membersVersion;
    smoke(centre, 'dddd', MIDDLE);
    expect(centre.latest(fire)).toMatchObject({ phase: 'TAKEN', unseen: 1, active: 4 });
    const closing = { kind: 'close', membersVersion: seen, disposition: 'genuine', standing: true, note: 'out' } as const;
    expect(centre.act('ann', fire, closing)).toMatchObject({ code: 409 });
  });

  it('is restored when all of its premises are, or closed, and active again when one is; a person closes it', () => {
    const centre = new ReceivingCentre();
    const alarms = [smoke(centre, 'a', WEST), smoke(centre, 'bb', MIDDLE), smoke(centre, 'ccc', EAST)];
    for (const alarm of alarms) centre.clear(alarm);
    expect(fireOf(centre).restoredAt).toBe(centre.now);
    centre.raise(9, { site: 'a' });
    expect(fireOf(centre).restoredAt).toBeUndefined();
    const again = alarmsOf(centre)[0] as Incident;
    centre.act('ann', again, { kind: 'take' });
    const { membersVersion } = centre.latest(again);
    centre.act('ann', again, { kind: 'close', membersVersion, disposition: 'genuine', standing: true, note: 'burnt down' });
    expect(fireOf(centre).restoredAt).toBe(centre.now);
    for (let day = 0; day < 40; day += 1) centre.stop(24 * HOUR);
    expect(fires(centre)).toHaveLength(1);
  });

  it('that is closed leaves its premises as they are, and what burnt by then makes no other fire', () => {
    const centre = threeSites();
    const fire = fireOf(centre);
    centre.act('ann', fire, { kind: 'take' });
    const { membersVersion } = centre.latest(fire);
    centre.told();
    centre.act('ann', fire, { kind: 'close', membersVersion, disposition: 'genuine', standing: true, note: 'brigade has it' });
    expect(centre.told()).toEqual(['closed desk', 'closed chief']);
    expect(alarmsOf(centre).map(({ phase, parent }) => [phase, parent])).toEqual([1, 2, 3].map(() => ['NEW', undefined]));
    smoke(centre, 'dddd', MIDDLE);
    smoke(centre, 'eeeee', MIDDLE);
    expect(fires(centre)).toEqual([]);
    smoke(centre, 'ffffff', MIDDLE);
    expect(fireOf(centre)).toMatchObject({ active: 3 });
  });

  it('goes on after a restart', () => {
    const centre = new ReceivingCentre();
    smoke(centre, 'a', WEST);
    smoke(centre, 'bb', MIDDLE);
    centre.restart();
    const last = smoke(centre, 'ccc', EAST);
    centre.restart();
    centre.clear(last);
    smoke(centre, 'dddd', MIDDLE);
    expect(fireOf(centre)).toMatchObject({ active: 3 });
    expect(fireOf(centre).members).toHaveLength(4);
  });
});
