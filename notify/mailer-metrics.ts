import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** `unread` gives records by partition; if it rejects, that metric is left out. */
export function mailerMetrics(registry: Registry, unfinished: () => number, unread: () => Promise<ReadonlyMap<number, number>>) {
  const registers = [registry];
  return {
    mailedSeconds: new Histogram({
      name: 'tocsin_alarm_mailed_seconds',
      help: 'From the receive time of the record that changed the alarm to the hand-over of its mail',
      labelNames: ['event'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400],
      registers,
    }),
    sent: new Counter({ name: 'tocsin_mails_sent_total', help: 'Mails handed over', labelNames: ['event'], registers }),
    deferred: new Counter({ name: 'tocsin_mails_deferred_total', help: 'Attempts that failed and are made again', registers }),
    parked: new Counter({ name: 'tocsin_mails_parked_total', help: 'Mails given up and records unreadable; each is in DEAD', registers }),
    known: new Counter({ name: 'tocsin_mails_already_delivered_total', help: 'Events met again whose mail is in the ledger', registers }),
    refusedRecipients: new Counter({
      name: 'tocsin_mail_recipients_refused_total',
      help: 'Recipients refused by the server in mails that it took for others',
      registers,
    }),
    recipientsParked: new Counter({
      name: 'tocsin_mail_recipients_parked_total',
      help: 'Recipients that did not get a mail which others got; each is in DEAD',
      registers,
    }),
    withoutClient: new Counter({
      name: 'tocsin_mails_without_client_total',
      help: "Mails sent without the client's data",
      labelNames: ['reason'],
      registers,
    }),
    completed: new Counter({
      name: 'tocsin_mails_completed_total',
      help: "Further mails with the client's data, for alarms that were mailed while the directory was away",
      registers,
    }),
    unfinished: new Gauge({
      name: 'tocsin_mails_unfinished',
      help: 'Mails taken in and neither sent nor parked',
      registers,
      collect() {
        this.set(unfinished());
      },
    }),
    unread: new Gauge({
      name: 'tocsin_mails_unread',
      help: 'Changes of alarms that wait in the log until their mails are taken in; graver ones are taken in before their turn',
      labelNames: ['partition'],
      registers,
      async collect() {
        this.reset();
        for (const [partition, records] of await unread().catch(() => new Map<number, number>())) this.set({ partition }, records);
      },
    }),
  };
}

export type MailerMetrics = ReturnType<typeof mailerMetrics>;
