import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Report, reportText } from '../../../simulator/report.ts';
import { case2 } from '../../../simulator/scenarios/reference.ts';

const RIGHT: Report = {
  scenario: 'case2',
  seed: 1,
  apps: 4,
  sensors: 50_000,
  seconds: 1_800,
  messages: { acknowledged: 2_520_000, recoveries: 2_000, refused: 0, unknown: 0, unsent: 0 },
  messagesPerSecond: 1_400,
  requests: 2_520_000,
  retries: {},
  refusals: [],
  latencyMs: { p50: 0.84, p99: 4.2, max: 1_234.5 },
  reference: case2.reference,
  comparison: {
    findings: [],
    expected: { activated: [1_293, 1_293], recovered: [621, 622] },
    observed: { activated: 1_293, recovered: 621 },
  },
  mails: undefined,
  alarms: [],
  notCompared: undefined,
  interrupted: false,
};
const finding = { kind: 'missing', sensor: 7, type: 'smoke', what: 'alarm 1 of 1, from readings 1, 2, 3' } as const;
const wrong = (n: number): Report => ({
  ...RIGHT,
  comparison: {
    findings: Array.from({ length: n }, () => finding),
    expected: { activated: [1, 1], recovered: [0, 0] },
    observed: { activated: 0, recovered: 0 },
  },
});

describe('the report', () => {
  it("puts the reference's table beside what was sent, what must be and what is", () => {
    expect(reportText(RIGHT)).toBe(`                              case 2          sent       must be        system
messages                   2,387,547     2,520,000
messages per second            1,400         1,400
duration                      30 min      30.0 min
alarms activated               1,293                       1,293         1,293
alarms recovered                 621                  621 to 622           621

planned to acknowledged: p50 0.8 ms, p99 4.2 ms, max 1,235 ms
requests 2,520,000, sent again none

alarms: 0 missing, 0 doubled, 0 invented, 0 differing
The system raised and cleared exactly the right alarms.`);
  });

  it('has the mails in its table where they were compared: one for each alarm and one for each that is over', () => {
    const told = reportText({ ...RIGHT, mails: { mails: 1_913, missing: ['a raised'], doubled: [], invented: [] } });
    expect(told).toContain('\nmails                                             1,914 to 1,915         1,913\n');
  });

  it('names findings, the first twenty of them', () => {
    const text = reportText(wrong(25));
    expect(text).toContain('alarms: 25 missing, 0 doubled, 0 invented, 0 differing');
    expect(text.match(/ {2}missing: sensor 7, smoke: alarm 1 of 1, from readings 1, 2, 3/g)).toHaveLength(20);
    expect(text).toContain('and 5 more');
    expect(text).toContain('THE SYSTEM IS WRONG');
  });

  it('tells of retries, refusals and what was given up', () => {
    const text = reportText({
      ...RIGHT,
      retries: { '503': 1_200, ECONNRESET: 3 },
      refusals: ['400 no'],
      messages: { ...RIGHT.messages, refused: 2, unknown: 4, unsent: 5 },
    });
    expect(text).toContain('sent again 1,200 (503), 3 (ECONNRESET)');
    expect(text).toContain('refused 2: 400 no');
    expect(text).toContain('given up without an answer 4');
    expect(text).toContain('never sent 5');
    expect(text).toContain('THE SYSTEM IS WRONG');
  });

  it('says when the load was too much', () => {
    const text = reportText({ ...RIGHT, messages: { ...RIGHT.messages, unsent: 1_200, unknown: 3 } });
    expect(text).toContain('THE LOAD WAS TOO MUCH, for the system or for this machine: 1,203 messages were not accepted.');
  });

  it.each([
    ['0 when all is right', RIGHT, 0],
    ['1 on a finding', wrong(1), 1],
    ['1 on a refused message', { ...RIGHT, messages: { ...RIGHT.messages, refused: 1 } }, 1],
    ['1 when not all could be sent', { ...RIGHT, messages: { ...RIGHT.messages, unsent: 1 } }, 1],
    ['1 on a mail that is missing', { ...RIGHT, mails: { mails: 0, missing: ['a raised'], doubled: [], invented: [] } }, 1],
    ['3 when it could not compare', { ...RIGHT, comparison: undefined, notCompared: 'away' }, 3],
    ['130 when it was interrupted', { ...wrong(1), interrupted: true }, 130],
    ['0 when it was not to compare', { ...RIGHT, comparison: undefined }, 0],
  ])('ends with %s', (_, report, code) => {
    expect(exitCodeOf(report)).toBe(code);
  });
});
