import type { ExpectedAlarm, Expectation } from './oracle.ts';

/** An alarm as the system's API shows it. */
export interface ObservedAlarm {
  readonly id: string;
  readonly sensor: number;
  readonly type: string;
  readonly cleared: boolean;
  readonly raisedAt: number;
  /** The `seq` of its readings; undefined if the API doesn't give them. */
  readonly evidence: readonly number[] | undefined;
}

/**
 * missing: should have been raised and wasn't. doubled: raised once too often, from the same readings if these are known. invented: raised without
 * cause. differing: rightly raised, but its state or its readings are wrong.
 */
export const FINDING_KINDS = ['missing', 'doubled', 'invented', 'differing'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly sensor: number;
  readonly type: string;
  readonly what: string;
}

/** Least and most; they differ only if the outcome of a message is unknown. */
export type Range = readonly [least: number, most: number];

export interface Comparison {
  readonly findings: readonly Finding[];
  readonly expected: { readonly activated: Range; readonly recovered: Range };
  readonly observed: { readonly activated: number; readonly recovered: number };
}

/** Compares what was observed with what must have happened, for the same sensors and the same time. */
export function compare(expectations: Iterable<Expectation>, observed: readonly ObservedAlarm[]): Comparison {
  const left = grouped(observed);
  const findings: Finding[] = [];
  const activated: [number, number] = [0, 0];
  const recovered: [number, number] = [0, 0];
  for (const { sensor, type, possible } of expectations) {
    const key = keyOf(sensor, type);
    const own = left.get(key) ?? [];
    left.delete(key);
    widen(activated, possible, (alarms) => alarms.length);
    widen(recovered, possible, (alarms) => alarms.filter((alarm) => alarm.recovered).length);
    findings.push(...fewest(possible.map((alarms) => differences(sensor, type, alarms, own))));
  }
  for (const own of left.values()) for (const alarm of own) findings.push(...differences(alarm.sensor, alarm.type, [], [alarm]));
  return {
    findings,
    expected: { activated, recovered },
    observed: { activated: observed.length, recovered: observed.filter(({ cleared }) => cleared).length },
  };
}

const keyOf = (sensor: number, type: string): string => `${sensor} ${type}`;

/** By sensor and type, in the order in which they were raised. */
function grouped(observed: readonly ObservedAlarm[]): Map<string, ObservedAlarm[]> {
  const groups = new Map<string, ObservedAlarm[]>();
  for (const alarm of observed.toSorted((a, b) => a.raisedAt - b.raisedAt)) {
    const key = keyOf(alarm.sensor, alarm.type);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [alarm]);
    else group.push(alarm);
  }
  return groups;
}

function widen(range: [number, number], possible: Expectation['possible'], count: (alarms: readonly ExpectedAlarm[]) => number): void {
  const counts = possible.map(count);
  range[0] += Math.min(...counts);
  range[1] += Math.max(...counts);
}

/** The observed alarms are judged by the possibility that they match best. */
function fewest(candidates: readonly Finding[][]): Finding[] {
  return candidates.reduce((best, candidate) => (candidate.length < best.length ? candidate : best));
}

function differences(sensor: number, type: string, expected: readonly ExpectedAlarm[], observed: readonly ObservedAlarm[]): Finding[] {
  const findings: Finding[] = [];
  const add = (kind: FindingKind, what: string) => findings.push({ kind, sensor, type, what });
  const pairs = paired(expected, observed);
  for (const [i, alarm] of expected.entries()) {
    const found = pairs.get(alarm);
    if (found === undefined) add('missing', `alarm ${i + 1} of ${expected.length}, from readings ${alarm.evidence.join(', ')}`);
    else if (found.cleared !== alarm.recovered)
      add('differing', `${found.id} is ${found.cleared ? 'cleared, but must be active' : 'active, but must be cleared'}`);
    else if (found.evidence !== undefined && !same(found.evidence, alarm.evidence))
      add('differing', `${found.id} has readings ${found.evidence.join(', ')}, but must have ${alarm.evidence.join(', ')}`);
  }
  const matched = new Set(pairs.values());
  for (const extra of observed) {
    if (matched.has(extra)) continue;
    const { evidence } = extra;
    const doubled = evidence === undefined ? expected.length > 0 : expected.some((alarm) => same(alarm.evidence, evidence));
    add(doubled ? 'doubled' : 'invented', `${extra.id} of ${new Date(extra.raisedAt).toISOString()}`);
  }
  return findings;
}

/** Pairs alarms with the same readings first, the rest in the order in which they were raised. */
function paired(expected: readonly ExpectedAlarm[], observed: readonly ObservedAlarm[]): Map<ExpectedAlarm, ObservedAlarm> {
  const pairs = new Map<ExpectedAlarm, ObservedAlarm>();
  const left = new Set(observed);
  for (const alarm of expected) {
    const twin = [...left].find(({ evidence }) => evidence !== undefined && same(evidence, alarm.evidence));
    if (twin === undefined) continue;
    pairs.set(alarm, twin);
    left.delete(twin);
  }
  const byOrder = [...left]
    .filter(({ evidence }) => evidence === undefined || !expected.some((alarm) => same(alarm.evidence, evidence)))
    .values();
  for (const alarm of expected) {
    if (pairs.has(alarm)) continue;
    const next = byOrder.next();
    if (next.done) break;
    pairs.set(alarm, next.value);
  }
  return pairs;
}

/** The same readings in any order: the system orders them by record time, and proxies' clocks differ. */
const same = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value) => b.includes(value));
