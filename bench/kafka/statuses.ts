/** Statuses of a fleet of 50,000 sensors and, evenly among them, those that raise an alarm: one in 2,000. */
import { settingsFor } from './broker.ts';
import { GatheredRecords } from './gathered-records.ts';
import { openLog } from './log.ts';

const SENSORS = 50_000;
/** In each of these one sensor moves and another one smokes three times, none of which was seen before. */
const PERIOD = 4_000;
const ALARMS_PER_PERIOD = 2;
const APPENDED_AT_ONCE = 20_000;

/** How many alarms a backlog of so many records raises; it is rounded up to whole periods. */
export function backlogOf(records: number): { readonly records: number; readonly alarms: number } {
  const periods = Math.ceil(records / PERIOD);
  return { records: periods * PERIOD, alarms: periods * ALARMS_PER_PERIOD };
}

/** Writes the records to ENTRY as a proxy does, with our own client: kafkajs would take minutes. */
export async function fillEntry(brokers: readonly string[], records: number): Promise<void> {
  const log = await openLog(settingsFor(brokers));
  try {
    let before: Promise<unknown> = Promise.resolve();
    for (let from = 0; from < records; from += APPENDED_AT_ONCE) {
      const appended = log.append('ENTRY', statuses(from, Math.min(from + APPENDED_AT_ONCE, records)), Date.now());
      // One is encoded while the one before is on its way.
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
  // A permutation of the fleet, round after round: 48,271 has no factor in common with 50,000.
  return { id: 1 + ((i * 48_271) % SENSORS), motion: false, smoke: false };
}
