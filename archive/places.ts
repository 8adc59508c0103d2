import { Gauge, type Registry } from 'prom-client';
import { reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import type { Directory } from '../directory/port.ts';
import type { Archive, ArchivedAlarm } from './port.ts';

export interface PlacesDeps {
  readonly archive: Archive;
  readonly directory: Directory;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

type PlaceName = Pick<ArchivedAlarm, 'region' | 'geohash'>;

const NOWHERE: PlaceName = { region: '', geohash: '' };
/** At most this many are on the list; the others are found in the archive at the next start. */
const WAITING_MAX = 50_000;
const TRIED_PER_STEP = 500;
const PART = 'archiver directory';

/** Adds places to alarms. An alarm whose sensor isn't in the directory, or can't be looked up, is archived without a place and completed later. */
export class Places {
  readonly #deps: PlacesDeps;
  /** Sensors by the ids of alarms without a place, the longest waiting first. */
  readonly #waiting = new Map<string, number>();

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
    const waiting = this.#waiting;
    new Gauge({
      name: 'tocsin_archive_places_missing',
      help: 'Archived alarms whose sensor is not in the directory, or could not be looked up yet',
      registers: [deps.registry],
      collect() {
        this.set(waiting.size);
      },
    });
  }

  /** The places that are known, by sensor. Never rejects: once the directory fails, the remaining sensors aren't looked up. */
  async of(sensors: Iterable<number>): Promise<ReadonlyMap<number, PlaceName>> {
    const places = new Map<number, PlaceName>();
    try {
      for (const sensor of sensors) {
        if (places.has(sensor)) continue;
        const client = await this.#deps.directory.find(sensor);
        if (client && client !== 'damaged') places.set(sensor, { region: client.region, geohash: client.geohash });
      }
      this.#deps.health.report(PART, undefined);
    } catch (error) {
      this.#deps.health.report(PART, `alarms are archived without their place: ${reasonOf(error)}`);
    }
    return places;
  }

  /** Returns the alarm with its place; without one, it is put on the list of those to complete. */
  locate(alarm: Omit<ArchivedAlarm, keyof PlaceName>, places: ReadonlyMap<number, PlaceName>): ArchivedAlarm {
    const place = places.get(alarm.sensor);
    if (place) this.#waiting.delete(alarm.id);
    else this.#wait(alarm.id, alarm.sensor);
    return { ...alarm, ...(place ?? NOWHERE) };
  }

  /** Puts open alarms that an earlier process left without a place on the list. Rejects as the archive does. */
  async recall(): Promise<void> {
    for await (const alarms of this.#deps.archive.open()) {
      for (const { id, sensor, region } of alarms) if (region === '') this.#wait(id, sensor);
      if (this.#waiting.size >= WAITING_MAX) return;
    }
  }

  /** Tries to complete the next few of the list. Rejects as the archive does. */
  async completeSome(): Promise<void> {
    const tried = [...this.#waiting].slice(0, TRIED_PER_STEP);
    const places = await this.of(tried.map(([, sensor]) => sensor));
    const completed: ArchivedAlarm[] = [];
    for (const [id, sensor] of tried) {
      const place = places.get(sensor);
      const alarm = place && (await this.#deps.archive.find(id));
      this.#waiting.delete(id);
      if (alarm && alarm !== 'damaged') completed.push({ ...alarm, ...place });
      else if (!place) this.#wait(id, sensor);
    }
    if (completed.length > 0) await this.#deps.archive.put(completed, []);
  }

  #wait(id: string, sensor: number): void {
    if (this.#waiting.has(id) || this.#waiting.size < WAITING_MAX) this.#waiting.set(id, sensor);
  }
}
