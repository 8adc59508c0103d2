/** The system's own rules, fed what a fleet sends, must come to what the oracle says; the two share no rule. */
import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../../alarm/alarm.ts';
import { decodeRecovery, decodeStatus } from '../../../alarm/decode.ts';
import { Detection } from '../../../alarm/detection.ts';
import { DEFAULT_RULES } from '../../../alarm/rules.ts';
import { emptyRecovery, emptyStatus } from '../../../alarm/status.ts';
import { compare } from '../../../simulator/comparison.ts';
import { wireForm } from '../../../simulator/message.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import type { Scenario } from '../../../simulator/scenario.ts';
import { SCENARIOS } from '../../../simulator/scenarios/index.ts';
import { traffic } from '../../../simulator/traffic.ts';

const START = Date.UTC(2026, 10, 29, 12);

function compared(scenario: Scenario) {
  const plan = { scenario, seed: 3, apps: 1, ratePerApp: 200, durationMs: 60_000, sensors: 2_000, firstSeq: 0, neighbours };
  const detection = new Detection({ rules: DEFAULT_RULES, partition: 0, clockSkewMaxMs: 2_000, repeatWithinMs: 60_000 });
  const oracle = new Oracle();
  const alarms = new Map<string, Alarm>();
  const [status, recovery] = [emptyStatus(), emptyRecovery()];
  let offset = 0;
  for (const message of traffic(plan, 0)) {
    const bytes = Buffer.from(wireForm(message));
    const at = START + Math.round(message.dueMs);
    offset += 1;
    if (message.topic === 'OK') {
      if (decodeRecovery(bytes, 0, bytes.length, recovery) === undefined) detection.recovery(recovery.id, at, offset);
    } else if (decodeStatus(bytes, 0, bytes.length, status) === undefined) {
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
  return compare(oracle.expectations(), observed);
}

const neighbours = (count: number) => Array.from({ length: count }, (_, i) => 1 + i);

describe.each(SCENARIOS)('detection and oracle', (scenario) => {
  it(`agree on ${scenario.name}`, () => {
    const { findings, observed } = compared(scenario);
    expect(findings).toEqual([]);
    expect(observed.activated).toBeGreaterThan(0);
  });
});
