import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageLog, Subscription } from '../../../message-log/port.ts';
import type { DeadLetter } from '../../../records/dead-letter.ts';
import { mailerSettings } from '../../../notify/config.ts';
import type { Handover, MailTransport } from '../../../notify/channels/mail/port.ts';
import { type MailerLimits, startMailer } from '../../../notify/mailer.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { changeOf, clientOf, NOON } from '../../support/alarms.ts';
import { directoryOf } from '../../support/mailer-rig.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const SENSOR = 42_959;
let log: MemoryLog;
let running: Running[];
beforeEach(() => {
  log = new MemoryLog();
  running = [];
});
afterEach(async () => {
  for (const mailer of running) await mailer.stop();
});

async function alarm(value: object | string): Promise<void> {
  await log.append('ALARM', oneRecord(SENSOR, typeof value === 'string' ? value : JSON.stringify(value)), NOON);
}
const raised = (id: string) => changeOf('raised', { id });

/** `on`: the log as the mailer sees it. */
async function start(send: () => Promise<Handover>, { on = log as MessageLog, limits = {} as Partial<MailerLimits> } = {}) {
  const lines: { level: number; msg: string; consumer: string; topic?: string; reason?: string; partition?: number; from?: number }[] = [];
  const sent: string[] = [];
  const transport: MailTransport = {
    send: async ({ messageId }) => {
      sent.push(messageId.slice(1).replace(/@.*/, ''));
      return send();
    },
    close: async () => undefined,
  };
  const registry = new Registry();
  const health = new Health();
  const mailer = await startMailer(readSettings(mailerSettings, {}), {
    ...{ log: on, transport, types: REFERENCE, clock: () => NOON + 1_000, registry, health },
    directory: directoryOf(new Map([[SENSOR, clientOf()]])),
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    limits: { pollWaitMs: 5, drainMs: 1_000, ...limits },
  });
  running.push(mailer);
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { mailer, lines, sent, health, metric };
}
const taken = async (): Promise<Handover> => ({ reply: '250' });
const committed = (topic: 'ALARM' | 'DELIVERY') => log.committedNow('mailer', topic, 0);

describe('a mailer and its log', () => {
  it('logs alarms that were gone before it read them, but not deliveries, which others may have read', async () => {
    let subscription: Subscription | undefined;
    const on: MessageLog = Object.assign(Object.create(log) as MessageLog, {
      subscribe: async (group: string, topics: readonly ('ALARM' | 'DELIVERY')[]) => {
        const made = await log.subscribe(group, topics);
        if (group === 'mailer') subscription = made;
        return made;
      },
    });
    const { lines } = await start(taken, { on });
    subscription?.onGap?.('DELIVERY', 0, 3, 9);
    subscription?.onGap?.('ALARM', 0, 3, 9);
    expect(lines).toEqual([expect.objectContaining({ level: 50, consumer: 'mailer', topic: 'ALARM', partition: 0, from: 3, to: 9 })]);
  });

  it('continues if the log does not answer for a while, sends nothing twice, and reports it', async () => {
    const { lines, sent, health } = await start(taken);
    log.fault = new TransientError('log-unavailable', 'no broker');
    log.faulty = 'DELIVERY';
    await alarm(raised('a'));
    await expect.poll(() => health.problems().mailer).toBe('no broker');
    log.fault = undefined;
    await expect.poll(() => committed('ALARM')).toBe(1);
    await expect.poll(() => health.problems()).toEqual({});
    expect(sent).toEqual(['a.raised']);
    expect(lines.filter(({ level }) => level >= 40).map(({ msg, reason }) => [msg, reason])).toEqual([
      ['the log does not answer, trying again', 'no broker'],
    ]);
  });

  it('parks an unreadable event under its own key, counts it, and logs an error', async () => {
    const { lines, metric } = await start(taken);
    await alarm('no event');
    await expect.poll(() => committed('ALARM')).toBe(1);
    const letters = log.all('DEAD').map(({ key, at, value }) => ({ key, time: at, ...(JSON.parse(value) as DeadLetter) }));
    expect(letters).toMatchObject([
      { key: SENSOR, time: NOON + 1_000, topic: 'ALARM', partition: 0, offset: 0, at: NOON, by: 'mailer', value: 'no event' },
    ]);
    expect(await metric('tocsin_mails_parked_total')).toBe(1);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([[50, 'an alarm event could not be read and was parked']]);
  });

  it('commits its positions in both topics, in the ledger after the last mail', async () => {
    await start(taken);
    for (const id of ['a', 'b', 'c']) await alarm(raised(id));
    await expect.poll(() => [committed('ALARM'), committed('DELIVERY')]).toEqual([3, 3]);
  });

  it('mails once what it gives twice', async () => {
    const subscribing = vi.spyOn(log, 'subscribe');
    const { sent } = await start(taken);
    const subscription = (await subscribing.mock.results[0]?.value) as Subscription;
    const poll = subscription.poll.bind(subscription);
    vi.spyOn(subscription, 'poll').mockImplementation(async (waitMs) => (await poll(waitMs)).flatMap((batch) => [batch, batch]));
    for (const id of ['a', 'b', 'c']) await alarm(raised(id));
    await expect.poll(() => committed('ALARM')).toBe(3);
    await expect.poll(() => log.all('DELIVERY').length).toBe(3);
    expect(sent.toSorted()).toEqual(['a.raised', 'b.raised', 'c.raised']);
  });

  it('writes nothing into it while nothing happens', async () => {
    const subscribing = vi.spyOn(log, 'subscribe');
    await start(taken);
    const subscription = await subscribing.mock.results[0]?.value;
    const polls = vi.spyOn(subscription, 'poll');
    const commits = vi.spyOn(subscription, 'commit');
    await alarm(raised('a'));
    await expect.poll(() => [committed('ALARM'), committed('DELIVERY')]).toEqual([1, 1]);
    const before = polls.mock.calls.length;
    await expect.poll(() => polls.mock.calls.length).toBeGreaterThan(before + 3);
    expect(commits.mock.calls).toEqual([
      ['ALARM', 0, 1],
      ['DELIVERY', 0, 1],
    ]);
  });
});

