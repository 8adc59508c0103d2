/** The contract of every directory. What was put can be read once `put` has resolved. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Directory, Place } from '../../directory/port.ts';
import { clientOf } from '../support/alarms.ts';

/** Creates an empty directory. */
export type OpenDirectory = () => Promise<{ readonly directory: Directory; close(): Promise<void> }>;

export function directoryContract(name: string, open: OpenDirectory): void {
  describe(`directory: ${name}`, () => {
    let fixture: Awaited<ReturnType<OpenDirectory>>;
    let directory: Directory;

    beforeEach(async () => {
      fixture = await open();
      directory = fixture.directory;
    });
    afterEach(() => fixture.close());

    it('finds nobody in an empty directory', async () => {
      expect(await directory.find(42_959)).toBeUndefined();
      expect(await directory.size()).toBe(0);
      expect(await allPlaces(directory)).toEqual([]);
      expect(await allIds(directory)).toEqual([]);
    });

    it('lists every sensor that has a client once, with and without a place, and goes on after any part', async () => {
      const ids = [0, 2_147_483_647, ...Array.from({ length: 1_200 }, (_, i) => ((i * 7_919) % 1_200) * 1_789_569 + 1)];
      await directory.put(ids.map((id) => clientOf({ id, ...(id % 3 === 0 && { latitude: Number.NaN }) })));
      await directory.put([clientOf({ id: 0, city: 'York' })]);
      expect(await allIds(directory)).toEqual(ids.toSorted((a, b) => a - b));
      const seen: number[] = [];
      let from: string | undefined;
      do {
        for await (const part of directory.ids(from)) {
          seen.push(...part.ids);
          from = part.next;
          break;
        }
      } while (from !== undefined);
      expect(seen.toSorted((a, b) => a - b)).toEqual(ids.toSorted((a, b) => a - b));
    });

    it('gives back every field of a client as it was put', async () => {
      const client = clientOf({ surname: 'O\'Брайен, 山本 "Zoë"', company: '', streetaddress: 'شارع الحرية 5' });
      await directory.put([client]);
      expect(await directory.find(client.id)).toEqual(client);
    });

    it('takes the smallest and the greatest id and coordinates at the edges of the world', async () => {
      const edges = [clientOf({ id: 0, latitude: -90, longitude: 180 }), clientOf({ id: 2_147_483_647, latitude: 90, longitude: -180 })];
      await directory.put(edges);
      expect(await directory.find(0)).toEqual(edges[0]);
      expect(await directory.find(2_147_483_647)).toEqual(edges[1]);
      expect(sensorsOf(await allPlaces(directory))).toEqual([0, 2_147_483_647]);
    });

    it('replaces a client that is put again, and counts it once', async () => {
      await directory.put([clientOf({ city: 'Leeds' })]);
      await directory.put([clientOf({ city: 'York' }), clientOf({ city: 'Hull', region: 'North', latitude: 53.74 })]);
      expect(await directory.find(42_959)).toMatchObject({ city: 'Hull' });
      expect(await directory.size()).toBe(1);
      expect(await allPlaces(directory)).toMatchObject([{ sensor: 42_959, region: 'North', latitude: 53.74 }]);
    });

    it('keeps a client without a place with all fields, and lists its sensor apart from the places', async () => {
      const nowhere = clientOf({ id: 7, latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' });
      const halfway = clientOf({ id: 8, latitude: 53.8, longitude: Number.NaN, geohash: '', region: '' });
      const atSea = clientOf({ id: 9, latitude: 0, longitude: 0, geohash: '', region: '' });
      await directory.put([nowhere, halfway, clientOf(), atSea]);
      expect(await directory.find(7)).toEqual(nowhere);
      expect(await directory.find(8)).toEqual(halfway);
      expect(await directory.size()).toBe(4);
      expect(sensorsOf(await allPlaces(directory))).toEqual([42_959]);
      expect(await allUnplaced(directory)).toEqual([7, 8, 9]);
      await directory.put([clientOf({ id: 7 }), clientOf({ latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' })]);
      expect(sensorsOf(await allPlaces(directory))).toEqual([7]);
      expect(await allUnplaced(directory)).toEqual([8, 9, 42_959]);
    });

    it('continues after the last part that came', async () => {
      const ids = Array.from({ length: 5_600 }, (_, i) => i * 3);
      await directory.put(ids.map((id) => (id % 2 === 0 ? clientOf({ id }) : clientOf({ id, latitude: Number.NaN }))));
      const seen: number[] = [];
      let from: string | undefined;
      let parts = 0;
      do {
        // One part each time, as if each next one failed.
        for await (const { placed, unplaced, next } of directory.places(from)) {
          seen.push(...sensorsOf(placed), ...unplaced);
          from = next;
          parts += 1;
          break;
        }
      } while (from !== undefined);
      expect(parts).toBeGreaterThan(1);
      expect(seen.sort((a, b) => a - b)).toEqual(ids);
    });

    it('gives every place once, without the person', async () => {
      const ids = Array.from({ length: 2_345 }, (_, i) => ((i * 7_919) % 2_345) * 13 + 1);
      await directory.put(ids.map((id) => clientOf({ id, latitude: (id % 1_800) / 10 - 90, longitude: 12.345_67 })));
      const places = await allPlaces(directory);
      expect(sensorsOf(places)).toEqual(ids.toSorted((a, b) => a - b));
      expect(places.find(({ sensor }) => sensor === 1)).toEqual({
        sensor: 1,
        latitude: -89.9,
        longitude: 12.345_67,
        geohash: 'gcwfhf0kz',
        region: 'UK',
      });
      expect(await directory.size()).toBe(2_345);
    });
  });
}

/** Sorted, since a directory needn't keep any order. */
function sensorsOf(places: readonly Place[]): number[] {
  return places.map(({ sensor }) => sensor).sort((a, b) => a - b);
}

async function allPlaces(directory: Directory): Promise<Place[]> {
  const all: Place[] = [];
  for await (const { placed } of directory.places()) all.push(...placed);
  return all;
}

async function allIds(directory: Directory): Promise<number[]> {
  const all: number[] = [];
  for await (const { ids } of directory.ids()) all.push(...ids);
  return all.sort((a, b) => a - b);
}

async function allUnplaced(directory: Directory): Promise<number[]> {
  const all: number[] = [];
  for await (const { unplaced } of directory.places()) all.push(...unplaced);
  return all.sort((a, b) => a - b);
}
