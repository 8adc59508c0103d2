import kafkajs, { type Consumer, type KafkaConfig } from 'kafkajs';

/** Reads ALARM, committed records only, and counts the alarms that were raised. */
export class AlarmWatch {
  readonly #consumer: Consumer;
  readonly #seen = new Set<string>();
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  /** Alarms that came more than once. */
  doubled = 0;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  static async open(connection: KafkaConfig, group: string): Promise<AlarmWatch> {
    const kafka = new kafkajs.Kafka({ ...connection, logLevel: kafkajs.logLevel.NOTHING });
    const watch = new AlarmWatch(kafka.consumer({ groupId: group, readUncommitted: false, maxWaitTimeInMs: 50 }));
    await watch.#consumer.connect();
    await watch.#consumer.subscribe({ topic: 'ALARM', fromBeginning: true });
    const joined = new Promise<void>((resolve) => {
      watch.#consumer.on('consumer.group_join', () => resolve());
    });
    await watch.#consumer.run({ autoCommit: false, eachMessage: async ({ message }) => watch.#take(message.value?.toString() ?? '{}') });
    await joined;
    return watch;
  }

  get raised(): number {
    return this.#seen.size;
  }

  /** Resolves once this many different alarms were raised. */
  async reached(count: number): Promise<void> {
    if (this.raised >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
  }

  #take(value: string): void {
    const raised = raisedIn(value);
    if (!raised) return;
    const key = `${raised.sensor} ${raised.type}`;
    if (this.#seen.has(key)) this.doubled += 1;
    this.#seen.add(key);
    for (const { count, resolve } of this.#waiting) if (this.raised === count) resolve();
  }
}

/** The alarm that a record of ALARM raises. Our events nest it, the peer's don't. */
export function raisedIn(value: string): { readonly sensor: number; readonly type: string } | undefined {
  const { event, alarm, ...flat } = JSON.parse(value) as { event: string; alarm?: { sensor: number; type: string } };
  if (event !== 'raised') return undefined;
  return alarm ?? (flat as unknown as { sensor: number; type: string });
}
