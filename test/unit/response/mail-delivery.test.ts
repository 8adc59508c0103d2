import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { Delivery } from '../../../message-log/topics.ts';
import type { Holder } from '../../../processor/response/mail/compose.ts';
import { type AlarmMail, type DeliveryDeps, deliver } from '../../../processor/response/mail-delivery.ts';
import { mailerMetrics } from '../../../processor/response/mailer-metrics.ts';
import { Progress } from '../../../processor/response/progress.ts';
import { changeOf, clientOf } from '../../support/alarms.ts';
import { MemoryLog } from '../../support/memory-log.ts';

/** What the ledger says of a mail that went out while the directory answered this. */
async function deliveryOf(event: 'raised' | 'cleared', holder: Holder): Promise<Delivery> {
  const log = new MemoryLog();
  const deps: DeliveryDeps = {
    log,
    transport: { send: async () => ({ reply: '250 taken' }), close: async () => undefined },
    find: async () => holder,
    frame: { from: 'tocsin@example.org', consoleUrl: undefined },
    recipients: () => ['desk@example.org'],
    refusedRecipients: { settle: async () => undefined },
    clock: () => 1_000,
    logger: pino({ level: 'silent' }),
    metrics: mailerMetrics(new Registry(), () => 0),
    persist: (work) => work(),
  };
  const change = changeOf(event) as AlarmMail['change'];
  const progress = new Progress(0, { from: 0, next: 0, coversTo: 0 });
  const { id: alarm, severity, sensor } = change.alarm;
  const mail: AlarmMail = { alarm, severity, deferrals: 0, change, sensor, at: 1, value: '{}', progress, step: progress.begin(7) };
  await deliver(mail, deps);
  return JSON.parse(log.all('DELIVERY')[0]?.value ?? '');
}

it('marks the mail of a raised alarm that went out without its client, so that it is completed', async () => {
  expect((await deliveryOf('raised', 'unavailable')).incomplete).toEqual({ partition: 0, offset: 7 });
});

it('has nothing to complete where the alarm has cleared, the client is known, or nobody is', async () => {
  expect(await deliveryOf('cleared', 'unavailable')).not.toHaveProperty('incomplete');
  expect(await deliveryOf('raised', clientOf())).not.toHaveProperty('incomplete');
  expect(await deliveryOf('raised', 'unknown')).not.toHaveProperty('incomplete');
});
