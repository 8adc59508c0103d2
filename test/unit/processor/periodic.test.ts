import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { OwnError } from '../../../runtime/errors.ts';
import { removeOlder, startPeriodic } from '../../../processor/periodic.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
};

describe('a chore', () => {
  /** Each turn of the chore answers as told; it is done every 5 ms. */
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

  it('that fails is done again, and that is told once for each row of failures', async () => {
    const [first, second] = [new OwnError('no disk'), new OwnError('no disk again')];
    const { chore, done, lines } = choreOf(first, first, undefined, second, second);
    await expect.poll(done).toBeGreaterThan(6);
    await chore.stop();
    expect(lines.map(({ level, chore, reason }) => [level, chore, reason])).toEqual([
      [40, 'old counts', 'no disk'],
      [40, 'old counts', 'no disk again'],
    ]);
  });

  it('does not keep its stop waiting for its next turn', async () => {
    const chore = startPeriodic('old counts', 3_600_000, async () => undefined, pino({ level: 'silent' }));
    await settle();
    await chore.stop();
  });

  it('that is under way is told of the stop and waited for; that it breaks off is no failure', async () => {
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

describe('what is too old', () => {
  const NOW = 1_000_000;
  /** A store that removes so many at each step. */
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

  it('is removed in small steps, until less is found than was looked for', async () => {
    const store = storeOf(200, 200, 199, 200);
    await removeOlder(store, 1_000, () => NOW, new AbortController().signal);
    expect(store.asked).toEqual(Array(3).fill([NOW - 1_000, 200]));
  });

  it('stays while there is no time to go by, and where the store sees to it itself', async () => {
    const store = storeOf(200);
    await removeOlder(store, 1_000, () => undefined, new AbortController().signal);
    expect(store.asked).toEqual([]);
    await removeOlder({}, 1_000, () => NOW, new AbortController().signal);
  });

  it('is left for the next time by a stop', async () => {
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
