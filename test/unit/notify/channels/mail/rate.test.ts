import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SEVERITIES, type Severity } from '../../../../../alarm/severity.ts';
import type { MailRate } from '../../../../../notify/channels/mail/config.ts';
import type { Handover, Mail } from '../../../../../notify/channels/mail/port.ts';
import { bounded } from '../../../../../notify/channels/mail/rate.ts';
import { HOUR_MS, MINUTE_MS } from '../../../../../runtime/durations.ts';
import { mailOf } from '../../../../support/alarms.ts';
import { randomOf } from '../../../../support/random.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const EXAMPLE = mailOf();
const mail = (messageId: string, severity: Severity = 'MINOR'): Mail => ({ ...EXAMPLE, messageId, severity });

/** A transport with a bound, and the mails that were begun, with their times. `clock.set` is by how much its clock was set. */
function bed(rate: MailRate, handOver: (mail: Mail) => Promise<Handover> = async () => ({ reply: '250' })) {
  const begun: [name: string, at: number][] = [];
  const clock = { set: 0 };
  let closed = 0;
  const transport = bounded(
    {
      send: (one) => {
        begun.push([one.messageId, Date.now()]);
        return handOver(one);
      },
      close: async () => {
        closed += 1;
      },
    },
    rate,
    {
      now: () => Date.now() + clock.set,
      after: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
  );
  const failed: unknown[] = [];
  const send = (name: string, severity?: Severity) =>
    void transport.send(mail(name, severity)).catch((error: unknown) => failed.push(error));
  const sendMany = (count: number, name: string, severity?: Severity) => {
    for (let i = 0; i < count; i += 1) send(`${name}${i}`, severity);
  };
  return { transport, begun, failed, clock, send, sendMany, closed: () => closed, names: () => begun.map(([name]) => name) };
}

describe('a bound on mails a span', () => {
  it('holds for mails that are all to go at once, each over a connection of its own', async () => {
    const { sendMany, begun } = bed({ mails: 1, perMs: 400 }, () => new Promise(() => undefined));
    sendMany(8, 'm');
    await pass(60_000);
    expect(begun).toEqual([0, 400, 800, 1_200, 1_600, 2_000, 2_400, 2_800].map((at, i) => [`m${i}`, at]));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets a burst go at once after an idle hour, and as many again only when a span has passed since', async () => {
    const { send, sendMany, begun } = bed({ mails: 4, perMs: MINUTE_MS });
    send('first', 'CRITICAL');
    await pass(HOUR_MS);
    begun.length = 0;
    sendMany(10, 'm', 'CRITICAL');
    await pass(HOUR_MS);
    expect(begun.map(([, at]) => at - HOUR_MS)).toEqual([0, 0, 0, 0, 60_000, 60_000, 60_000, 60_000, 120_000, 120_000]);
  });

  it.each([1, 2, 3])('is exceeded in no span, whatever comes and however it ends (seed %i)', async (seed) => {
    const random = randomOf(seed);
    const rate = { mails: 5, perMs: 10_000 };
    const { send, begun, failed } = bed(rate, async () => {
      await new Promise((resolve) => setTimeout(resolve, random() * 15_000));
      if (random() < 0.3) throw new Error('put off');
      return { reply: '250' };
    });
    for (let i = 0; i < 200; i += 1) {
      if (random() < 0.3) await pass(random() * 12_000);
      send(`m${i}`, SEVERITIES[Math.floor(random() * 4)]);
    }
    await pass(HOUR_MS);
    expect(begun).toHaveLength(200);
    const times = begun.map(([, at]) => at);
    for (const at of times) expect(times.filter((one) => one >= at && one < at + rate.perMs).length).toBeLessThanOrEqual(5);
    // Nor is anybody kept waiting for nothing: it is never slower than the lesser mails' share, a failed mail included.
    expect(Math.max(...times)).toBeLessThan((200 / 3) * 10_000);
    expect(failed.length).toBeGreaterThan(0);
  });

  it('holds where the clock is set back: nobody waits for longer than a span, and no more go', async () => {
    const { sendMany, begun, clock } = bed({ mails: 2, perMs: 1_000 });
    sendMany(6, 'm', 'CRITICAL');
    await pass(400);
    clock.set = -HOUR_MS;
    await pass(HOUR_MS);
    const times = begun.map(([, at]) => at);
    expect(times).toHaveLength(6);
    for (const at of times) expect(times.filter((one) => one >= at && one < at + 1_000).length).toBeLessThanOrEqual(2);
    expect(Math.max(...times)).toBeLessThanOrEqual(3_000);
  });

  it('goes on where the clock is set ahead, and lets at most one span’s mails go too early', async () => {
    const { sendMany, begun, clock } = bed({ mails: 2, perMs: 1_000 });
    sendMany(8, 'm', 'CRITICAL');
    await pass(400);
    clock.set = HOUR_MS;
    await pass(HOUR_MS);
    const times = begun.map(([, at]) => at);
    expect(times).toHaveLength(8);
    for (const at of times) expect(times.filter((one) => one >= at && one < at + 1_000).length).toBeLessThanOrEqual(4);
  });
});

describe('a fire under a bound', () => {
  it('goes next, before all lesser ones that wait, in whatever order they came', async () => {
    const { send, names } = bed({ mails: 1, perMs: 1_000 });
    for (const [name, severity] of [
      ['minor', 'MINOR'],
      ['minor too', 'MINOR'],
      ['warning', 'WARNING'],
      ['major', 'MAJOR'],
      ['fire', 'CRITICAL'],
      ['fire too', 'CRITICAL'],
    ] as const)
      send(name, severity);
    await pass(10_000);
    expect(names()).toEqual(['minor', 'fire', 'fire too', 'major', 'minor too', 'warning']);
  });

  it.each<[Severity, number]>([
    ['WARNING', 15],
    ['MINOR', 15],
    ['MAJOR', 17],
    ['CRITICAL', 20],
  ])('does not wait for a flood of severity %s, which uses up at most %i of 20', async (severity, most) => {
    const { sendMany, begun } = bed({ mails: 20, perMs: HOUR_MS });
    sendMany(100, 'flood', severity);
    await pass(1);
    expect(begun).toHaveLength(most);
    sendMany(100, 'fire', 'CRITICAL');
    await pass(1);
    expect(begun).toHaveLength(20);
  });

  it('is not kept waiting for an hour by an outage in which every attempt failed: those count for a minute', async () => {
    let down = true;
    const { sendMany, begun, send, names } = bed({ mails: 4, perMs: HOUR_MS }, async () => {
      if (down) throw new Error('away');
      return { reply: '250' };
    });
    sendMany(9, 'm', 'CRITICAL');
    await pass(MINUTE_MS - 1);
    expect(begun).toHaveLength(4);
    await pass(MINUTE_MS);
    expect(begun).toHaveLength(8);
    down = false;
    send('fire', 'CRITICAL');
    await pass(MINUTE_MS);
    expect(names().slice(8)).toEqual(['m8', 'fire']);
    sendMany(9, 'n', 'CRITICAL');
    await pass(50 * MINUTE_MS);
    // What was taken counts for the whole hour.
    expect(begun).toHaveLength(12);
  });
});

describe('whoever takes a turn before choosing the mail', () => {
  const rate = { mails: 2, perMs: 1_000 };

  it('has it until a mail uses it, and is called when there is another', async () => {
    const { transport, begun } = bed(rate);
    const turns = transport.turns;
    const asked: number[] = [];
    const again = () => void asked.push(Date.now());
    const one = turns?.take('CRITICAL', again);
    const two = turns?.take('CRITICAL', again);
    expect(turns?.take('CRITICAL', again)).toBeUndefined();
    await pass(5_000);
    expect(asked).toEqual([]);
    await transport.send(mail('a', 'CRITICAL'), one);
    one?.giveBack();
    await pass(999);
    expect([asked, begun]).toEqual([[], [['a', 5_000]]]);
    await pass(1);
    expect(asked).toEqual([6_000]);
    expect(turns?.take('CRITICAL', again)).toBeDefined();
    two?.giveBack();
    two?.giveBack();
    expect(turns?.take('CRITICAL', again)).toBeDefined();
    expect(turns?.take('CRITICAL', again)).toBeUndefined();
  });

  it('leaves it to the next where it gives it back', async () => {
    const { transport, send, begun } = bed({ mails: 1, perMs: HOUR_MS });
    const turn = transport.turns?.take('MINOR', () => undefined);
    send('a');
    await pass(10_000);
    turn?.giveBack();
    await pass(0);
    expect(begun).toEqual([['a', 10_000]]);
  });

  it('who was called and wants none leaves it to who waits behind', async () => {
    const { transport, send, begun } = bed({ mails: 1, perMs: 1_000 });
    send('a');
    await pass(0);
    const asked = vi.fn();
    expect(transport.turns?.take('CRITICAL', asked)).toBeUndefined();
    send('b');
    await pass(HOUR_MS);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(begun).toEqual([
      ['a', 0],
      ['b', 1_000],
    ]);
  });

  it('keeps nobody waiting once it has had what it waited for', () => {
    const { transport } = bed({ mails: 1, perMs: 1_000 });
    const again = () => undefined;
    const first = transport.turns?.take('MINOR', again);
    const graver = () => undefined;
    expect(transport.turns?.take('CRITICAL', graver)).toBeUndefined();
    first?.giveBack();
    transport.turns?.take('CRITICAL', graver)?.giveBack();
    expect(transport.turns?.take('MINOR', again)).toBeDefined();
  });

  it('gets none that is free while somebody waits with a graver mail', async () => {
    const { transport, send, names, clock } = bed({ mails: 1, perMs: 1_000 });
    send('a');
    await pass(0);
    send('fire', 'CRITICAL');
    clock.set = 1_000;
    // The timer that gives it to the fire has not run yet.
    expect(transport.turns?.take('MINOR', () => undefined)).toBeUndefined();
    await pass(1_000);
    expect(names()).toEqual(['a', 'fire']);
  });
});

describe('a transport that is closed', () => {
  it('puts off what waits for its turn and what comes, and waits for nothing', async () => {
    const { transport, sendMany, begun, failed, send, closed } = bed({ mails: 1, perMs: HOUR_MS });
    sendMany(3, 'm');
    await pass(0);
    await transport.close();
    send('late', 'CRITICAL');
    await pass(0);
    expect(begun).toHaveLength(1);
    expect(failed).toHaveLength(3);
    for (const error of failed) expect(error).toMatchObject({ name: 'TransientError', code: 'mail-deferred' });
    expect([closed(), vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('still hands over what has its turn', async () => {
    const { transport, begun } = bed({ mails: 1, perMs: HOUR_MS });
    const turn = transport.turns?.take('MINOR', () => undefined);
    transport.turns?.close();
    expect(await transport.send(mail('a'), turn)).toEqual({ reply: '250' });
    expect(begun).toHaveLength(1);
  });
});
