/** Statuses of a fleet of 50,000 sensors and, evenly among them, those that raise an alarm: one in 2,000. */
import kafkajs from 'kafkajs';
import { partitionOf } from '../../message-log/partitioning.ts';

const SENSORS = 50_000;
/** In each of these one sensor moves and another one smokes three times, none of which was seen before. */
const PERIOD = 4_000;
const ALARMS_PER_PERIOD = 2;
const SENDS_OF = 40_000;

/** How many alarms a backlog of so many records raises; it is rounded up to whole periods. */
export function backlogOf(records: number): { readonly records: number; readonly alarms: number } {
  const periods = Math.ceil(records / PERIOD);
  return { records: periods * PERIOD, alarms: periods * ALARMS_PER_PERIOD };
}

/** Writes the records to ENTRY, as a proxy would have: keyed, each into the partition of its sensor. */
export async function fillEntry(connection: kafkajs.KafkaConfig, partitions: number, records: number): Promise<void> {
  const producer = new kafkajs.Kafka({ ...connection, logLevel: kafkajs.logLevel.NOTHING }).producer({ maxInFlightRequests: 1 });
  await producer.connect();
  try {
    for (let from = 0; from < records; from += SENDS_OF) {
      const messages = Array.from({ length: Math.min(SENDS_OF, records - from) }, (_, i) => messageOf(from + i, partitions));
      await producer.send({ topic: 'ENTRY', messages, acks: -1 });
    }
  } finally {
    await producer.disconnect();
  }
}

function messageOf(i: number, partitions: number): kafkajs.Message {
  const { id, motion, smoke } = readingOf(i);
  const temperature = (15 + ((i * 7) % 100) / 10).toFixed(1);
  const value = `{"id":${id},"motion":${motion},"smoke":${smoke},"temperature":${temperature},"maxTemperature":30.0}`;
  return { key: String(id), value, partition: partitionOf(id, partitions) };
}

function readingOf(i: number): { readonly id: number; readonly motion: boolean; readonly smoke: boolean } {
  const period = Math.floor(i / PERIOD);
  const place = i % PERIOD;
  if (place === 1_000) return { id: 1_000_000 + period, motion: true, smoke: false };
  if (place === 2_000 || place === 2_500 || place === 3_000) return { id: 2_000_000 + period, motion: false, smoke: true };
  // A permutation of the fleet, round after round: 48,271 has no factor in common with 50,000.
  return { id: 1 + ((i * 48_271) % SENSORS), motion: false, smoke: false };
}
