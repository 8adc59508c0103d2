import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../records/delivery.ts';
import type { Topic } from '../../../records/topics.ts';
import { deliveryKey, MAILER_GROUP, readLedger, recordDelivery } from '../../../notify/deliveries.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { NOON } from '../../support/alarms.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const deliveryOf = (alarm: string, more: Partial<Delivery> = {}): Delivery => ({
  alarm,
  sensor: 7,
  event: 'raised',
  outcome: 'sent',
  messageId: `<${alarm}@arc.example>`,
  reply: '250',
  attempts: 1,
  at: NOON,
  ...more,
});

const write = (log: MemoryLog, topic: Topic, value: string) => log.append(topic, oneRecord(7, value), NOON);

describe('what was delivered', () => {
  it('is known by alarm and event, with its place', async () => {
    const log = new MemoryLog();
    await write(log, 'ALARM', '{}');
    await write(log, 'ALARM', '{}');
    expect(await recordDelivery(log, deliveryOf('a'))).toBe(0);
    expect(await recordDelivery(log, deliveryOf('a', { event: 'cleared' }))).toBe(1);
    expect(await recordDelivery(log, deliveryOf('b', { outcome: 'parked' }))).toBe(2);
    const { delivered, ...where } = await readLedger(log, 0);
    expect([...delivered]).toEqual([
      [deliveryKey('a', 'raised'), 0],
      [deliveryKey('a', 'cleared'), 1],
      [deliveryKey('b', 'raised'), 2],
    ]);
    expect(where).toEqual({ from: 0, next: 3, coversTo: 2 });
    expect(log.all('DELIVERY').map(({ key, at }) => [key, at])).toEqual([
      [7, NOON],
      [7, NOON],
      [7, NOON],
    ]);
  });

  it('is not looked for before the place that the mailer has come to', async () => {
    const log = new MemoryLog();
    for (const alarm of ['a', 'b', 'c']) await recordDelivery(log, deliveryOf(alarm));
    log.commitNow(MAILER_GROUP, 'DELIVERY', 0, 2);
    const { delivered, from } = await readLedger(log, 0);
    expect([from, ...delivered]).toEqual([2, [deliveryKey('c', 'raised'), 2]]);
  });

  it('keeps no mail back where the record is no delivery of the alarm’s own mail', async () => {
    const log = new MemoryLog();
    await recordDelivery(log, deliveryOf('a', { completes: true }));
    for (const value of ['{', '7', '{"alarm":"a"}', '{"alarm":"a","event":"refused"}']) await write(log, 'DELIVERY', value);
    expect((await readLedger(log, 0)).delivered.size).toBe(0);
  });
});
