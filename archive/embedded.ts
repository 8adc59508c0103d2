import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AlarmState } from '../alarm/alarm.ts';
import { SealedRows } from '../message-log/embedded/sealed-rows.ts';
import type { Store } from '../message-log/embedded/store.ts';
import { OneAtATime } from '../processor/one-at-a-time.ts';
import type { DamagedRows } from '../runtime/damaged-rows.ts';
import { withoutEvidence } from './brief-alarm.ts';
import { cursorOf, placeOfCursor } from './cursor.ts';
import type { AlarmPage, AlarmQuery, Archive, ArchivedAlarm, BriefAlarm, CustodyEntry, DamagedAlarm } from './port.ts';
import { inOrderOfTime } from './custody.ts';

/** A page examines at most this many alarms, which takes some 20 ms. */
const SCANNED_PER_PAGE = 20_000;
/** Takes a few milliseconds. */
const OPEN_PER_PART = 500;
const ALARMS_PER_COMMIT = 500;
const CUSTODY_PER_COMMIT = 2_000;
const OVER: AlarmState = 'CLEARED_ACK';

/** The time when an alarm was raised and its id, after the sensor in the order by sensor. Read backwards: newest first, then the greater id. */
type IndexKey = (number | string)[];
/**
 * The fields that filters need, so that a page loads only the alarms that it returns. For open alarms also the alarm without its readings, so that none
 * has to be loaded to know them all; earlier versions left it out.
 */
type IndexValue = readonly [state: AlarmState, type: string, region: string, sensor: number, alarm?: BriefAlarm];
type Index = SealedRows<IndexValue, IndexKey>;

/** The archive in the embedded store: alarms by id, and three indexes: by time, by sensor, and of those that are not over. */
export function openEmbeddedArchive(store: Pick<Store, 'root' | 'write'>, damagedRows: Pick<DamagedRows, 'found'>): Archive {
  return new EmbeddedArchive(store, damagedRows);
}

class EmbeddedArchive implements Archive {
  readonly #store: Pick<Store, 'root' | 'write'>;
  readonly #alarms: SealedRows<ArchivedAlarm, string>;
  readonly #byTime: Index;
  readonly #bySensor: Index;
  readonly #open: Index;
  readonly #custody: SealedRows<CustodyEntry, string[]>;
  /** One at a time, because a write depends on what is stored and must read what the previous one has committed. */
  readonly #writes = new OneAtATime();
  readonly #onDamaged: (id: string) => void;

