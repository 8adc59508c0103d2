/** Lines that were refused: one incident with their number, however many they are. */
import { describe, expect, it } from 'vitest';
import { MINUTE, ReceivingCentre, SECOND, SETTINGS } from '../../support/incidents.ts';

/** Told at once, and of nothing but what it says. */
const centreOf = () =>
  new ReceivingCentre({ ...SETTINGS, protocols: [{ name: 'all', when: {}, steps: [{ afterMs: 0, to: ['desk'], unless: [], times: 1 }] }] });

function refuse(centre: ReceivingCentre, refused: number, { origin = 'gateway', lines = 100_000 } = {}): void {
  const minute = Math.floor(centre.now / MINUTE) * MINUTE;
  centre.signal({ signal: 'refused', refused: { minute, origin, lines, refused } });
}

const quality = (centre: ReceivingCentre) => centre.all().filter(({ kind }) => kind === 'quality');

describe('refused lines', () => {
  it('are one incident, one word and their number: ten thousand within a minute', () => {
    const centre = centreOf();
    for (let i = 1; i <= 100; i += 1) refuse(centre, i * 100, { lines: 1_000_000 + i });
    expect(quality(centre)).toMatchObject([{ key: 'quality', severity: 'MINOR', count: 100 }]);
    expect(centre.told()).toEqual(['opened desk']);
    centre.pass(MINUTE);
    expect(quality(centre)).toMatchObject([{ count: 10_000 }]);
    expect(centre.told()).toEqual(['updated desk']);
  });

  it.each([
    ['twenty', { refused: 20 }, 0],
    ['twenty-one', { refused: 21 }, 1],
    ['five of a hundred of one sender', { refused: 5, lines: 100 }, 0],
    ['six of a hundred of one sender', { refused: 6, lines: 100 }, 1],
    ['one of one', { refused: 1, lines: 1 }, 0],
  ] as const)('are none or one: %s', (_, { refused, ...its }, count) => {
    const centre = centreOf();
    refuse(centre, refused, its);
    expect(quality(centre)).toHaveLength(count);
  });

  it('are counted over five minutes and all senders, repeats once', () => {
    const centre = centreOf();
    for (const origin of ['a', 'b', 'b', 'b', 'a']) refuse(centre, 10, { origin });
    expect(quality(centre)).toEqual([]);
    centre.pass(5 * MINUTE);
    refuse(centre, 10, { origin: 'c' });
    expect(quality(centre)).toEqual([]);
    centre.pass(4 * MINUTE);
    refuse(centre, 11, { origin: 'd' });
    expect(quality(centre)).toMatchObject([{ count: 21 }]);
  });

  it('are said once a minute at most', () => {
    const centre = centreOf();
    refuse(centre, 30);
    for (let i = 1; i <= 24; i += 1) {
      centre.pass(5 * SECOND);
      refuse(centre, 30 + i, { lines: 100_000 + i });
    }
    const counts = centre.effects.flatMap(({ events }) => events.filter(({ event }) => event === 'counted'));
    expect(counts.length).toBeLessThanOrEqual(3);
  });

  it('are over after a quarter of an hour without any, and that is told once; also after restarts', () => {
    const centre = centreOf();
    refuse(centre, 30);
    centre.restart();
    centre.pass(10 * MINUTE);
    refuse(centre, 1);
    centre.restart();
    centre.told();
    centre.pass(15 * MINUTE - SECOND);
    expect(quality(centre)).toMatchObject([{ phase: 'NEW', count: 31 }]);
    centre.pass(10 * SECOND);
    expect(quality(centre)).toMatchObject([{ phase: 'CLOSED' }]);
    expect(centre.told()).toEqual(['closed desk']);
  });
});
