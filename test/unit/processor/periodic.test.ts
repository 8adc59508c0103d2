import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { OwnError } from '../../../runtime/errors.ts';
import { removeOlder, startPeriodic } from '../../../processor/periodic.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
};

describe('a chore', () => {
  /** Each run of the chore ends as the test says; it runs every 5 ms. */
  function choreOf(...turns: readonly (Error | undefined)[]) {
    const lines: { level: number; chore: string; reason: string }[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    let done = 0;
    const chore = startPeriodic(
      'old counts',
      5,
      async () => {
        const fault = turns[done];
        done += 1;
        if (fault) throw fault;
      },
      logger,
    );
    return { chore, lines, done: () => done };
  }

  it('is done at once, and again and again, until it is stopped', async () => {
    const { chore, done, lines } = choreOf();
    expect(done()).toBe(1);
    await expect.poll(done).toBeGreaterThan(2);
    await chore.stop();
    const after = done();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([done(), lines]).toEqual([after, []]);
  });

  it('that fails is done again, and each series of failures is logged once', async () => {
    const [first, second] = [new OwnError('no disk'), new OwnError('no disk again')];
    const { chore, done, lines } = choreOf(first, first, undefined, second, second);
    await expect.poll(done).toBeGreaterThan(6);
    await chore.stop();
    expect(lines.map(({ level, chore, reason }) => [level, chore, reason])).toEqual([
      [40, 'old counts', 'no disk'],
      [40, 'old counts', 'no disk again'],
    ]);
  });

  it('does not delay a stop until its next run', async () => {
    const chore = startPeriodic('old counts', 3_600_000, async () => undefined, pino({ level: 'silent' }));
    await settle();
    await chore.stop();
  });

  it('that is running is told of a stop and waited for; breaking off is no failure', async () => {
    const lines: string[] = [];
    let ended = false;
    const chore = startPeriodic(
      'old counts',
      5,
      async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await settle();
        ended = true;
        throw new OwnError('broken off');
      },
      pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    );
    await chore.stop();
    expect([ended, lines]).toEqual([true, []]);
  });
});

describe('old rows', () => {
  const NOW = 1_000_000;
  /** A store that removes these numbers of rows, step by step. */
  function storeOf(...removed: readonly number[]) {
    const asked: [number, number][] = [];
    return {
      asked,
      expire: async (before: number, limit: number) => {
        asked.push([before, limit]);
        return removed[asked.length - 1] ?? 0;
      },
    };
  }

  it('are removed in small steps, until a step finds fewer than it may remove', async () => {
    const store = storeOf(200, 200, 199, 200);
    await removeOlder(store, 1_000, () => NOW, new AbortController().signal);
    expect(store.asked).toEqual(Array(3).fill([NOW - 1_000, 200]));
  });

  it('stay while the clock is not trusted, and if the store removes them itself', async () => {
    const store = storeOf(200);
    await removeOlder(store, 1_000, () => undefined, new AbortController().signal);
    expect(store.asked).toEqual([]);
    await removeOlder({}, 1_000, () => NOW, new AbortController().signal);
  });

  it('are left for the next time by a stop', async () => {
    const abort = new AbortController();
    const asked: number[] = [];
    const endless = {
      expire: async (before: number) => {
        asked.push(before);
        if (asked.length === 2) abort.abort();
        return 200;
      },
    };
    await removeOlder(endless, 1_000, () => NOW, abort.signal);
    expect(asked).toHaveLength(2);
  });
});