describe('a mailer that is stopped', () => {
  it('lets a mail finish that is under way, remembers it, and sends none of those that wait', async () => {
    let finish: (handover: Handover) => void = () => undefined;
    const { mailer, sent } = await start(() => new Promise((resolve) => (finish = resolve)));
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) await alarm({ ...raised(id), alarm: { ...raised('a').alarm, id: 'same' } });
    await expect.poll(() => sent.length).toBe(1);
    const stopped = mailer.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    finish({ reply: '250' });
    await stopped;
    expect([sent, log.all('DELIVERY').length, committed('ALARM')]).toEqual([['same.raised'], 1, 1]);
  });

  it('does not wait for longer than it may for a mail server that does not answer', async () => {
    const { mailer, sent } = await start(() => new Promise(() => undefined), { limits: { drainMs: 20 } });
    await alarm(raised('a'));
    await expect.poll(() => sent.length).toBe(1);
    await mailer.stop();
    expect(committed('ALARM') ?? 0).toBe(0);
  });

  it('tries nothing more, though the log never took what it had to say', async () => {
    log.fault = new TransientError('log-unavailable', 'no broker');
    log.faulty = 'DELIVERY';
    const { mailer, sent } = await start(taken, { limits: { drainMs: 20 } });
    await alarm(raised('a'));
    await expect.poll(() => sent.length).toBe(1);
    await mailer.stop();
    log.fault = undefined;
    // Longer than its next attempt would have been away.
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(log.all('DELIVERY')).toEqual([]);
  });

  it('while the log is away logs that its position was not committed, and ends', async () => {
    const { mailer, lines, sent } = await start(taken);
    await alarm(raised('a'));
    await expect.poll(() => log.all('DELIVERY').length).toBe(1);
    await expect.poll(() => committed('ALARM')).toBe(1);
    const positions = vi.spyOn(log, 'commitNow').mockImplementation(() => {
      throw new TransientError('log-unavailable', 'no broker');
    });
    await alarm(raised('b'));
    await expect.poll(() => log.all('DELIVERY').length).toBe(2);
    await mailer.stop();
    expect(lines.map(({ msg, reason }) => [msg, reason])).toContainEqual(['position not kept', 'no broker']);
    expect(sent).toEqual(['a.raised', 'b.raised']);
    positions.mockRestore();
    const next = await start(taken);
    await alarm(raised('c'));
    await expect.poll(() => committed('ALARM')).toBe(3);
    expect(next.sent).toEqual(['c.raised']);
    expect(await next.metric('tocsin_mails_already_delivered_total')).toBe(1);
  });
});

describe('after a start with very many lesser mails waiting', () => {
  it("a fire's mail is among the first, wherever in the log it lies, and one that comes then too; all others follow", async () => {
    const waiting = 1_500;
    for (let i = 0; i < waiting; i += 1) await alarm(changeOf('raised', { id: `m${i}`, type: 'motion', severity: 'MINOR' }));
    await alarm(changeOf('raised', { id: 'fire', severity: 'CRITICAL' }));
    // As a mail server does, it takes longer than reading a record.
    const slowly = async (): Promise<Handover> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { reply: '250' };
    };
    const { sent } = await start(slowly, { limits: { pollWaitMs: 250 } });
    const placeOf = (id: string): number => sent.findIndex((messageId) => messageId.includes(id));
    await expect.poll(() => placeOf('fire'), { timeout: 20_000 }).toBeGreaterThanOrEqual(0);
    expect(placeOf('fire')).toBeLessThan(waiting / 10);
    const before = sent.length;
    await alarm(changeOf('raised', { id: 'second', severity: 'CRITICAL' }));
    await expect.poll(() => placeOf('second'), { timeout: 20_000 }).toBeGreaterThanOrEqual(0);
    expect(placeOf('second') - before).toBeLessThan(waiting / 10);
    await expect.poll(() => new Set(sent).size, { timeout: 60_000 }).toBe(waiting + 2);
  });
});

it('keeps nothing of the mails that went out behind one that does not', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const first = new Promise<never>(() => undefined);
  const answers = [first];
  const { sent } = await start(() => answers.pop() ?? taken());
  await alarm(raised('stuck'));
  await expect.poll(() => sent).toEqual(['stuck.raised']);
  const before = heap();
  for (let i = 0; i < 300; i += 1) await alarm({ ...raised(`a${i}`), padding: 'x'.repeat(50_000) });
  await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(301);
  // The log in memory has 15 MB of them itself.
  await expect.poll(() => heap() - before, { timeout: 10_000 }).toBeLessThan(20_000_000);
});
