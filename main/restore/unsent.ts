import type { MessageLog } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { deliveryKey, MAILER_GROUP, readLedger, recordDelivery } from '../../notify/deliveries.ts';
import { COMPLETION_GROUP } from '../../notify/completion.ts';
import { recordsBetween } from '../../processor/records-between.ts';
import { decodeMailedChange, type MailedChange } from '../../records/alarm-event.ts';

/** The changes of alarms in the log that no mail is known to have gone out for. Rejects as the log does. */
export async function unsentMails(log: MessageLog, mailsRecovery: boolean): Promise<MailedChange[]> {
  const unsent: MailedChange[] = [];
  for (let partition = 0; partition < log.partitions; partition += 1) {
    const { delivered } = await readLedger(log, partition);
    const { earliest, next } = await log.bounds('ALARM', partition);
    const from = Math.max(earliest, (await log.committed(MAILER_GROUP, 'ALARM', partition)) ?? earliest);
    for await (const batch of recordsBetween(log, 'ALARM', partition, from, next))
      for (const { i, value } of decodeRecords(batch, decodeMailedChange).read)
        if (
          batch.offset(i) >= from &&
          (value.event === 'raised' || mailsRecovery) &&
          !delivered.has(deliveryKey(value.alarm.id, value.event))
        )
          unsent.push(value);
  }
  return unsent;
}

/** Gives these mails up, as each alarm's custody then says, and all further mails that would have brought a client. Rejects as the log does. */
export async function skipMails(log: MessageLog, unsent: readonly MailedChange[], reason: string, at: number): Promise<void> {
  for (const { alarm, event } of unsent)
    await recordDelivery(log, {
      alarm: alarm.id,
      sensor: alarm.sensor,
      event,
      outcome: 'parked',
      messageId: '',
      reply: reason,
      attempts: 0,
      at,
    });
  for (const [group, topic] of [
    [MAILER_GROUP, 'ALARM'],
    [COMPLETION_GROUP, 'DELIVERY'],
  ] as const) {
    const subscription = await log.subscribe(group, group === MAILER_GROUP ? ['ALARM', 'DELIVERY'] : ['DELIVERY']);
    for (let partition = 0; partition < log.partitions; partition += 1)
      await subscription.commit(topic, partition, (await log.bounds(topic, partition)).next);
    await subscription.close();
  }
}