  constructor(store: Pick<Store, 'root' | 'write'>, damagedRows: Pick<DamagedRows, 'found'>) {
    this.#store = store;
    const { root } = store;
    this.#onDamaged = (id) =>
      damagedRows.found('alarm', id, 'lists say that it is missing, until it changes again; if it is open, npm run repair restores it');
    this.#alarms = new SealedRows(root, 'alarms', { onDamaged: this.#onDamaged });
    // What an index says is also in the alarm.
    const index = { onDamaged: () => undefined };
    this.#byTime = new SealedRows(root, 'alarms-by-time', index);
    this.#bySensor = new SealedRows(root, 'alarms-by-sensor', index);
    this.#open = new SealedRows(root, 'alarms-open', index);
    this.#custody = new SealedRows(root, 'custody', {
      onDamaged: (key) => damagedRows.found('custody', key.join(' '), 'this step is missing from the custody of its alarm'),
    });
  }

  put(alarms: readonly ArchivedAlarm[], custody: readonly { readonly alarm: string; readonly entry: CustodyEntry }[]): Promise<void> {
    return this.#writes.run(async () => {
      const steps = Math.max(Math.ceil(alarms.length / ALARMS_PER_COMMIT), Math.ceil(custody.length / CUSTODY_PER_COMMIT));
      for (let step = 0; step < steps; step += 1) {
        const rows = this.#newer(alarms.slice(step * ALARMS_PER_COMMIT, (step + 1) * ALARMS_PER_COMMIT));
        const entries = custody.slice(step * CUSTODY_PER_COMMIT, (step + 1) * CUSTODY_PER_COMMIT);
        await this.#store.write(() => {
          for (const row of rows) this.#putAlarm(row);
          for (const { alarm, entry } of entries) this.#custody.put([alarm, entry.key], entry);
        });
      }
    });
  }

  async find(id: string): Promise<ArchivedAlarm | 'damaged' | undefined> {
    return this.#alarms.get(id) ?? (this.#alarms.has(id) ? 'damaged' : undefined);
  }

  async custody(id: string): Promise<readonly CustodyEntry[]> {
    return inOrderOfTime(
      Array.from(this.#custody.range({ start: [id], end: [id, LAST] }), ({ value }) => value).filter((entry) => entry !== undefined),
    );
  }

  async query(query: AlarmQuery): Promise<AlarmPage> {
    const after = query.cursor === undefined ? undefined : placeOfCursor(query.cursor);
    const { index, prefix } = this.#indexFor(query);
    const start = after ? [...prefix, after.raisedAt, after.id] : [...prefix, query.to ?? Number.MAX_SAFE_INTEGER];
    const end = [...prefix, query.from ?? 0];
    const alarms: ArchivedAlarm[] = [];
    const damaged: DamagedAlarm[] = [];
    const page = (cursor: string | undefined): AlarmPage => ({ alarms, cursor, ...(damaged.length === 0 ? {} : { damaged }) });
    let scanned = 0;
    for (const { key, value } of index.range({ start, end, reverse: true, limit: SCANNED_PER_PAGE + 1 })) {
      const [raisedAt, id] = key.slice(prefix.length) as [number, string];
      if (id === after?.id) continue;
      const said = value ?? this.#indexed(id);
      if (!said || matches(query, raisedAt, said)) {
        const alarm = this.#alarms.get(id);
        if (alarm) alarms.push(alarm);
        else damaged.push(this.#damaged(id, raisedAt, said));
      }
      scanned += 1;
      if (alarms.length >= query.limit || scanned >= SCANNED_PER_PAGE) return page(cursorOf({ raisedAt, id }));
    }
    return page(undefined);
  }

  async *open(onDamaged: (alarm: DamagedAlarm) => void = () => undefined): AsyncGenerator<readonly BriefAlarm[]> {
    for (let start: IndexKey | undefined; ; await nextTurn()) {
      const options = { reverse: true, limit: OPEN_PER_PART, ...(start && { start, exclusiveStart: true }) };
      const rows = Array.from(this.#open.range(options));
      if (rows.length > 0) yield rows.flatMap(({ key, value }) => this.#brief(key, value, onDamaged) ?? []);
      if (rows.length < OPEN_PER_PART) return;
      start = rows.at(-1)?.key;
    }
  }

  expire(before: number, limit: number): Promise<number> {
    return this.#writes.run(async () => {
      const over: { readonly raisedAt: number; readonly id: string; readonly sensor: number }[] = [];
      for (const { key, value } of this.#byTime.range({ start: [0], end: [before] })) {
        const said = value ?? this.#indexed(key[1] as string);
        if (said?.[0] === OVER) over.push({ raisedAt: key[0] as number, id: key[1] as string, sensor: said[3] });
        if (over.length >= limit) break;
      }
      const custody = over.flatMap(({ id }) => Array.from(this.#custody.keys({ start: [id], end: [id, LAST] })));
      await this.#store.write(() => {
        for (const { raisedAt, id, sensor } of over) {
          this.#alarms.remove(id);
          this.#byTime.remove([raisedAt, id]);
          this.#bySensor.remove([sensor, raisedAt, id]);
        }
        for (const key of custody) this.#custody.remove(key);
      });
      return over.length;
    });
  }

  async close(): Promise<void> {
    await this.#writes.idle();
  }

  /** The alarms that have to be written: no lower version over a higher one, and no known place lost. */
  #newer(alarms: readonly ArchivedAlarm[]): Iterable<ArchivedAlarm> {
    const rows = new Map<string, ArchivedAlarm>();
    for (const alarm of alarms) {
      const known = rows.get(alarm.id) ?? this.#alarms.get(alarm.id);
      if (known && known.version > alarm.version) {
        if (known.region === '' && alarm.region !== '') rows.set(alarm.id, { ...known, region: alarm.region, geohash: alarm.geohash });
      } else rows.set(alarm.id, known && alarm.region === '' ? { ...alarm, region: known.region, geohash: known.geohash } : alarm);
    }
    return rows.values();
  }

  #brief(key: IndexKey, value: IndexValue | undefined, onDamaged: (alarm: DamagedAlarm) => void): BriefAlarm | undefined {
    const brief = value?.[4];
    if (brief) return brief;
    const [raisedAt, id] = key as [number, string];
    const alarm = this.#alarms.get(id);
    if (alarm) return withoutEvidence(alarm);
    onDamaged(this.#damaged(id, raisedAt, value));
    return undefined;
  }

  /** An alarm that an index has: its row is damaged, or no longer found under its id. */
  #damaged(id: string, raisedAt: number, said: IndexValue | undefined): DamagedAlarm {
    this.#onDamaged(id);
    return { id, sensor: said?.[3], type: said?.[1], raisedAt };
  }

  /** What a damaged row of an index said; undefined: the alarm is damaged too. */
  #indexed(id: string): IndexValue | undefined {
    const alarm = this.#alarms.get(id);
    return alarm && indexValueOf(alarm);
  }

  #putAlarm(alarm: ArchivedAlarm): void {
    const { id, raisedAt, sensor, state } = alarm;
    const value = indexValueOf(alarm);
    this.#alarms.put(id, alarm);
    this.#byTime.put([raisedAt, id], value);
    this.#bySensor.put([sensor, raisedAt, id], value);
    if (state === OVER) this.#open.remove([raisedAt, id]);
    else this.#open.put([raisedAt, id], [state, alarm.type, alarm.region, sensor, withoutEvidence(alarm)]);
  }

  /** The smallest index that contains everything that matches. */
  #indexFor({ sensor, states }: AlarmQuery): { readonly index: Index; readonly prefix: readonly number[] } {
    if (sensor !== undefined) return { index: this.#bySensor, prefix: [sensor] };
    return { index: states && !states.includes(OVER) ? this.#open : this.#byTime, prefix: [] };
  }
}

function indexValueOf({ state, type, region, sensor }: ArchivedAlarm): IndexValue {
  return [state, type, region, sensor];
}

/** After every key of custody. */
const LAST = '\uffff';

function matches({ states, type, region, to }: AlarmQuery, raisedAt: number, value: IndexValue): boolean {
  return (
    (to === undefined || raisedAt < to) &&
    (states === undefined || states.includes(value[0])) &&
    (type === undefined || type === value[1]) &&
    (region === undefined || region === value[2])
  );
}
