import type { Database } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { openEmbeddedDirectory } from '../../directory/embedded.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import { clientOf as aClient } from '../support/alarms.ts';
import { directoryContract } from './directory.ts';

const clientOf = (id: number) => aClient({ id });

const NONE = { found: () => undefined };

directoryContract('embedded', async () => {
  const { store, close } = await openTemporaryStore();
  const directory = openEmbeddedDirectory(store, NONE);
  return { directory, close: async () => directory.close().then(close) };
});

async function bed() {
  const { store, close } = await openTemporaryStore();
  const told: string[] = [];
  const directory = openEmbeddedDirectory(store, { found: (kind, key) => void told.push(`${kind} ${key}`) });
  const rows = (name: string): Database<Buffer, number> => store.root.openDB({ name, keyEncoding: 'uint32', encoding: 'binary' });
  const places = async () => {
    const all = [];
    for await (const part of directory.places()) all.push(...part.placed);
    return all;
  };
  return { store, close, directory, told, rows, places };
}

describe('a damaged row of a client', () => {
  it('whichever bit has changed, is told by its key, and hides no other client', async () => {
    const { directory, told, rows, places, close } = await bed();
    await directory.put([clientOf(5), clientOf(7)]);
    const whole = Buffer.from(rows('clients').get(5) ?? []);
    for (let bit = 0; bit < whole.length * 8; bit += 7) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (whole[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await rows('clients').put(5, changed);
      expect(await directory.find(5)).toBe('damaged');
    }
    expect(new Set(told)).toEqual(new Set(['client 5']));
    expect(await directory.find(7)).toEqual(clientOf(7));
    expect((await places()).map(({ sensor }) => sensor)).toEqual([5, 7]);
    await directory.put([clientOf(5)]);
    expect(await directory.find(5)).toEqual(clientOf(5));
    await close();
  });

  it('costs no place on the map where only the place is damaged', async () => {
    const { directory, told, rows, places, close } = await bed();
    await directory.put([clientOf(5), clientOf(7)]);
    const before = await places();
    const row = Buffer.from(rows('places').get(5) ?? []);
    row[12] = (row[12] ?? 0) ^ 0x40;
    await rows('places').put(5, row);
    expect(await places()).toEqual(before);
    expect(told).toEqual(['place 5']);
    await close();
  });
});

describe('rows of an earlier version', () => {
  it('are read, without checksums, and known for damaged where they are no row of a client', async () => {
    const { store, directory, rows, told, places, close } = await bed();
    const { id, latitude, longitude, geohash, region, ...texts } = clientOf(5);
    const { emailaddress, title, occupation, company, username, ...first } = texts;
    const columns = [id, ...Object.values(first), latitude, longitude, emailaddress, title, occupation, company, username, geohash, region];
    const earlier = store.root.openDB({ name: 'clients', keyEncoding: 'uint32', encoding: 'msgpack' });
    await earlier.put(5, columns);
    await earlier.put(6, columns.slice(1));
    const place = Buffer.alloc(25 + region.length);
    place.writeDoubleLE(latitude, 0);
    place.writeDoubleLE(longitude, 8);
    place.write(geohash + region, 16, 'latin1');
    await rows('places').put(5, place);
    expect(await directory.find(5)).toEqual(clientOf(5));
    expect(await places()).toEqual([{ sensor: 5, latitude, longitude, geohash, region }]);
    expect(await directory.find(6)).toBe('damaged');
    expect(told).toEqual(['client 6']);
    await close();
  });
});
