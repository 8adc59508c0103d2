import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Severity } from '../../../alarm/severity.ts';
import type { Turn, Turns } from '../../../notify/channels/mail/port.ts';
import { MailQueue, type QueuedMail } from '../../../notify/mail-queue.ts';

interface TestMail extends QueuedMail {
  readonly name: string;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  // Every random delay is at its longest.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const mail = (name: string, alarm = name, severity: Severity = 'MINOR'): TestMail => ({ name, alarm, severity, deferrals: 0 });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function queueOf(concurrency: number, turns?: Turns) {
  const tries: string[] = [];
  const finished: string[] = [];
  const deferred: string[] = [];
  /** Mails that fail, and mails that end only when the test says. */
  const [failing, held] = [new Set<string>(), new Map<string, { finish: () => void; fail: () => void }>()];
  const holding = new Set<string>();
  const queue = new MailQueue<TestMail>({
    concurrency,
    turns,
    send: async ({ name }, turn) => {
      await turn?.use(async () => undefined);
      tries.push(`${name} ${Date.now()}`);
      if (holding.has(name))
        await new Promise<void>((resolve, reject) => held.set(name, { finish: resolve, fail: () => reject(new Error('no')) }));
      if (failing.has(name)) throw new Error('no');
    },
    onDeferred: ({ name, deferrals }) => deferred.push(`${name} ${deferrals}`),
    onFinished: ({ name }) => finished.push(name),
  });
  return { queue, tries, finished, deferred, failing, held, holding };
}

/** One mail, x, was put off, and a and b, the two that may go at a time, have been under way for 10 ms. */
async function onePutOffTwoUnderWay(): Promise<ReturnType<typeof queueOf>> {
  const made = queueOf(2);
  made.failing.add('x');
  made.queue.add(mail('x'));
  await pass(0);
  for (const name of ['a', 'b']) {
    made.holding.add(name);
    made.queue.add(mail(name));
  }
  await pass(10);
  return made;
}

describe('a mail that is put off', () => {
  it('alone is tried again after 0.1 s, then after twice as long each time, up to 15 s', async () => {
    const { queue, tries, failing, deferred, finished } = queueOf(1);
    failing.add('a');
    queue.add(mail('a'));
    await pass(55_400);
    expect(tries).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_300, 12_700, 25_500, 40_500].map((at) => `a ${at}`));
    expect(deferred.slice(0, 3)).toEqual(['a 0', 'a 1', 'a 2']);
    failing.clear();
    await pass(100);
    expect([finished, queue.unfinished, queue.outage]).toEqual([['a'], 0, false]);
  });

  it('is tried at once where it is hurried, and not once more when its time would have come', async () => {
    const { queue, tries, failing, finished } = queueOf(2);
    failing.add('a');
    const a = mail('a');
    queue.add(a);
    await pass(50);
    failing.clear();
    queue.hurry(a);
    queue.hurry(mail('nobody'));
    await pass(1_000);
    expect([tries, finished, vi.getTimerCount()]).toEqual([['a 0', 'a 50'], ['a'], 0]);
  });
});

it('a mail that is hurried and put off again waits its whole time from then on', async () => {
  const { queue, tries, failing } = queueOf(2);
  failing.add('a');
  const a = mail('a');
  queue.add(a);
  await pass(50);
  queue.hurry(a);
  await pass(250);
  expect(tries).toEqual(['a 0', 'a 50', 'a 250']);
});

