import { describe, expect, it } from 'vitest';
import { Outage } from '../../../cassandra/outage.ts';

function outageAt() {
  const clock = { now: 0 };
  const outage = new Outage(() => clock.now);
  const lines: string[] = [];
  const at = (second: number, works: boolean): void => {
    clock.now = second * 1_000;
    if (!works && outage.failed()) lines.push(`begins at ${second}`);
    const past = works ? outage.worked() : undefined;
    if (past) lines.push(`over at ${second}: ${past.failures} failures in ${past.seconds} s`);
  };
  return { at, lines, outage };
}

describe('an outage', () => {
  it('is one, however often something works in between', () => {
    const { at, lines, outage } = outageAt();
    expect(outage.isOngoing).toBe(false);
    for (let second = 0; second < 300; second += 1) at(second, second % 4 !== 0);
    expect(lines).toEqual(['begins at 0']);
    expect(outage.isOngoing).toBe(true);
    at(325, true);
    expect(lines).toHaveLength(1);
    at(326, true);
    expect(lines).toEqual(['begins at 0', 'over at 326: 75 failures in 296 s']);
    expect(outage.isOngoing).toBe(false);
  });

  it('that comes later is another one', () => {
    const { at, lines } = outageAt();
    at(5, true);
    at(10, false);
    at(40, true);
    at(50, false);
    expect(lines).toEqual(['begins at 10', 'over at 40: 1 failures in 0 s', 'begins at 50']);
  });
});
