/** Detection, fed with what a fleet sends, must agree with the oracle; the two share no rule. */
import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../../alarm/alarm.ts';
import { type AlarmType, BUILT_IN_TYPES, typeOf } from '../../../alarm/alarm-type.ts';
import { Decoder } from '../../../alarm/decode.ts';
import { Detection } from '../../../alarm/detection.ts';
import { emptyRecovery, emptyStatus } from '../../../alarm/status.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { compare } from '../../../simulator/comparison.ts';
import { wireForm } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import type { Scenario } from '../../../simulator/scenario.ts';
import { SCENARIOS } from '../../../simulator/scenarios/index.ts';
import { demo } from '../../../simulator/scenarios/demo.ts';
import { type FleetPlan, traffic } from '../../../simulator/traffic.ts';
import { SEVEN_TYPES, WATER } from '../../support/alarm-types.ts';
import { drawn } from '../../support/draws.ts';

const START = Date.UTC(2026, 10, 29, 12);

/** A third of that is enough for tests that run every scenario with several sets of types. */
const LESS = { ratePerApp: 100, durationMs: 40_000 };

function compared(scenario: Scenario, types: readonly AlarmType[] = BUILT_IN_TYPES, different: Partial<FleetPlan> = {}) {
  const plan = {
    scenario,
    types,
    seed: drawn(1, 3).seed,
    apps: 1,
    ratePerApp: 120,
    durationMs: 60_000,
    sensors: 2_000,
    firstSeq: 0,
    neighbours,
    ...different,
  };
  const set = new TypeSet(types);
  const decoder = new Decoder(set);
  const detection = new Detection({ types: set, partition: 0, clockSkewMaxMs: 2_000, repeatWithinMs: 60_000 });
  const oracle = new Oracle(types);
  const alarms = new Map<string, Alarm>();
  const [status, recovery] = [emptyStatus(set), emptyRecovery()];
  let offset = 0;
  for (const message of traffic(plan, 0)) {
    const bytes = Buffer.from(wireForm(message));
    const at = START + Math.round(message.dueMs);
    offset += 1;
    if (message.topic === 'OK') {
      if (decoder.recovery(bytes, 0, bytes.length, recovery) === undefined) detection.recovery(recovery.id, at, offset);
    } else if (decoder.status(bytes, 0, bytes.length, status) === undefined) {
      detection.entry(status, at, offset, () => String(status.repaired ?? bytes));
    }
    oracle.acknowledged(message);
    for (const event of detection.takeEffects()?.events ?? []) if (event.alarm) alarms.set(event.alarm.id, event.alarm);
  }
  const observed = [...alarms.values()].map(({ id, sensor, type, state, raisedAt, evidence }) => ({
    id,
    sensor,
    type,
    raisedAt,
    cleared: state.startsWith('CLEARED'),
    evidence: evidence.map(({ value }) => Number(JSON.parse(value).seq)),
  }));
  return { ...compare(oracle.expectations(), observed), raised: new Set(observed.map(({ type }) => type)) };
}

const neighbours = (count: number) => Array.from({ length: count }, (_, i) => 1 + i);

/** Two types over one field, a comparison of two fields, inclusive bounds, many hits, values below zero. */
const ODD_TYPES: readonly AlarmType[] = [
  typeOf('co', { field: 'co', operator: '>=', than: 50 }),
  typeOf('co-high', { field: 'co', operator: '>', than: 200.25 }, { hits: 2, severity: 'CRITICAL', clears: 'normal' }),
  typeOf('frost', { field: 'outside', operator: '<', than: -5 }, { clears: 'normal' }),
  typeOf('pressure', { field: 'pressure', operator: '<=', than: 'minPressure' }, { hits: 7, within: 60_000 }),
  typeOf('mains', { field: 'mains', is: false }, { clears: 'normal' }),
];

describe.each([...SCENARIOS, demo])('detection and oracle', (scenario) => {
  it(`agree on ${scenario.name}`, () => {
    const { findings, observed } = compared(scenario);
    expect(findings).toEqual([]);
    expect(observed.activated).toBeGreaterThan(0);
  });

  it.each([
    ['the reference system’s types and four more', SEVEN_TYPES],
    ['types over one field, with borders and negative values', ODD_TYPES],
    ['one type', [WATER]],
  ])(`agree on ${scenario.name} with %s`, (_, types) => {
    const { findings, observed } = compared(scenario, types, LESS);
    expect(findings).toEqual([]);
    expect(observed.activated).toBeGreaterThan(0);
  });
});

describe('a fleet of other types', () => {
  it('raises alarms of each of them, and clears some', () => {
    const scenario = SCENARIOS.find(({ name }) => name === 'stuck-counters');
    if (!scenario) throw new Error('there is no such scenario');
    for (const types of [SEVEN_TYPES, ODD_TYPES]) {
      const { raised, observed } = compared(scenario, types, { ratePerApp: 200 });
      expect([...raised].sort()).toEqual(types.map(({ name }) => name).sort());
      expect(observed.recovered).toBeGreaterThan(0);
    }
  });
});
