import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Handover, Mail } from '../../../notify/channels/mail/port.ts';
import type { AlarmMail } from '../../../notify/mail-delivery.ts';
import { mailerMetrics } from '../../../notify/mailer-metrics.ts';
import { Progress } from '../../../notify/progress.ts';
import { RefusedRecipients } from '../../../notify/refused-recipients.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import { changeOf, mailOf, NOON } from '../../support/alarms.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const [DESK, NIGHT] = ['desk@arc.example', 'night@arc.example'];
const MINUTE = 60_000;
const refusing = (code: number, ...recipients: string[]): Handover => ({
  reply: '250 OK',
  refused: recipients.map((recipient) => ({ recipient, reply: `${code} no`, permanent: code >= 500 })),
});

function alarmMail(): AlarmMail {
  const progress = new Progress(0, { from: 0, next: 0, coversTo: 0 });
  const change = changeOf('raised');
  const { id: alarm, severity, sensor } = change.alarm;
  return { alarm, severity, deferrals: 0, change, sensor, at: NOON, value: '{}', progress, step: progress.begin(0) };
}

/** `send` answers the repeated attempts. */
function recipients(send: (mail: Mail) => Promise<Handover>) {
  const health = new Health();
  const registry = new Registry();
  const [tries, parked, recorded, log]: [string[][], string[], string[], string[]] = [[], [], [], []];
  const write = (line: string): void => void log.push(String((JSON.parse(line) as { msg: unknown }).msg));
  const deps = {
    transport: {
      send: (mail: Mail) => {
        tries.push([...(mail.only ?? mail.to)]);
        return send(mail);
      },
      close: async () => undefined,
    },
    logger: pino({ level: 'info' }, { write }),
    health,
    metrics: mailerMetrics(
      registry,
      () => 0,
      async () => new Map(),
    ),
    park: async (_mail: AlarmMail, reason: string) => void parked.push(reason),
    record: async (_mail: AlarmMail, reply: string) => void recorded.push(reply),
  };
  const settled = new RefusedRecipients(deps);
  const settle = (handover: Handover) => settled.settle(alarmMail(), mailOf(), handover);
  const count = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { deps, settled, settle, tries, parked, recorded, log, count, problem: () => health.problems()['mail recipients'] };
}

