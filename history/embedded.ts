import { setImmediate as nextTurn } from 'node:timers/promises';
import { SealedRows } from '../message-log/embedded/sealed-rows.ts';
import type { Store } from '../message-log/embedded/store.ts';
import { OneAtATime } from '../processor/one-at-a-time.ts';
import type { DamagedRows } from '../runtime/damaged-rows.ts';
import type { History, MinuteCount, SensorState } from './port.ts';

const STATES_PER_COMMIT = 1_000;
/** Takes some milliseconds. */
const STATES_PER_BATCH = 1_000;
const COUNTS_PER_COMMIT = 1_000;

type StateValue = readonly [geohash: string, region: string, active: readonly string[], at: number];
type CountKey = [minute: number, type: string, region: string, partition: number];

/** The history in the embedded store: the latest state of every sensor, and the counts. A state that repeats the stored one keeps its `at`. */
export function openEmbeddedHistory(store: Pick<Store, 'root' | 'write'>, damagedRows: Pick<DamagedRows, 'found'>): History {
  const states = new SealedRows<StateValue, number>(store.root, 'sensor-states', {
    keyEncoding: 'uint32',
    read: stateValueIn,
    onDamaged: (sensor) =>
      damagedRows.found('shown-state', sensor, 'since when this sensor is as it is shown is not known, until it is written again'),
  });
  const counts = new SealedRows<number, CountKey | [number]>(store.root, 'minute-counts', {
    read: countIn,
    onDamaged: (key) => damagedRows.found('count', key.join(' '), 'these alarms are missing from the counts of that minute'),
  });

  const writes = new OneAtATime();
  const writeSome = async (batch: readonly SensorState[]): Promise<void> => {
    const changes = changesOf(batch, (sensor) => states.get(sensor));
    if (changes.size === 0) return;
    await store.write(() => {
      for (const [sensor, value] of changes) states.put(sensor, value);
    });
  };

  return {
    writeStates: async (batch) => {
      for (let i = 0; i < batch.length; i += STATES_PER_COMMIT) await writes.run(() => writeSome(batch.slice(i, i + STATES_PER_COMMIT)));
    },
    writeCounts: async (batch) => {
      for (let i = 0; i < batch.length; i += COUNTS_PER_COMMIT) {
        await store.write(() => {
          for (const { minute, type, region, partition, count } of batch.slice(i, i + COUNTS_PER_COMMIT)) {
            const key: CountKey = [minute, type, region, partition];
            if (count === 0) counts.remove(key);
            else counts.put(key, count);
          }
        });
      }
    },
    state: async (sensor) => {
      const value = states.get(sensor);
      if (value) return stateOf(sensor, value);
      return states.has(sensor) ? 'damaged' : undefined;
    },
    states: async function* () {
      for (let start = 0; ; ) {
        const rows = Array.from(states.range({ start, limit: STATES_PER_BATCH }));
        const last = rows.at(-1);
        if (!last) return;
        yield rows.flatMap(({ key, value }) => (value ? [stateOf(key, value)] : []));
        start = last.key + 1;
        await nextTurn();
      }
    },
    counts: async (from, to, type, onDamaged = () => undefined) => {
      const found: MinuteCount[] = [];
      for (const { key, value: count } of counts.range({ start: [from], end: [to] })) {
        const [minute, name, region, partition] = key as CountKey;
        if (type !== undefined && type !== name) continue;
        if (count === undefined) onDamaged(minute);
        else found.push({ minute, type: name, region, partition, count });
      }
      return found;
    },
    expire: async (before, limit) => {
      const old = Array.from(counts.keys({ start: [0], end: [before], limit }));
      await store.write(() => {
        for (const key of old) counts.remove(key);
      });
      return old.length;
    },
    close: () => writes.idle(),
  };
}

function changesOf(batch: readonly SensorState[], stored: (sensor: number) => StateValue | undefined): ReadonlyMap<number, StateValue> {
  const changes = new Map<number, StateValue>();
  for (const { sensor, geohash, region, active, at } of batch) {
    const known = changes.get(sensor) ?? stored(sensor);
    const value: StateValue = [geohash, region, active, at];
    if (known && (known[3] > at || contentOf(known) === contentOf(value))) continue;
    changes.set(sensor, value);
  }
  return changes;
}

/** A state without its time, in a form that is independent of the order of its types. */
function contentOf([geohash, region, active]: StateValue): string {
  return `${geohash} ${region} ${active.toSorted().join()}`;
}

function stateValueIn(decoded: unknown): StateValue | undefined {
  if (!Array.isArray(decoded) || decoded.length !== 4) return undefined;
  const [geohash, region, active, at]: readonly unknown[] = decoded;
  if (typeof geohash !== 'string' || typeof region !== 'string' || !Number.isSafeInteger(at)) return undefined;
  if (!Array.isArray(active) || !active.every((type) => typeof type === 'string')) return undefined;
  return [geohash, region, active, Number(at)];
}

function countIn(decoded: unknown): number | undefined {
  return typeof decoded === 'number' && Number.isSafeInteger(decoded) && decoded > 0 ? decoded : undefined;
}

function stateOf(sensor: number, [geohash, region, active, at]: StateValue): SensorState {
  return { sensor, geohash, region, active, at };
}
