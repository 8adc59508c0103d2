import type { TestKafka } from '../servers/kafka.ts';

export const TOPICS_FILE = 'topics.json.gz';

/** Settings of an installation with its log on these brokers, and its other stores in its data folder. */
export function onKafka({ brokers }: TestKafka): Record<string, string> {
  return { TOCSIN_KAFKA_BROKERS: brokers.join(), TOCSIN_KAFKA_PARTITIONS: '2', TOCSIN_KAFKA_REPLICATION: '1' };
}