describe('a recipient that is refused for now', () => {
  it('is tried again after 1, 5, 15 and 60 minutes, alone, and then parked', async () => {
    const { settle, tries, parked, count } = recipients(async () => refusing(452, NIGHT));
    await settle(refusing(452, NIGHT));
    let expected = 0;
    for (const minutes of [1, 5, 15, 60]) {
      await vi.advanceTimersByTimeAsync(minutes * MINUTE - 1);
      expect(tries).toHaveLength(expected);
      await vi.advanceTimersByTimeAsync(1);
      expected += 1;
      expect(tries).toHaveLength(expected);
    }
    expect(tries.flat()).toEqual([NIGHT, NIGHT, NIGHT, NIGHT]);
    expect(parked).toEqual([`the others got it; refused for ${NIGHT}: 452 no`]);
    await vi.advanceTimersByTimeAsync(600 * MINUTE);
    expect(tries).toHaveLength(4);
    expect(await count('tocsin_mail_recipients_refused_total')).toBe(5);
    expect(await count('tocsin_mail_recipients_parked_total')).toBe(1);
  });

  it('is recorded in a delivery once it is reached, and the others are tried again', async () => {
    const answers = [refusing(452, NIGHT), { reply: '250 late' }];
    const { settle, tries, recorded, parked, problem } = recipients(async () => answers.shift() ?? { reply: '' });
    await settle(refusing(452, DESK, NIGHT));
    expect(problem()).toBe('the mail server refuses 2 of the recipients (452 no); the log and DEAD say whom');
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(problem()).toBe('the mail server refuses 1 of the recipients (452 no); the log and DEAD say whom');
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(tries).toEqual([[DESK, NIGHT], [NIGHT]]);
    expect(recorded).toEqual([`${DESK}: 250 OK`, `${NIGHT}: 250 late`]);
    expect([parked, problem()]).toEqual([[], undefined]);
  });

  it('waits while another is parked that is refused for good', async () => {
    const { settled, settle, parked, tries } = recipients(async () => ({ reply: '250' }));
    await settle({ reply: '250', refused: [...(refusing(550, DESK).refused ?? []), ...(refusing(452, NIGHT).refused ?? [])] });
    expect(parked).toEqual([`the others got it; refused for ${DESK}: 550 no`]);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(tries).toEqual([[NIGHT]]);
    await settled.stop();
    expect(parked).toHaveLength(1);
  });

  it.each([
    [new TransientError('mail-deferred', '452 later'), 0],
    [new PermanentError('mail-rejected', '550 never'), 1],
  ])('is refused still where the whole mail is: %s', async (error, parkings) => {
    const { settled, settle, parked, recorded, problem } = recipients(() => Promise.reject(error));
    await settle(refusing(452, NIGHT));
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect([parked.length, recorded, problem()]).toEqual([
      parkings,
      [],
      expect.stringContaining(`refuses 1 of the recipients (${error.message})`),
    ]);
    await settled.stop();
    expect(parked).toEqual([`the others got it; refused for ${NIGHT}: ${error.message}`]);
    await vi.advanceTimersByTimeAsync(600 * MINUTE);
    expect(parked).toHaveLength(1);
  });

  it('is tried as often if the server cannot be reached at all', async () => {
    const { settle, tries, parked } = recipients(() => Promise.reject(new TransientError('mail-deferred', 'connection refused')));
    await settle(refusing(452, NIGHT));
    await vi.advanceTimersByTimeAsync(80 * MINUTE);
    expect([tries.length, parked]).toEqual([3, []]);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect([tries.length, parked]).toEqual([4, [`the others got it; refused for ${NIGHT}: connection refused`]]);
  });

  it('is parked at once if a thousand wait, or the mailer has stopped', async () => {
    const { settled, settle, parked } = recipients(async () => ({ reply: '250' }));
    for (let i = 0; i < 1_000; i += 1) await settle(refusing(452, NIGHT));
    expect(parked).toHaveLength(0);
    await settle(refusing(452, NIGHT));
    expect(parked).toHaveLength(1);
    await settled.stop();
    expect(parked).toHaveLength(1_001);
    await settle(refusing(452, NIGHT));
    expect(parked).toHaveLength(1_002);
  });

  it('is waited for by a stop while it is tried, and parked if it is refused again', async () => {
    let answer: (handover: Handover) => void = () => undefined;
    const { settled, settle, parked } = recipients(() => new Promise((resolve) => (answer = resolve)));
    await settle(refusing(452, NIGHT));
    await vi.advanceTimersByTimeAsync(MINUTE);
    let over = false;
    const stopped = settled.stop().then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBe(false);
    answer(refusing(452, NIGHT));
    await stopped;
    expect(parked).toHaveLength(1);
  });

  it('is not tried after a stop that could not park it', async () => {
    const { deps, settled, settle, tries } = recipients(async () => ({ reply: '250' }));
    for (let i = 0; i < 2; i += 1) await settle(refusing(452, NIGHT));
    deps.park = () => Promise.reject(new Error('no log'));
    await expect(settled.stop()).rejects.toThrow('no log');
    await vi.advanceTimersByTimeAsync(600 * MINUTE);
    expect(tries).toEqual([]);
  });

  it('is logged once until it is reached, and so is a parking that fails', async () => {
    const { deps, settle, log, problem } = recipients(async () => refusing(550, NIGHT));
    await settle({ reply: '250' });
    expect([problem(), log]).toEqual([undefined, []]);
    await settle(refusing(550, NIGHT));
    expect(log).toEqual(['the mail server refuses a recipient']);
    await settle(refusing(550, NIGHT));
    expect(log).toHaveLength(1);
    await settle({ reply: '250' });
    expect(problem()).toBeUndefined();
    await settle(refusing(452, NIGHT));
    expect(log).toHaveLength(2);
    deps.park = () => Promise.reject(new Error('no log'));
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(log[2]).toBe('recipients that the mail server refused could not be parked');
  });
});
