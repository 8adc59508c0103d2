import type { Alarm } from '../../alarm/alarm.ts';
import { takeBack } from '../../alarm/take-back.ts';
import { emptyState, type SensorState, StateFormat, type StoredSensor, UnreadableState } from '../../alarm/sensor-state.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import type { Archive, BriefAlarm } from '../../archive/port.ts';
import type { MessageLog, StateDelta, TaskLog } from '../../message-log/port.ts';
import { partitionOf } from '../../message-log/partitioning.ts';

export interface Agreed {
  /** Alarms that only the archive had, or in a later version than the sensor's state: restored there, so that they can be acknowledged and cleared. */
  readonly known: readonly Alarm[];
  /** Alarms that only the sensors' states had, or in a later version than the archive: restored there, so that they are shown. */
  readonly shown: readonly Alarm[];
}

/**
 * Makes the archive and the sensors' states agree on the open alarms after part of either was lost: the later version of each alarm wins, and none is
 * dropped. No task may be running. Rejects as the log and the archive do.
 */
export async function agreeOnOpenAlarms(log: MessageLog, archive: Archive, types: TypeSet, now: number): Promise<Agreed> {
  const open: BriefAlarm[] = [];
  for await (const alarms of archive.open()) open.push(...alarms);
  const [known, shown]: [Alarm[], Alarm[]] = [[], []];
  const release = await log.own({
    assigned: async (task) => {
      const mine = open.filter(({ sensor }) => partitionOf(sensor, log.partitions) === task.partition);
      const agreed = await agreeIn(task, mine, archive, types, now);
      known.push(...agreed.known);
      shown.push(...agreed.shown);
    },
    revoked: async () => undefined,
  });
  await release();
  return { known, shown };
}

async function agreeIn(task: TaskLog, archived: readonly BriefAlarm[], archive: Archive, types: TypeSet, now: number): Promise<Agreed> {
  const format = new StateFormat(types);
  const sensors = new Map<number, StoredSensor>();
  // A sensor with a damaged state counts as one without a state: the archive's alarms are restored to it.
  const positions = await task.restore(
    (sensor, value) => {
      const stored = readable(format, value);
      if (stored) sensors.set(sensor, stored);
    },
    () => undefined,
  );
  const [known, shown]: [Alarm[], Alarm[]] = [[], []];
  const changed = new Map<number, StoredSensor>();
  for (const { id, sensor, version } of archived) {
    const before = changed.get(sensor) ?? sensors.get(sensor);
    const remembered = before?.state && alarmsOf(before.state).find((own) => own.id === id);
    if (remembered && remembered.version >= version) continue;
    const found = await archive.find(id);
    // Without its readings, a damaged one can't be restored.
    if (!found || found === 'damaged') continue;
    const { region: _, geohash: __, ...alarm } = found;
    const state = before?.state ?? emptyState();
    takeBack(state, alarm, types, now);
    changed.set(alarm.sensor, { known: before?.known ?? types.bitsOf([]), faults: before?.faults, state });
    known.push(alarm);
  }
  const deltas: StateDelta[] = [...changed].map(([key, stored]) => {
    const json = format.toJson(stored);
    return { key, value: json === undefined ? null : Buffer.from(json) };
  });
  if (deltas.length > 0) await task.commit([], deltas, positions);
  for (const { state } of sensors.values())
    for (const alarm of state ? alarmsOf(state) : []) {
      const found = await archive.find(alarm.id);
      const stored = found === 'damaged' ? undefined : found;
      if (stored && stored.version >= alarm.version) continue;
      await archive.put([{ ...alarm, region: stored?.region ?? '', geohash: stored?.geohash ?? '' }], []);
      shown.push(alarm);
    }
  return { known, shown };
}

/** Undefined if the value is damaged. Throws NewerState. */
function readable(format: StateFormat, value: Buffer): StoredSensor | undefined {
  try {
    return format.fromJson(value.toString());
  } catch (error) {
    if (error instanceof UnreadableState) return undefined;
    throw error;
  }
}

function alarmsOf({ types, ended }: SensorState): readonly Alarm[] {
  return [...types.flatMap(({ open }) => open), ...ended];
}
