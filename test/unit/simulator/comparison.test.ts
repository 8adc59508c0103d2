import { describe, expect, it } from 'vitest';
import { compare, type ObservedAlarm } from '../../../simulator/comparison.ts';
import type { ExpectedAlarm, Expectation } from '../../../simulator/oracle.ts';

const expected = (...possible: ExpectedAlarm[][]): Expectation => ({ sensor: 7, type: 'smoke', possible });
const alarm = (seq: number, recovered = false): ExpectedAlarm => ({ readings: [], evidence: [seq, seq + 1, seq + 2], recovered });
let ids = 0;
const seen = (seq: number | undefined, different: Partial<ObservedAlarm> = {}): ObservedAlarm => {
  ids += 1;
  const evidence = seq === undefined ? undefined : [seq, seq + 1, seq + 2];
  return { id: `a${ids}`, sensor: 7, type: 'smoke', cleared: false, raisedAt: ids * 1_000, evidence, ...different };
};
const kinds = (expectations: Expectation[], observed: ObservedAlarm[]): string[] =>
  compare(expectations, observed).findings.map(({ kind }) => kind);

describe('the comparison', () => {
  it.each([
    ['is content with what must have been', [[alarm(1, true), alarm(9)]], [seen(1, { cleared: true }), seen(9)], []],
    ['is content without readings', [[alarm(1)]], [seen(undefined)], []],
    ['finds a missing alarm', [[alarm(1)]], [], ['missing']],
    ['finds the missing one of two', [[alarm(1, true), alarm(9)]], [seen(9)], ['missing']],
    ['finds an alarm that came twice', [[alarm(1)]], [seen(1), seen(1)], ['doubled']],
    ['finds a doubled alarm without readings', [[alarm(1)]], [seen(undefined), seen(undefined)], ['doubled']],
    ['tells invented from doubled by the readings', [[alarm(1)]], [seen(1), seen(50)], ['invented']],
    [
      'finds one missing where another is doubled',
      [[alarm(1, true), alarm(9)]],
      [seen(1, { cleared: true }), seen(1)],
      ['missing', 'doubled'],
    ],
    ['finds an alarm without cause', [[]], [seen(1)], ['invented']],
    ['finds one that is active and must be cleared', [[alarm(1, true)]], [seen(1)], ['differing']],
    ['finds one that is cleared and must be active', [[alarm(1)]], [seen(1, { cleared: true })], ['differing']],
    ['finds wrong readings', [[alarm(1)]], [seen(2)], ['differing']],
    ['allows every possibility: it was', [[], [alarm(1)]], [seen(1)], []],
    ['allows every possibility: it was not', [[], [alarm(1)]], [], []],
    ['allows no more than is possible', [[], [alarm(1)]], [seen(1), seen(1)], ['doubled']],
  ] as const)('%s', (_, possible, observed, findings) => {
    expect(kinds([expected(...possible.map((alarms) => [...alarms]))], [...observed])).toEqual(findings);
  });

  it('finds an alarm of a sensor that only sent normal statuses', () => {
    const { findings } = compare([], [seen(1)]);
    expect(findings).toMatchObject([{ kind: 'invented', sensor: 7, type: 'smoke' }]);
  });

  it('does not let one type answer for another', () => {
    expect(kinds([expected([alarm(1)])], [seen(1, { type: 'temperature' })])).toEqual(['missing', 'invented']);
  });

  it('counts what must have been and what is', () => {
    const { expected: due, observed } = compare([expected([alarm(1, true)], [alarm(1)])], [seen(1, { cleared: true })]);
    expect(due).toEqual({ activated: [1, 1], recovered: [0, 1] });
    expect(observed).toEqual({ activated: 1, recovered: 1 });
  });
});
