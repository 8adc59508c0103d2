import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Progress, type Step } from '../../../notify/progress.ts';

const fresh = (): Progress => new Progress(0, { from: 0, next: 0, coversTo: 0 });

const inTurn = (progress: Progress, offset: number): Step[] => (progress.reached(offset) ? [] : [progress.begin(offset)]);
const before = (progress: Progress, offset: number): Step[] => (progress.isBegun(offset) ? [] : [progress.beginAhead(offset)]);

describe('the position in ALARM', () => {
  it('is after everything taken in while nothing is unfinished', () => {
    const progress = fresh();
    progress.passed(7);
    expect(progress.position).toBe(7);
  });

  it('stays at the oldest unfinished mail however many later ones finish', () => {
    const progress = fresh();
    const [first, second] = [progress.begin(3), progress.begin(5)];
    progress.recorded(second, 0);
    expect(progress.position).toBe(3);
    progress.recorded(first, 1);
    expect(progress.position).toBe(6);
  });
});

it('the span goes from the oldest unfinished mail to the newest taken in', () => {
  const progress = fresh();
  expect([progress.span, progress.oldest]).toEqual([0, undefined]);
  const steps = [3, 5, 6, 9].map((offset) => progress.begin(offset));
  const finish = (...offsets: number[]): void => {
    for (const step of steps) if (offsets.includes(step.offset)) progress.recorded(step, step.offset);
  };
  finish(5);
  expect([progress.span, progress.oldest?.offset]).toEqual([4, 3]);
  finish(3);
  expect(progress.span).toBe(2);
  expect(progress.oldest?.offset).toBe(6);
  finish(6, 9);
  expect(progress.oldest).toBeUndefined();
});

describe('the position in DELIVERY', () => {
  it('stays where it was until all earlier deliveries have been met again', () => {
    const progress = new Progress(0, { from: 40, next: 60, coversTo: 10 });
    progress.passed(9);
    expect(progress.ledgerPosition).toBe(40);
    progress.passed(10);
    expect(progress.ledgerPosition).toBe(60);
  });

  it('is that of the first delivery that may be met again, once it is known', () => {
    const progress = fresh();
    progress.begin(0);
    const later = progress.begin(1);
    progress.recording(later);
    expect(progress.ledgerPosition).toBe(0);
    progress.recorded(later, 5);
    expect(progress.ledgerPosition).toBe(5);
  });

  it('never passes a delivery of a mail that may be met again, written or being written', () => {
    const action = fc.record({ kind: fc.constantFrom('begin', 'ahead', 'recording', 'recorded'), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const progress = fresh();
        const unfinished: Step[] = [];
        /** Records being written: offsets are assigned in the order in which they were begun, but become known in any order. */
        const writing = new Map<Step, number>();
        const written = new Map<Step, number>();
        let alarmNext = 0;
        let deliveryNext = 0;
        for (const { kind, pick } of actions) {
          if (kind === 'begin') unfinished.push(...inTurn(progress, alarmNext++));
          else if (kind === 'ahead') unfinished.push(...before(progress, alarmNext + (pick % 10)));
          else if (kind === 'recording' && unfinished.length > 0) {
            const [step] = unfinished.splice(pick % unfinished.length, 1) as [Step];
            progress.recording(step);
            writing.set(step, deliveryNext++);
          } else if (kind === 'recorded' && writing.size > 0) {
            const [step, offset] = [...writing][pick % writing.size] as [Step, number];
            writing.delete(step);
            written.set(step, offset);
            progress.recorded(step, offset);
          }
          const open = [...unfinished, ...writing.keys()];
          expect(progress.position).toBe(Math.min(alarmNext, ...open.map((step) => step.offset)));
          const metAgain = [...writing, ...written].filter(([step]) => step.offset >= progress.position);
          for (const [, offset] of metAgain) expect(progress.ledgerPosition).toBeLessThanOrEqual(offset);
        }
      }),
    );
  });

  it('moves up once everything is finished, so that the ledger to read at a start stays short', () => {
    const progress = fresh();
    const steps = Array.from({ length: 5_000 }, (_, i) => progress.begin(i));
    steps.forEach((step, i) => {
      progress.recording(step);
      progress.recorded(step, i);
    });
    expect(progress.ledgerPosition).toBe(5_000);
    expect(progress.span).toBe(0);
  });
});