describe('a server that puts off different mails in a row', () => {
  it('is tried with one mail at a time, after 0.2 s, then twice as long, up to 5 s; the first success lets all go', async () => {
    const { queue, tries, failing, finished } = queueOf(2);
    for (const name of ['a', 'b', 'c']) {
      failing.add(name);
      queue.add(mail(name));
    }
    await pass(16_200);
    expect(tries).toEqual(['a 0', 'b 0', 'c 200', 'b 600', 'a 1400', 'c 3000', 'b 6200', 'a 11200', 'c 16200']);
    expect(queue.outage).toBe(true);
    failing.clear();
    await pass(4_999);
    expect(finished).toEqual([]);
    await pass(1);
    expect([finished, queue.outage, queue.unfinished]).toEqual([['b', 'a', 'c'], false, 0]);
  });

  it.each([
    [1, 2],
    [2, 2],
    [3, 3],
  ])('is at fault where %i may go at a time once %i are put off', async (concurrency, many) => {
    const { queue, failing } = queueOf(concurrency);
    for (let i = 0; i < many; i += 1) {
      expect(queue.outage).toBe(false);
      failing.add(`m${i}`);
      queue.add(mail(`m${i}`));
      await pass(0);
    }
    expect(queue.outage).toBe(true);
  });

  it('is let be for longer where another that was under way is put off too', async () => {
    const { held, tries } = await onePutOffTwoUnderWay();
    for (const name of ['a', 'b']) held.get(name)?.fail();
    await pass(1_000);
    expect(tries).toEqual(['x 0', 'a 0', 'b 0', 'a 410']);
  });

  it('is well again at once where one that was under way goes out', async () => {
    const { queue, failing, holding, held, finished } = await onePutOffTwoUnderWay();
    held.get('a')?.fail();
    await pass(0);
    expect(queue.outage).toBe(true);
    for (const set of [holding, failing]) set.clear();
    held.get('b')?.finish();
    await pass(0);
    expect(finished.toSorted()).toEqual(['a', 'b', 'x']);
  });

  it('is let be for its whole time in a new outage soon after one that a success has ended', async () => {
    const { queue, failing, holding, held, tries, finished } = await onePutOffTwoUnderWay();
    held.get('a')?.fail();
    await pass(0);
    for (const set of [holding, failing]) set.clear();
    held.get('b')?.finish();
    await pass(40);
    expect([finished.toSorted(), queue.outage]).toEqual([['a', 'b', 'x'], false]);
    const before = tries.length;
    for (const name of ['c', 'd']) {
      failing.add(name);
      queue.add(mail(name));
    }
    await pass(200);
    expect(tries.slice(before)).toEqual(['c 50', 'd 50', 'd 250']);
  });

  it('is let be for its whole time in a new outage soon after the first', async () => {
    const { queue, failing, tries } = queueOf(2);
    for (const name of ['a', 'b', 'c', 'd']) failing.add(name);
    for (const name of ['a', 'b']) queue.add(mail(name));
    await pass(50);
    queue.drop(() => true);
    for (const name of ['c', 'd']) queue.add(mail(name));
    await pass(400);
    expect(tries).toEqual(['a 0', 'b 0', 'c 50', 'd 50', 'd 250']);
  });

  it('is not at fault where others go out in between', async () => {
    const { queue, failing } = queueOf(2);
    for (const name of ['a', 'c']) failing.add(name);
    for (const name of ['a', 'b', 'c']) {
      queue.add(mail(name));
      await pass(0);
    }
    expect([queue.outage, queue.unfinished]).toEqual([false, 2]);
  });

  it('makes nobody wait after it for what it did to them', async () => {
    const { queue, tries, failing } = queueOf(2);
    failing.add('a');
    queue.add(mail('a'));
    await pass(700);
    expect(tries).toHaveLength(4);
    failing.add('b');
    queue.add(mail('b'));
    await pass(0);
    expect(queue.outage).toBe(true);
    failing.delete('b');
    await pass(200);
    const before = tries.length;
    await pass(350);
    // From 0.1 s again: a was tried at once, and then put off as for the first time.
    expect(tries.slice(before - 1)).toEqual(['a 900', 'a 1000', 'a 1200']);
  });
});

