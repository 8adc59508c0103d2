import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../../records/dead-letter.ts';
import type { Delivery } from '../../../records/delivery.ts';
import { BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import type { Holder } from '../../../notify/channels/mail/compose.ts';
import type { Handover } from '../../../notify/channels/mail/port.ts';
import { type AlarmMail, type DeliveryDeps, deliver, recordLater, recordUndelivered } from '../../../notify/mail-delivery.ts';
import { mailerMetrics } from '../../../notify/mailer-metrics.ts';
import { Progress } from '../../../notify/progress.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';
import { changeOf, clientOf, NOON } from '../../support/alarms.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const SENT_AT = NOON + 4_000;
const TAKEN: Handover = { reply: '250 taken' };

/** A mail for record 7 of partition 3, put off twice, and what there is to deliver it. */
function mailFor(event: 'raised' | 'cleared', holder: Holder = clientOf(), send: () => Promise<Handover> = async () => TAKEN) {
  const log = new MemoryLog();
  const registry = new Registry();
  const lines: { level: number; reason: string }[] = [];
  const settled: Handover[] = [];
  let sent = 0;
  const deps: DeliveryDeps = {
    log,
    transport: {
      send: () => {
        sent += 1;
        return send();
      },
      close: async () => undefined,
    },
    find: async () => holder,
    frame: { from: 'tocsin@example.org', consoleUrl: undefined, types: BUILT_IN_TYPES },
    recipients: () => ['desk@example.org'],
    refusedRecipients: { settle: async (_mail, _composed, handover) => void settled.push(handover) },
    clock: () => SENT_AT,
    logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    metrics: mailerMetrics(
      registry,
      () => 0,
      async () => new Map(),
    ),
    persist: async (work) => {
      for (;;) {
        try {
          return await work();
        } catch {
          log.fault = undefined;
        }
      }
    },
  };
  const change = changeOf(event) as AlarmMail['change'];
  const progress = new Progress(3, { from: 0, next: 0, coversTo: 0 });
  const { id: alarm, severity, sensor } = change.alarm;
  const mail: AlarmMail = { alarm, severity, deferrals: 2, change, sensor, at: NOON, value: '{}', progress, step: progress.begin(7) };
  const metric = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const ledger = (): Delivery[] => log.all('DELIVERY').map(({ value }) => JSON.parse(value) as Delivery);
  const letters = (): DeadLetter[] => log.all('DEAD').map(({ value }) => JSON.parse(value) as DeadLetter);
  return { mail, deps, log, progress, registry, metric, ledger, letters, lines, settled, sent: () => sent };
}

const LEDGER_ENTRY = {
  ...{ alarm: 'a42959-smoke-17', sensor: 42_959, event: 'raised', messageId: '<a42959-smoke-17.raised@example.org>' },
  ...{ attempts: 3, at: SENT_AT },
};
const LETTER = { topic: 'ALARM', partition: 3, offset: 7, at: NOON, by: 'mailer', value: '{}' };

describe('a mail that the server takes', () => {
  it('is in the ledger with its attempts, then its alarm is done; refused recipients are handled', async () => {
    const { mail, deps, ledger, progress, settled, letters, log } = mailFor('raised');
    await deliver(mail, deps);
    expect(ledger()).toEqual([{ ...LEDGER_ENTRY, outcome: 'sent', reply: '250 taken' }]);
    expect(log.all('DELIVERY')[0]).toMatchObject({ key: 42_959, at: SENT_AT });
    expect([progress.position, settled, letters()]).toEqual([8, [TAKEN], []]);
  });

  it('is counted, with the time since what changed its alarm', async () => {
    const { mail, deps, registry, metric } = mailFor('raised');
    await deliver(mail, deps);
    expect(await registry.metrics()).toContain('tocsin_alarm_mailed_seconds_sum{event="raised"} 4\n');
    expect((await metric('tocsin_mails_sent_total')).map(({ labels, value }) => [labels.event, value])).toEqual([['raised', 1]]);
    expect(await metric('tocsin_mails_without_client_total')).toEqual([]);
  });

  it('took no time if the clock was set back meanwhile', async () => {
    const { mail, deps, registry } = mailFor('raised');
    await deliver(mail, { ...deps, clock: () => NOON - 60_000 });
    expect(await registry.metrics()).toContain('tocsin_alarm_mailed_seconds_sum{event="raised"} 0\n');
  });

  it.each(['unknown', 'unavailable'] as const)('is counted as one without its client where that is %s', async (holder) => {
    const { mail, deps, metric } = mailFor('raised', holder);
    await deliver(mail, deps);
    expect((await metric('tocsin_mails_without_client_total')).map(({ labels, value }) => [labels.reason, value])).toEqual([[holder, 1]]);
  });

  it('is not sent again where the log is away: only its record is written again', async () => {
    const { mail, deps, log, ledger, sent } = mailFor('raised');
    log.fault = new TransientError('log-unavailable', 'no broker');
    await deliver(mail, deps);
    expect([sent(), ledger().length]).toEqual([1, 1]);
  });

  it('keeps the ledger position back while its record is being written', async () => {
    const { mail, deps, log, progress } = mailFor('raised');
    const other = progress.begin(8);
    log.hold();
    const delivered = deliver(mail, deps);
    await new Promise(setImmediate);
    progress.recorded(other, 5);
    expect(progress.ledgerPosition).toBe(0);
    log.release();
    await delivered;
    expect(progress.ledgerPosition).toBe(6);
  });
});

describe('a mail about an alarm whose client could not be looked up', () => {
  it('is marked, so that it is completed', async () => {
    const { mail, deps, ledger } = mailFor('raised', 'unavailable');
    await deliver(mail, deps);
    expect(ledger()[0]?.incomplete).toEqual({ partition: 3, offset: 7 });
  });

  it.each([
    ['the alarm has cleared', 'cleared', 'unavailable'],
    ['the client is known', 'raised', clientOf()],
    ['nobody is', 'raised', 'unknown'],
  ] as const)('has nothing to complete where %s', async (_, event, holder) => {
    const { mail, deps, ledger } = mailFor(event, holder);
    await deliver(mail, deps);
    expect(ledger()[0]).not.toHaveProperty('incomplete');
  });
});

describe('a mail that the server does not take', () => {
  it('for now is tried again by the caller: nothing is recorded', async () => {
    const later = new TransientError('mail-deferred', '451 later');
    const { mail, deps, ledger, letters, progress, lines } = mailFor('raised', clientOf(), () => Promise.reject(later));
    await expect(deliver(mail, deps)).rejects.toBe(later);
    expect([ledger(), letters(), progress.position, lines]).toEqual([[], [], 7, []]);
  });

  it('ever is parked with its reason, is in the ledger, and is logged as an error', async () => {
    const never = new PermanentError('mail-rejected', '550 no such user');
    const { mail, deps, ledger, letters, progress, metric, lines, settled, log } = mailFor('raised', clientOf(), () =>
      Promise.reject(never),
    );
    await deliver(mail, deps);
    expect(letters()).toEqual([{ ...LETTER, reason: '550 no such user' }]);
    expect(log.all('DEAD')[0]).toMatchObject({ key: 42_959, at: SENT_AT });
    expect(ledger()).toEqual([{ ...LEDGER_ENTRY, outcome: 'parked', reply: '550 no such user' }]);
    expect(progress.position).toBe(8);
    expect((await metric('tocsin_mails_parked_total'))[0]?.value).toBe(1);
    expect(await metric('tocsin_mails_sent_total')).toEqual([]);
    expect(lines).toEqual([expect.objectContaining({ level: 50, reason: '550 no such user', alarm: 'a42959-smoke-17', sensor: 42_959 })]);
    expect(settled).toEqual([]);
  });

  it('and that was given up is not tried again', async () => {
    const { mail, deps, ledger, letters, sent } = mailFor('raised');
    await deliver({ ...mail, givenUp: 'put off too long' }, deps);
    expect(sent()).toBe(0);
    expect(letters()).toEqual([{ ...LETTER, reason: 'put off too long' }]);
    expect(ledger()).toEqual([{ ...LEDGER_ENTRY, attempts: 2, outcome: 'parked', reply: 'put off too long' }]);
  });
});

describe('recipients that were refused at first', () => {
  it('are in the ledger once they are reached, otherwise in the dead letters', async () => {
    const { mail, deps, ledger, letters } = mailFor('raised');
    await recordLater(mail, 'night@example.org: 250', deps);
    expect(ledger()).toEqual([{ ...LEDGER_ENTRY, outcome: 'sent', reply: 'night@example.org: 250' }]);
    await recordUndelivered(mail, 'refused for night@example.org', deps);
    expect(letters()).toEqual([{ ...LETTER, reason: 'refused for night@example.org' }]);
  });
});
