import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListedAlarm } from '../../../console/api/schemas.ts';
import { Highlight } from '../../../page/highlight.ts';
import { KeyGuard } from '../../../page/key-guard.ts';
import { countOpen, sumOf, without } from '../../../page/open-counts.ts';
import { ScrollAnchor } from '../../../page/scroll-anchor.ts';
import { spotsOf } from '../../../page/spots.ts';
import type { Vitals } from '../../../page/state.ts';
import { isProven, isSilent, troubleOf } from '../../../page/trouble.ts';
import { listedAlarm } from '../../support/fake-console.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const BOX = { width: 800, height: 600 };
const SEVERITY = { smoke: 'CRITICAL', temperature: 'MAJOR', motion: 'MINOR' } as const;

describe('a spot of the map', () => {
  const here = (): readonly [number, number] => [100, 100];
  const draw = (alarms: readonly ListedAlarm[]) => spotsOf(alarms, new Map(), here, BOX);
  const alarm = (sensor: number, type: keyof typeof SEVERITY, state: ListedAlarm['state']): ListedAlarm =>
    listedAlarm(sensor, { type, state, severity: SEVERITY[type] });

  it('shows the smoke that is still active, however many restored alarms nobody has acknowledged lie there', () => {
    const restored = Array.from({ length: 62 }, (_, i) => alarm(i, 'smoke', 'CLEARED_UNACK'));
    const [spot] = draw([...restored, alarm(99, 'smoke', 'ACTIVE_ACK')]).spots;
    expect(spot?.alarms).toHaveLength(63);
    expect(spot?.alarms[0]).toMatchObject({ sensor: 99, state: 'ACTIVE_ACK' });
  });

  it('shows the gravest of what is active, acknowledged or not', () => {
    const [spot] = draw([alarm(1, 'motion', 'ACTIVE_UNACK'), alarm(2, 'smoke', 'ACTIVE_ACK'), alarm(3, 'smoke', 'CLEARED_UNACK')]).spots;
    expect(spot?.alarms.map(({ sensor }) => sensor)).toEqual([2, 1, 3]);
  });

  it('is drawn as restored only where nothing is active, for any mixture', () => {
    const any = fc.record({
      type: fc.constantFrom('smoke', 'temperature', 'motion'),
      state: fc.constantFrom('ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK', 'CLEARED_ACK'),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (mixture) => {
        const alarms = mixture.map(({ type, state }, i) => alarm(i, type, state));
        const { spots } = draw(alarms);
        const active = alarms.some(({ state }) => state.startsWith('ACTIVE'));
        expect(spots.some(({ alarms: [drawn] }) => drawn.state.startsWith('ACTIVE'))).toBe(active);
        const shown = spots.flatMap((spot) => spot.alarms);
        expect(shown).toHaveLength(alarms.filter(({ state }) => state !== 'CLEARED_ACK').length);
      }),
    );
  });

  it('stands where what it shows is, and alarms without a place are told', () => {
    const pixels: Readonly<Record<number, readonly [number, number]>> = { 1: [100, 100], 2: [106, 103], 3: [900, 0] };
    const alarms = [
      alarm(1, 'motion', 'CLEARED_UNACK'),
      alarm(2, 'smoke', 'ACTIVE_UNACK'),
      alarm(3, 'smoke', 'ACTIVE_UNACK'),
      alarm(4, 'smoke', 'ACTIVE_UNACK'),
    ];
    const { spots, outside, placeless } = spotsOf(alarms, new Map(), (sensor) => pixels[sensor], BOX);
    expect(spots).toMatchObject([{ x: 106, y: 103 }]);
    expect({ outside, placeless }).toEqual({ outside: 1, placeless: 1 });
  });
});

describe('keys', () => {
  it('do nothing for a second after a field has vanished, and longer for those who type on', () => {
    const guard = new KeyGuard();
    expect(guard.swallows('a', 0)).toBe(false);
    guard.vanished(1_000);
    expect(guard.swallows('a', 1_900)).toBe(true);
    expect(guard.swallows('n', 2_800)).toBe(true);
    expect(guard.swallows('Escape', 2_900)).toBe(false);
    expect(guard.swallows('Tab', 2_900)).toBe(false);
    expect(guard.swallows('a', 3_800)).toBe(false);
  });

  it('are meant for what was highlighted when they were pressed', () => {
    const highlight = new Highlight();
    highlight.drawn('mine', 100);
    expect(highlight.wasShown('mine', 150)).toBe(true);
    // Chosen, but not drawn yet.
    expect(highlight.wasShown('stranger', 190)).toBe(false);
    highlight.drawn('stranger', 200);
    expect(highlight.wasShown('stranger', 190)).toBe(false);
    highlight.drawn('stranger', 300);
    expect(highlight.wasShown('stranger', 210)).toBe(true);
  });
});