describe('mails that are another’s now', () => {
  it('are forgotten, wherever they stand; those of other alarms go on', async () => {
    const { queue, tries, failing, holding, held, finished } = queueOf(2);
    failing.add('backing');
    queue.add(mail('backing'));
    await pass(0);
    for (const name of ['way', 'way too']) holding.add(name);
    queue.add(mail('way'));
    queue.add(mail('after', 'way'));
    queue.add(mail('way too'));
    queue.add(mail('kept'));
    queue.add(mail('ready'));
    queue.add(mail('later', 'kept'));
    await pass(0);
    expect(queue.unfinished).toBe(7);
    let changed = false;
    void queue.changed(60_000).then(() => {
      changed = true;
    });
    queue.drop(({ alarm }) => ['backing', 'way', 'ready'].includes(alarm));
    await pass(0);
    expect([changed, queue.unfinished]).toEqual([true, 4]);
    held.get('way')?.fail();
    held.get('way too')?.finish();
    await pass(60_000);
    expect([finished, queue.unfinished]).toEqual([['way too', 'kept', 'later'], 0]);
    expect(tries.map((one) => one.split(' ')[0])).toEqual(['backing', 'way', 'way', 'kept', 'later']);
    // They may come back.
    for (const name of ['backing', 'way', 'ready']) {
      failing.delete(name);
      holding.delete(name);
      queue.add(mail(name));
    }
    await pass(0);
    expect(finished.slice(3)).toEqual(['backing', 'way', 'ready']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('count as sent where they went out all the same', async () => {
    const { queue, holding, held, finished, failing, tries } = queueOf(1);
    holding.add('a');
    const a = mail('a');
    queue.add(a);
    await pass(0);
    queue.drop(() => true);
    held.get('a')?.finish();
    await pass(0);
    expect([finished, queue.unfinished]).toEqual([['a'], 0]);
    // The same mail again is tried as any other.
    holding.clear();
    failing.add('a');
    queue.add(a);
    await pass(100);
    expect(tries).toEqual(['a 0', 'a 0', 'a 100']);
  });

  it('come back in the order of their alarm, behind the one that is still under way', async () => {
    const { queue, holding, held, tries } = queueOf(2);
    holding.add('raised');
    queue.add(mail('raised', 'alarm'));
    await pass(0);
    queue.drop(() => true);
    queue.add(mail('cleared', 'alarm'));
    await pass(10);
    expect(tries).toEqual(['raised 0']);
    held.get('raised')?.fail();
    await pass(0);
    expect([tries, queue.unfinished]).toEqual([['raised 0', 'cleared 10'], 0]);
  });

  it('are not tried any more, not at the end of an outage either', async () => {
    const { queue, failing, tries } = queueOf(2);
    failing.add('gone');
    queue.add(mail('gone'));
    await pass(0);
    queue.drop(() => true);
    expect(vi.getTimerCount()).toBe(0);
    for (const name of ['a', 'b']) {
      failing.add(name);
      queue.add(mail(name));
    }
    await pass(0);
    expect(queue.outage).toBe(true);
    failing.clear();
    await pass(60_000);
    expect(tries).toEqual(['gone 0', 'a 0', 'b 0', 'b 200', 'a 200']);
  });

  it('are a change once those of them that were under way have ended', async () => {
    const { queue, holding, held } = queueOf(1);
    holding.add('a');
    queue.add(mail('a'));
    await pass(0);
    queue.drop(() => true);
    let changed = false;
    void queue.changed(60_000).then(() => {
      changed = true;
    });
    await pass(1);
    expect(changed).toBe(false);
    held.get('a')?.fail();
    await pass(1);
    expect(changed).toBe(true);
  });

  it('leave an outage that others show', async () => {
    const { queue, failing, tries } = queueOf(2);
    for (const name of ['a', 'b', 'c']) {
      failing.add(name);
      queue.add(mail(name));
    }
    await pass(200);
    queue.drop(({ name }) => name === 'c');
    expect(queue.outage).toBe(true);
    await pass(399);
    expect(tries).toEqual(['a 0', 'b 0', 'c 200']);
    queue.drop(({ name }) => name === 'b');
    await pass(0);
    expect(tries.slice(3)).toEqual(['a 599']);
  });
});

describe('a change', () => {
  it('is that a mail has finished, or that the time is over', async () => {
    const { queue } = queueOf(1);
    const seen: string[] = [];
    const wait = (name: string) => void queue.changed(1_000).then(() => seen.push(name));
    wait('time');
    await pass(999);
    expect(seen).toEqual([]);
    await pass(1);
    expect(seen).toEqual(['time']);
    wait('mail');
    queue.add(mail('a'));
    await pass(0);
    expect([seen, vi.getTimerCount()]).toEqual([['time', 'mail'], 0]);
    wait('stop');
    await queue.stop(5);
    expect([seen, vi.getTimerCount()]).toEqual([['time', 'mail', 'stop'], 0]);
  });
});

describe('a stop', () => {
  it('leaves no mail to be tried, and none that fails after it is put off', async () => {
    const { queue, tries, failing, holding, held, deferred } = queueOf(3);
    failing.add('backing');
    queue.add(mail('backing'));
    await pass(0);
    holding.add('way');
    queue.add(mail('way'));
    await pass(0);
    const stopped = queue.stop(1_000);
    held.get('way')?.fail();
    await stopped;
    queue.add(mail('new'));
    await pass(60_000);
    expect([tries, deferred, vi.getTimerCount()]).toEqual([['backing 0', 'way 0'], ['backing 0'], 0]);
  });

  it('ends the pause of an outage', async () => {
    const { queue, failing } = queueOf(2);
    for (const name of ['a', 'b']) {
      failing.add(name);
      queue.add(mail(name));
    }
    await pass(0);
    await queue.stop(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a bound on mails a span', () => {
  /** Turns that come when the test says. */
  function turnsOf() {
    const state = { free: 0, given: 0, back: 0 };
    let again = (): void => undefined;
    const turns: Turns = {
      take: (_severity, wake): Turn | undefined => {
        again = wake;
        if (state.free === 0) return undefined;
        [state.free, state.given] = [state.free - 1, state.given + 1];
        let used = false;
        return {
          use: (handOver) => {
            used = true;
            return handOver();
          },
          giveBack: () => {
            if (!used) state.back += 1;
          },
        };
      },
      close: () => undefined,
    };
    const free = (count: number) => {
      state.free += count;
      again();
    };
    return { turns, state, free };
  }

  it('has no mail begun before its turn, so that a fire that comes then goes next, and the next fire after it', async () => {
    const { turns, free } = turnsOf();
    const { queue, tries, holding } = queueOf(4, turns);
    for (const name of ['m1', 'm2', 'm3']) queue.add(mail(name));
    await pass(10);
    expect([tries, queue.waitingForTurn]).toEqual([[], 'MINOR']);
    for (const name of ['fire', 'fire too']) {
      holding.add(name);
      queue.add(mail(name, name, 'CRITICAL'));
    }
    expect(queue.waitingForTurn).toBe('CRITICAL');
    free(1);
    await pass(10);
    free(1);
    await pass(10);
    expect([tries, queue.waitingForTurn]).toEqual([['fire 10', 'fire too 20'], 'MINOR']);
    free(3);
    await pass(10);
    expect([tries.slice(2), queue.waitingForTurn]).toEqual([['m1 30', 'm2 30', 'm3 30'], undefined]);
  });

  it('takes no turn for a mail that has no connection, or while the server is let be', async () => {
    const { turns, state, free } = turnsOf();
    free(100);
    const { queue, holding, held, failing } = queueOf(2, turns);
    for (const name of ['a', 'b', 'c']) {
      holding.add(name);
      queue.add(mail(name));
    }
    await pass(0);
    expect([state.given, queue.waitingForTurn]).toEqual([2, undefined]);
    for (const name of ['a', 'b']) failing.add(name);
    for (const name of ['a', 'b']) held.get(name)?.finish();
    await pass(0);
    expect([queue.outage, state.given]).toEqual([true, 2]);
    await pass(200);
    expect(state.given).toBe(3);
  });

  it('does not keep a stop waiting, nor is a mail begun after it', async () => {
    const { turns, state, free } = turnsOf();
    const { queue, tries } = queueOf(2, turns);
    queue.add(mail('a'));
    await queue.stop(60_000);
    free(1);
    await pass(0);
    expect([tries, state.given, queue.unfinished, vi.getTimerCount()]).toEqual([[], 0, 1, 0]);
  });

  it('has turns given back that no mail has used', async () => {
    const { turns, state, free } = turnsOf();
    free(1);
    const queue = new MailQueue<TestMail>({
      concurrency: 1,
      turns,
      // Given up: parked, and never handed over.
      send: async () => undefined,
      onDeferred: () => undefined,
      onFinished: () => undefined,
    });
    queue.add(mail('a'));
    await pass(0);
    expect(state.back).toBe(1);
  });
});
