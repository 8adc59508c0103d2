import { describe, expect, it } from 'vitest';
import { DueAlarms } from '../../../simulator/due-alarms.ts';
import { Oracle } from '../../../simulator/oracle.ts';
import { message, motion, smoke } from './messages.ts';

describe('the alarms that are due', () => {
  it('say between which times the reading came in that completed each', () => {
    let now = 10_000;
    const due = new DueAlarms(new Oracle(), () => now);
    const smoky = (seq: number) => smoke({ sensor: 8, seq, dueMs: seq * 1_000 });
    const moving = (dueMs: number) => motion({ sensor: 9, seq: 1, dueMs });
    for (const [told, at] of [
      [smoky(3), 13_007],
      [smoky(4), 14_009],
      [smoky(5), 15_011],
      [moving(6_000), 16_002],
      [moving(9_000), 19_001],
      [message({ sensor: 9, topic: 'OK', seq: 2, dueMs: 20_000 }), 30_001],
    ] as const) {
      now = at;
      due.acknowledged(told);
    }
    expect(due.list()).toEqual([
      { sensor: 8, type: 'smoke', evidence: [3, 4, 5], recovered: false, receivedBetween: [15_000, 15_011] },
      { sensor: 9, type: 'motion', evidence: [1], recovered: true, receivedBetween: [16_000, 16_002] },
    ]);
  });

  it('leave out what may not be', () => {
    const due = new DueAlarms(new Oracle(), () => 0);
    due.unknown(motion({ seq: 1 }));
    expect(due.list()).toEqual([]);
  });
});
