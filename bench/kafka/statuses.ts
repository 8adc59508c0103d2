/** Statuses of a fleet of 50,000 sensors. Evenly spread among them, one in 2,000 raises an alarm. */
import { settingsFor } from './broker.ts';
import { GatheredRecords } from './gathered-records.ts';
import { openLog } from './log.ts';

const SENSORS = 50_000;
/** In each period one new sensor reports motion, and another new one reports smoke three times. */
const PERIOD = 4_000;
const ALARMS_PER_PERIOD = 2;
const APPENDED_AT_ONCE = 20_000;

/** The size of a backlog, rounded up to whole periods, and the number of alarms that it raises. */
export function backlogOf(records: number): { readonly records: number; readonly alarms: number } {
  const periods = Math.ceil(records / PERIOD);
  return { records: periods * PERIOD, alarms: periods * ALARMS_PER_PERIOD };
}

/** Writes the records to ENTRY as a proxy does, with our own client, since kafkajs would take minutes. */
export async function fillEntry(brokers: readonly string[], records: number): Promise<void> {
  const log = await openLog(settingsFor(brokers));
  try {
    let before: Promise<unknown> = Promise.resolve();
    for (let from = 0; from < records; from += APPENDED_AT_ONCE) {
      const appended = log.append('ENTRY', statuses(from, Math.min(from + APPENDED_AT_ONCE, records)), Date.now());
      // The next part is encoded while the previous one is being written.
      await before;
      before = appended;
    }
    await before;
  } finally {
    await log.close();
  }
}

function statuses(from: number, to: number): GatheredRecords {
  const records = new GatheredRecords(to - from);
  for (let i = from; i < to; i += 1) {
    const { id, motion, smoke } = readingOf(i);
    const temperature = (15 + ((i * 7) % 100) / 10).toFixed(1);
    records.add(id, `{"id":${id},"motion":${motion},"smoke":${smoke},"temperature":${temperature},"maxTemperature":30.0}`);
  }
  return records;
}

function readingOf(i: number): { readonly id: number; readonly motion: boolean; readonly smoke: boolean } {
  const period = Math.floor(i / PERIOD);
  const place = i % PERIOD;
  if (place === 1_000) return { id: 1_000_000 + period, motion: true, smoke: false };
  if (place === 2_000 || place === 2_500 || place === 3_000) return { id: 2_000_000 + period, motion: false, smoke: true };
  // Every sensor once per round, in a permuted order: 48,271 has no factor in common with 50,000.
  return { id: 1 + ((i * 48_271) % SENSORS), motion: false, smoke: false };
}
