import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Severity } from '../../../alarm/severity.ts';
import { MailQueue, type QueuedMail } from '../../../notify/mail-queue.ts';

interface TestMail extends QueuedMail {
  readonly name: string;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const mail = (name: string, severity: Severity = 'MINOR', alarm = name): TestMail => ({ name, alarm, severity, deferrals: 0 });

/** A queue whose mails finish or fail as `verdict` says at that moment; 'hold' waits for `release`. */
function queueOf(concurrency: number, verdict: (mail: TestMail) => 'finish' | 'fail' | 'hold' = () => 'finish') {
  const tried: string[] = [];
  const finished: string[] = [];
  const held: (() => void)[] = [];
  const queue = new MailQueue<TestMail>({
    concurrency,
    send: async (one) => {
      tried.push(one.name);
      const chosen = verdict(one);
      if (chosen === 'fail') throw new Error('not now');
      if (chosen === 'hold')
        await new Promise<void>((resolve) => {
          held.push(resolve);
        });
    },
    onDeferred: () => undefined,
    onFinished: ({ name }) => finished.push(name),
  });
  return { queue, tried, finished, release: () => held.shift()?.() };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('a mail queue', () => {
  it('sends no more at a time than it may', async () => {
    const { queue, tried, release } = queueOf(2, () => 'hold');
    for (const name of ['a', 'b', 'c']) queue.add(mail(name));
    await settle();
    expect(tried).toEqual(['a', 'b']);
    release();
    await settle();
    expect(tried).toEqual(['a', 'b', 'c']);
    expect(queue.unfinished).toBe(2);
  });

  it('sends the gravest first, however many others wait', async () => {
    const { queue, tried, release } = queueOf(1, () => 'hold');
    queue.add(mail('first', 'CRITICAL'));
    queue.add(mail('minor', 'MINOR'));
    queue.add(mail('major', 'MAJOR'));
    queue.add(mail('critical', 'CRITICAL'));
    for (let i = 0; i < 4; i += 1) {
      await settle();
      release();
    }
    await settle();
    expect(tried).toEqual(['first', 'critical', 'major', 'minor']);
  });

  it('lets a graver one wait for none of the lesser ones under way, and one of the same severity for its place', async () => {
    const { queue, tried } = queueOf(2, () => 'hold');
    for (const name of ['a', 'b', 'c']) queue.add(mail(name));
    queue.add(mail('fire', 'CRITICAL'));
    queue.add(mail('second fire', 'CRITICAL'));
    await settle();
    expect(tried).toEqual(['a', 'b', 'fire']);
  });

  it('tries a graver one at once while lesser ones are put off, and not again and again', async () => {
    const { queue, tried, finished } = queueOf(2, ({ severity, name }) => (severity === 'MINOR' || name === 'refused' ? 'fail' : 'finish'));
    for (let i = 0; i < 50; i += 1) queue.add(mail(`m${i}`));
    await vi.advanceTimersByTimeAsync(3_600_000);
    queue.add(mail('fire', 'CRITICAL'));
    await settle();
    expect(finished).toEqual(['fire']);
    await vi.advanceTimersByTimeAsync(3_600_000);
    for (const name of ['refused', 'refused too']) queue.add(mail(name, 'CRITICAL', name));
    const before = tried.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(tried.length - before).toBeLessThan(600);
  });

  it('keeps the order of one alarm even when its first mail is put off', async () => {
    let failures = 3;
    const { queue, tried, finished } = queueOf(4, ({ name }) => (name === 'raised' && failures-- > 0 ? 'fail' : 'finish'));
    queue.add(mail('raised', 'MINOR', 'alarm'));
    queue.add(mail('cleared', 'CRITICAL', 'alarm'));
    queue.add(mail('another'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(finished).toEqual(['another', 'raised', 'cleared']);
    expect(tried.filter((name) => name === 'raised')).toHaveLength(4);
    expect(queue.unfinished).toBe(0);
  });

  it('lets one mail that is put off for ever hold up no other', async () => {
    const { queue, finished } = queueOf(2, ({ name }) => (name === 'stuck' ? 'fail' : 'finish'));
    queue.add(mail('stuck', 'CRITICAL'));
    await vi.advanceTimersByTimeAsync(600_000);
    for (let i = 0; i < 50; i += 1) queue.add(mail(`m${i}`));
    await settle();
    expect(finished).toHaveLength(50);
    expect(queue.unfinished).toBe(1);
  });

  it('tries a server that is away with one mail at a time, and then sends all within seconds', async () => {
    let away = true;
    const { queue, tried, finished } = queueOf(4, () => (away ? 'fail' : 'finish'));
    for (let i = 0; i < 500; i += 1) queue.add(mail(`m${i}`));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(queue.outage).toBe(true);
    // An hour with one attempt every 4 to 5 s, not 500 mails each on its own.
    expect(tried.length).toBeLessThan(1_000);
    expect(tried.length).toBeGreaterThan(600);
    away = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(finished).toHaveLength(500);
  });

  it('tries a mail again at once that is put off after an outage: what the server did is not its fault', async () => {
    let away = true;
    let tries = 0;
    const { queue, finished } = queueOf(4, () => {
      if (away) return 'fail';
      tries += 1;
      // Of the mails that go out together after the first, one meets a busy server.
      return tries === 2 ? 'fail' : 'finish';
    });
    for (let i = 0; i < 6; i += 1) queue.add(mail(`m${i}`));
    await vi.advanceTimersByTimeAsync(3_600_000);
    away = false;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(finished).toHaveLength(6);
  });

  it('takes an outage for over once the mails that showed it have gone to another process', async () => {
    const { queue, finished } = queueOf(2, ({ name }) => (name.startsWith('gone') ? 'fail' : 'finish'));
    for (let i = 0; i < 4; i += 1) queue.add(mail(`gone${i}`));
    await vi.advanceTimersByTimeAsync(3_600_000);
    queue.drop(({ name }) => name.startsWith('gone'));
    queue.add(mail('fire', 'CRITICAL'));
    await settle();
    expect(finished).toEqual(['fire']);
  });

  it('tries the server in a new outage as soon as it did in the first', async () => {
    const { queue, tried } = queueOf(2, () => 'fail');
    for (let i = 0; i < 4; i += 1) queue.add(mail(`gone${i}`));
    await vi.advanceTimersByTimeAsync(3_600_000);
    queue.drop(() => true);
    const before = tried.length;
    for (let i = 0; i < 4; i += 1) queue.add(mail(`m${i}`));
    await vi.advanceTimersByTimeAsync(1_000);
    // Two at once, then again after 0.2 s and 0.4 s.
    expect(tried.length - before).toBeGreaterThanOrEqual(4);
  });

  it('sends what backs off on its own account as soon as an outage is over, not when its time has come', async () => {
    // Times are random: with many mails, at least one would be seen waiting.
    for (let i = 0; i < 20; i += 1) {
      let away = true;
      const { queue, finished } = queueOf(2, () => (away ? 'fail' : 'finish'));
      queue.add(mail('first'));
      await vi.advanceTimersByTimeAsync(600_000);
      for (const name of ['second', 'third', 'fourth']) queue.add(mail(name));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(queue.outage).toBe(true);
      away = false;
      while (finished.length === 0) await vi.advanceTimersByTimeAsync(10);
      await settle();
      expect(finished).toHaveLength(4);
      await queue.stop(0);
    }
  });

  it('begins nothing after its stop, and waits for what is under way', async () => {
    const { queue, tried, finished, release } = queueOf(1, () => 'hold');
    queue.add(mail('under way'));
    queue.add(mail('waiting'));
    await settle();
    const stopped = queue.stop(10_000);
    release();
    await stopped;
    expect(tried).toEqual(['under way']);
    expect(finished).toEqual(['under way']);
  });

  it('stops in time although a mail does not end', async () => {
    const { queue } = queueOf(1, () => 'hold');
    queue.add(mail('endless'));
    await settle();
    let over = false;
    const stopped = queue.stop(1_000).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
    expect(over).toBe(true);
  });
});
