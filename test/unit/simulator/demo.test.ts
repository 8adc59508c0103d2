import { describe, expect, it } from 'vitest';
import { BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import { isHit, type Message, wireForm } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import { demo } from '../../../simulator/scenarios/demo.ts';
import { STORY, storyOf } from '../../../simulator/scenarios/story.ts';
import { type FleetPlan, plotOf, traffic } from '../../../simulator/traffic.ts';
import { SEVEN_TYPES } from '../../support/alarm-types.ts';

const PLAN: FleetPlan = {
  scenario: demo,
  seed: 1,
  apps: 4,
  ratePerApp: 5,
  durationMs: 120_000,
  sensors: 500,
  firstSeq: 0,
  neighbours: () => [],
};
const inOrder = (plan: FleetPlan): Message[] =>
  Array.from({ length: plan.apps }, (_, app) => [...traffic(plan, app)])
    .flat()
    .sort((a, b) => a.dueMs - b.dueMs);

/** The oracle's alarms for the messages of the story's sensors in the first `seconds`: [sensor, type, recovered]. */
function alarmsAfter(seconds: number): unknown[] {
  const oracle = new Oracle();
  for (const message of inOrder(PLAN)) if (message.dueMs <= seconds * 1_000) oracle.acknowledged(message);
  return [...oracle.expectations()]
    .filter(({ sensor }) => STORY.some((scene) => scene.sensor === sensor))
    .flatMap(({ sensor, type, possible: [alarms = []] }) => alarms.map(({ recovered }) => [sensor, type, recovered]));
}

/** The alarms according to the story. */
const toldOf = (seconds: number): unknown[] =>
  STORY.flatMap(({ sensor, becomes }) =>
    becomes.filter(({ from }) => from <= seconds).map(({ type, to }) => [sensor, type, to !== undefined && to <= seconds]),
  );

describe('the demo', () => {
  it.each([2.3, 2.6, 3, 4.3, 4.6, 5.5, 8.2, 12, 20, 27, 33, 60])('is after %d s what its story says', (seconds) => {
    expect(alarmsAfter(seconds).sort()).toEqual(toldOf(seconds).sort());
  });

  it('shows an alarm of each type and a recovery within five seconds', () => {
    const shown = STORY.flatMap(({ becomes }) => becomes).filter(({ from }) => from <= 5);
    expect(new Set(shown.map(({ type }) => type))).toEqual(new Set(['motion', 'smoke', 'temperature']));
    expect(shown.some(({ to }) => to !== undefined && to <= 5)).toBe(true);
  });

  it('leaves out the scenes of types that there are not, and goes on without them', () => {
    const types = SEVEN_TYPES.filter(({ name }) => name !== 'smoke');
    expect(storyOf(BUILT_IN_TYPES)).toEqual(STORY);
    expect(storyOf(types).map(({ sensor }) => sensor)).toEqual([2, 3, 4, 7]);
    const messages = inOrder({ ...PLAN, types });
    expect(messages.some(({ hits }) => hits.includes('smoke'))).toBe(false);
    expect(
      new Set(messages.filter(({ sensor, hits }) => [2, 3, 4, 7].includes(sensor) && hits.length > 0).map(({ sensor }) => sensor)).size,
    ).toBe(4);
    const elsewhere = new Set(messages.flatMap(({ hits }) => hits));
    expect([...elsewhere].sort()).toEqual(types.map(({ name }) => name).sort());
    expect(() => inOrder({ ...PLAN, types: SEVEN_TYPES.slice(-1) })).not.toThrow();
  });

  it('has an alarm elsewhere every few seconds beside it, most of which recover soon, in whatever fleet', () => {
    for (const [sensors, ratePerApp] of [
      [500, 5],
      [50_000, 625],
    ] as const) {
      const oracle = new Oracle();
      for (const message of inOrder({ ...PLAN, sensors, ratePerApp }))
        if (isHit(message) || message.topic === 'OK') oracle.acknowledged(message);
      const elsewhere = [...oracle.expectations()]
        .filter(({ sensor }) => STORY.every((scene) => scene.sensor !== sensor))
        .flatMap(({ possible: [alarms = []] }) => alarms);
      expect(elsewhere.length).toBeGreaterThan(25);
      expect(elsewhere.length).toBeLessThan(45);
      expect(elsewhere.filter(({ recovered }) => recovered).length).toBeGreaterThan(elsewhere.length / 2);
    }
  });

  it.each([6_000, 12_000, 13_000, 30_000, 1_800_000])('happens within its time, of %d ms', (durationMs) => {
    for (const { atMs } of plotOf(PLAN, 0, durationMs).happenings) expect(atMs >= 0 && atMs < durationMs, `${atMs}`).toBe(true);
  });

  it('has a sensor that never says anything readable of smoke, and reports all the same', () => {
    const said = inOrder(PLAN).filter(({ sensor, form }) => sensor === 6 && form !== 'bare');
    expect(said.length).toBeGreaterThan(20);
    for (const message of said.filter(({ topic }) => topic === 'ENTRY'))
      expect(JSON.parse(wireForm(message))).toMatchObject({ smoke: 'unavailable' });
    expect(said.filter(({ hits }) => hits.includes('motion'))).toHaveLength(2);
  });

  it('leaves a recovery and a hit of a sensor further apart than clocks differ', () => {
    for (const { sensor, tells } of STORY) {
      const beats = [{ at: 0, recovers: true }, ...tells];
      for (const [i, beat] of beats.entries()) {
        const next = beats[i + 1];
        if (next && 'sees' in beat !== 'sees' in next) expect(next.at - beat.at, `sensor ${sensor} at ${next.at} s`).toBeGreaterThan(2.1);
        if (next) expect(next.at).toBeGreaterThan(beat.at);
      }
    }
  });
});