describe('the place of the list', () => {
  it('keeps the held row where it is, whatever comes and goes around it, and returns to where the operator was', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.array(fc.nat(200), { minLength: 1 }), (own, indices) => {
        const anchor = new ScrollAnchor();
        anchor.goTo(own);
        const [first = 0] = indices;
        for (const index of indices) {
          anchor.hold('row', index * 40);
          expect(index * 40 - anchor.offset).toBe(first * 40 - own);
        }
        anchor.hold(undefined, undefined);
        expect(anchor.offset).toBe(own);
      }),
    );
  });

  it('goes with the pointer from row to row', () => {
    const anchor = new ScrollAnchor();
    anchor.hold('a', 80);
    anchor.hold('a', 120);
    anchor.hold('b', 160);
    expect(anchor.offset).toBe(40);
    anchor.hold('b', 120);
    expect(anchor.offset).toBe(0);
  });
});

describe('what is shown', () => {
  const vitals: Vitals = {
    at: NOW,
    log: { perSecond: 10, lastStatusAt: NOW - 100, problem: null },
    places: { hash: 'h', count: 8 },
    behindMs: 400,
    beyond: 0,
    damaged: 0,
  };
  const seen = { link: { state: 'live' } as const, lastByteAt: NOW, liveSince: NOW - 60_000, clockOffset: 0, vitals };

  it('is trusted with proof that was at most 15 s old when it came, until the next beat is overdue', () => {
    expect(troubleOf(seen, NOW)).toBeUndefined();
    expect(isProven(seen, NOW)).toBe(true);
    const atMost = { ...seen, vitals: { ...vitals, behindMs: 15_000 } };
    expect(isProven(atMost, NOW)).toBe(true);
    expect(isProven(atMost, NOW + 3_000)).toBe(true);
    expect(isProven(atMost, NOW + 3_001)).toBe(false);
    expect(troubleOf({ ...seen, vitals: { ...vitals, behindMs: 15_001 } }, NOW)?.title).toBe('DETECTION BEHIND');
    expect(troubleOf({ ...seen, vitals: { ...vitals, behindMs: 42_000 } }, NOW)?.words).toContain('42 s BEHIND');
  });

  it('is doubtful without proof, which is shown once there was time for one', () => {
    const unknown = { ...seen, vitals: { ...vitals, behindMs: null } };
    expect(isProven(unknown, NOW)).toBe(false);
    expect(troubleOf(unknown, NOW)?.words).toContain('DETECTION UNKNOWN');
    const young = { ...unknown, liveSince: NOW - 3_000 };
    expect(isProven(young, NOW)).toBe(false);
    expect(troubleOf(young, NOW)).toBeUndefined();
  });

  it('is old when the link is lost, and nothing at all when there never was one', () => {
    const stale = { state: 'stale', reason: 'the line is cut' } as const;
    expect(troubleOf({ ...seen, link: stale }, NOW + 5_000)?.words).toMatch(/LINK LOST.*5 s old: the line is cut/);
    expect(troubleOf({ ...seen, link: stale, vitals: undefined }, NOW)?.words).toMatch(/^NOT CONNECTED: the line is cut/);
    expect(isProven({ ...seen, link: stale }, NOW)).toBe(false);
  });

  it('proves nothing while the log cannot be read or no status comes in', () => {
    const unread = { ...seen, vitals: { ...vitals, log: { ...vitals.log, problem: 'no broker' } } };
    expect(troubleOf(unread, NOW)?.words).toContain('no broker');
    expect(isSilent({ ...vitals, log: { perSecond: 0, lastStatusAt: NOW - 31_000, problem: null } })).toBe(true);
    expect(isSilent({ ...vitals, log: { perSecond: null, lastStatusAt: null, problem: null } })).toBe(false);
  });
});

describe('the counts', () => {
  it('are the server’s where the list has no room, and not known where the server has not told', () => {
    const listed = countOpen([listedAlarm(1), listedAlarm(2, { state: 'ACTIVE_ACK' }), listedAlarm(3, { state: 'CLEARED_ACK' })]);
    const server = { byType: { smoke: 7, temperature: 0, motion: 4 }, unacknowledged: { smoke: 5, temperature: 0, motion: 4 } };
    const unlisted = without(server, listed);
    expect(unlisted.byType).toEqual({ smoke: 5, temperature: 0, motion: 4 });
    expect(sumOf(listed, unlisted)).toEqual(server);
    expect(sumOf(listed, undefined)).toBeUndefined();
  });
});
