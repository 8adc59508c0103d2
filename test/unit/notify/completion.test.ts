import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../records/dead-letter.ts';
import type { Delivery } from '../../../records/delivery.ts';
import type { Topic } from '../../../records/topics.ts';
import { BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import { startCompletion } from '../../../notify/completion.ts';
import type { Mail } from '../../../notify/channels/mail/port.ts';
import { mailerMetrics } from '../../../notify/mailer-metrics.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { Health } from '../../../runtime/health.ts';
import type { Running } from '../../../runtime/lifecycle.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { changeOf, clientOf, NOON } from '../../support/alarms.ts';
import { directoryOf } from '../../support/mailer-rig.ts';
import { MemoryLog } from '../../support/memory-log.ts';

let log: MemoryLog;
let running: Running[];
beforeEach(() => {
  log = new MemoryLog();
  running = [];
});
afterEach(async () => {
  for (const one of running) await one.stop();
});

async function append(topic: Topic, value: object | string): Promise<void> {
  await log.append(topic, oneRecord(42_959, typeof value === 'string' ? value : JSON.stringify(value)), NOON);
}

/** Alarms that went out without their client, in this order. */
async function mailedWithout(...ids: string[]): Promise<void> {
  for (const [offset, id] of ids.entries()) await append('ALARM', changeOf('raised', { id, version: offset + 1 }));
  for (const [offset, alarm] of ids.entries()) await append('DELIVERY', incomplete(alarm, offset));
}

function incomplete(alarm: string, offset: number) {
  const delivery = { alarm, sensor: 42_959, event: 'raised', messageId: '<a>', outcome: 'sent', reply: '250', attempts: 1, at: NOON };
  return { ...delivery, incomplete: { partition: 0, offset } };
}

/** `find` is the directory's answer, `send` the mail server's. */
async function start({ find = async () => clientOf() as ReturnType<typeof clientOf> | undefined, send = async () => '250 taken' } = {}) {
  const registry = new Registry();
  const health = new Health();
  const sent: Mail[] = [];
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  let waited = 0;
  const completion = await startCompletion(
    {
      ...{
        log,
        logger,
        metrics: mailerMetrics(
          registry,
          () => 0,
          async () => new Map(),
        ),
        clock: () => NOON + 5_000,
      },
      transport: {
        send: async (mail) => {
          sent.push(mail);
          return { reply: await send() };
        },
        close: async () => undefined,
      },
      find: () => Promise.reject(new Error('not asked')),
      frame: { from: 'tocsin@arc.example', consoleUrl: undefined, types: BUILT_IN_TYPES },
      recipients: (_change, holder) => [typeof holder === 'string' ? 'desk@arc.example' : `${holder.region}@arc.example`],
      refusedRecipients: { settle: async () => undefined },
      persist: (work) => work(),
    },
    {
      ...{ log, logger, registry, health },
      directory: { ...directoryOf(new Map()), find },
      lookupTime: {
        now: () => waited,
        sleep: async (ms) => {
          waited += ms;
        },
      },
    },
  );
  running.push(completion);
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0;
  return { completion, sent, lines, health, metric, idsSent: () => sent.map(({ messageId }) => messageId.replace(/\..*/, '').slice(1)) };
}

const deliveries = () =>
  log
    .all('DELIVERY')
    .map(({ value }) => JSON.parse(value) as Delivery)
    .filter(({ completes }) => completes);
const done = () => log.committedNow('mail-completion', 'DELIVERY', 0) ?? 0;

describe('mails that went out without their client', () => {
  it('are completed, each by one with its own alarm, and that stands in the ledger', async () => {
    await mailedWithout('a', 'b');
    const { sent, idsSent, metric } = await start();
    await expect.poll(done).toBe(4);
    expect(idsSent()).toEqual(['a', 'b']);
    expect(sent[0]).toMatchObject({ to: ['UK@arc.example'], headers: { 'X-Tocsin-Alarm': 'a', 'X-Tocsin-Completes': 'raised' } });
    expect(deliveries()).toEqual(
      ['a', 'b'].map((alarm) => ({
        ...{ alarm, sensor: 42_959, event: 'raised', messageId: `<${alarm}.completed@arc.example>`, attempts: 1, completes: true },
        ...{ outcome: 'sent', reply: '250 taken', at: NOON + 5_000 },
      })),
    );
    expect(await metric('tocsin_mails_completed_total')).toBe(2);
  });

  it('wait for the directory, and those that are done by then are not sent again', async () => {
    await mailedWithout('a', 'b');
    let asked = 0;
    let away = false;
    const find = async () => {
      asked += 1;
      if (asked === 2) away = true;
      if (away) throw new TransientError('store-away', 'no host');
      return clientOf();
    };
    const { idsSent, health } = await start({ find });
    await expect.poll(() => health.problems()).toEqual({ 'mail-completion': expect.stringContaining('the directory is out of reach') });
    expect(idsSent()).toEqual(['a']);
    away = false;
    await expect.poll(done).toBe(4);
    expect([idsSent(), health.problems()]).toEqual([['a', 'b'], {}]);
  });

  it('wait for a mail server that is busy', async () => {
    await mailedWithout('a');
    let busy = true;
    const send = () => (busy ? Promise.reject(new TransientError('mail-deferred', '451 later')) : Promise.resolve('250 taken'));
    const { sent, health, metric } = await start({ send });
    await expect.poll(() => health.ready).toBe(false);
    expect([log.all('DEAD'), deliveries(), await metric('tocsin_mails_completed_total')]).toEqual([[], [], 0]);
    busy = false;
    await expect.poll(done).toBe(2);
    expect([sent.length > 1, deliveries().length]).toEqual([true, 1]);
  });

  it('are left as they are if their alarm is gone, and that is logged', async () => {
    for (const id of ['other', 'removed', 'newer']) await append('ALARM', changeOf('raised', { id }));
    await append('DELIVERY', incomplete('created again', 2));
    await append('DELIVERY', incomplete('created again and shorter', 7));
    await append('DELIVERY', incomplete('removed', 1));
    // Retention has removed the first records: reading begins with the third.
    log.reader = (
      (reader) => (topic, partition) =>
        reader(topic, partition, 2)
    )(log.reader.bind(log));
    const { sent, lines } = await start();
    await expect.poll(done).toBe(3);
    expect(sent).toEqual([]);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual(
      Array(3).fill([50, 'a mail cannot be completed: its alarm is not in the log any more']),
    );
  });

  it('are completed even if the log is slow to give their alarm', async () => {
    await mailedWithout('a');
    const reader = log.reader.bind(log);
    log.reader = async (...of) => {
      const real = await reader(...of);
      let polls = 0;
      return {
        get position() {
          return real.position;
        },
        behind: true,
        onGap: undefined,
        poll: async (ms) => {
          polls += 1;
          return polls > 3 ? real.poll(ms) : [];
        },
        close: () => real.close(),
      };
    };
    const { idsSent, lines } = await start();
    await expect.poll(done).toBe(2);
    expect([idsSent(), lines]).toEqual([['a'], []]);
  });

  it('are left as they are if no client is known', async () => {
    await mailedWithout('a');
    const { sent, lines } = await start({ find: async () => undefined });
    await expect.poll(done).toBe(1);
    expect([sent, lines]).toEqual([[], []]);
  });

  it('are parked where the server refuses the further mail for good, and those after them go on', async () => {
    await mailedWithout('a', 'b');
    const answers = [Promise.reject(new PermanentError('mail-rejected', '550 no such user')), Promise.resolve('250 taken')];
    answers[0]?.catch(() => undefined);
    const { idsSent, lines, metric } = await start({ send: () => answers.shift() ?? Promise.resolve('250') });
    await expect.poll(done).toBe(4);
    expect(idsSent()).toEqual(['a', 'b']);
    expect(deliveries().map(({ outcome, reply, at }) => [outcome, reply, at])).toEqual([
      ['parked', '550 no such user', NOON + 5_000],
      ['sent', '250 taken', NOON + 5_000],
    ]);
    const letters = log.all('DEAD').map(({ key, value }) => ({ key, ...(JSON.parse(value) as DeadLetter) }));
    expect(letters).toEqual([
      {
        ...{ key: 42_959, topic: 'ALARM', partition: 0, offset: 0, at: NOON + 5_000 },
        ...{ reason: '550 no such user', by: 'mail-completion', value: '' },
      },
    ]);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([[50, 'a mail could not be completed and was given up']]);
    expect([await metric('tocsin_mails_parked_total'), await metric('tocsin_mails_completed_total')]).toEqual([1, 1]);
  });

  it('are not completed twice where the mailer is stopped and started again, even if it is stopped while it sends one', async () => {
    await mailedWithout('a');
    let taken: (reply: string) => void = () => undefined;
    const first = await start({
      send: () =>
        new Promise((resolve) => {
          taken = resolve;
        }),
    });
    await expect.poll(() => first.sent).toHaveLength(1);
    const stopped = first.completion.stop();
    taken('250 taken');
    await stopped;
    const second = await start();
    await expect.poll(done).toBe(2);
    expect([second.sent, deliveries()]).toEqual([[], [expect.objectContaining({ alarm: 'a', outcome: 'sent' })]]);
  });

  it('do not include complete mails, and unreadable records are skipped', async () => {
    await append('ALARM', changeOf('raised', { id: 'a' }));
    const { incomplete: _, ...whole } = incomplete('a', 0);
    await append('DELIVERY', whole);
    await append('DELIVERY', 'no delivery');
    const { sent } = await start();
    await expect.poll(done).toBe(2);
    expect(sent).toEqual([]);
  });
});
