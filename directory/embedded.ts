import { setImmediate as pause } from 'node:timers/promises';
import type { Database } from 'lmdb';
import type { RowsName } from '../message-log/embedded/database-names.ts';
import type { Store } from '../message-log/embedded/store.ts';
import { isPlace } from './placed.ts';
import { seal, unseal } from '../message-log/embedded/sealed-row.ts';
import type { DamagedRows } from '../runtime/damaged-rows.ts';
import type { Client, Directory, Place } from './port.ts';

const CLIENTS: RowsName = 'clients';
const PLACES: RowsName = 'places';
/** Keeps a commit to a few milliseconds, since a running system that shares the store has to wait for it. */
const CLIENTS_PER_COMMIT = 1_000;
const PLACES_PER_PART = 5_000;
const IDS_PER_PART = 20_000;

/**
 * The directory in the embedded store: clients by sensor id, and beside each a small record of where it is. Both carry checksums; those that earlier
 * versions wrote are msgpack and bare places.
 */
export function openEmbeddedDirectory(store: Pick<Store, 'root' | 'write'>, damagedRows: Pick<DamagedRows, 'found'>): Directory {
  const clients: Database<Buffer, number> = store.root.openDB({ name: CLIENTS, keyEncoding: 'uint32', encoding: 'binary' });
  const earlier: Database<unknown, number> = store.root.openDB({ name: CLIENTS, keyEncoding: 'uint32', encoding: 'msgpack' });
  const places: Database<Buffer, number> = store.root.openDB({ name: PLACES, keyEncoding: 'uint32', encoding: 'binary' });

  const find = (sensor: number): Client | 'damaged' | undefined => {
    const row = clients.get(sensor);
    // A place without a client: the key of its row is damaged.
    if (row === undefined && !places.doesExist(sensor)) return undefined;
    const value = row && unseal(sensor, row);
    const client = value && clientOf(value === row ? decoded(() => earlier.get(sensor)) : decoded(() => JSON.parse(value.toString())));
    if (client?.id === sensor) return client;
    damagedRows.found('client', sensor, 'alarms of this sensor are mailed and shown without the client: import the client again');
    return 'damaged';
  };
  /** A damaged place is also in the client's row. */
  const placeIn = (sensor: number, row: Buffer): Place => {
    const value = unseal(sensor, row);
    if (value !== undefined && value.length >= REGION_AT) return placeOf(sensor, value);
    damagedRows.found('place', sensor, "the client's row is read instead: import the client again");
    const client = find(sensor);
    if (client === undefined || client === 'damaged') return { sensor, ...NOWHERE };
    const { latitude, longitude, geohash, region } = client;
    return { sensor, latitude, longitude, geohash, region };
  };

  return {
    find: async (sensor) => find(sensor),
    put: async (batch) => {
      for (let i = 0; i < batch.length; i += CLIENTS_PER_COMMIT) {
        await store.write(() => {
          for (const client of batch.slice(i, i + CLIENTS_PER_COMMIT)) {
            void clients.put(client.id, seal(client.id, Buffer.from(JSON.stringify(columnsOf(client)))));
            void places.put(client.id, seal(client.id, placeValueOf(client)));
          }
        });
      }
    },
    size: async () => (clients.getStats() as { entryCount: number }).entryCount,
    places: async function* (from = '0') {
      for (let start: number | undefined = Number(from); start !== undefined; ) {
        const part: Place[] = Array.from(places.getRange({ start, limit: PLACES_PER_PART }), ({ key, value }) => placeIn(key, value));
        const last: Place | undefined = part.at(-1);
        start = last && part.length === PLACES_PER_PART ? last.sensor + 1 : undefined;
        yield {
          placed: part.filter(isPlace),
          unplaced: part.filter((place) => !isPlace(place)).map(({ sensor }) => sensor),
          next: start === undefined ? undefined : String(start),
        };
        await pause();
      }
    },
    ids: async function* (from = '0') {
      for (let start: number | undefined = Number(from); start !== undefined; ) {
        const ids: number[] = Array.from(clients.getKeys({ start, limit: IDS_PER_PART }));
        const last = ids.at(-1);
        start = last !== undefined && ids.length === IDS_PER_PART ? last + 1 : undefined;
        yield { ids, next: start === undefined ? undefined : String(start) };
        await pause();
      }
    },
    close: async () => undefined,
  };
}

const NOWHERE = { latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' };

/** What a damaged row is decoded to may be anything, or nothing. */
function decoded(decode: () => unknown): unknown {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** The 19 columns, geohash and region. Without field names, values are half the size and twice as fast to read. */
type ClientValue = readonly [
  id: number,
  name: string,
  surname: string,
  gender: string,
  nationalid: string,
  birthday: string,
  streetaddress: string,
  city: string,
  zipcode: string,
  country: string,
  telephonecountrycode: string,
  telephonenumber: string,
  latitude: number | null,
  longitude: number | null,
  emailaddress: string,
  title: string,
  occupation: string,
  company: string,
  username: string,
  geohash: string,
  region: string,
];

function columnsOf(client: Client): ClientValue {
  return [
    client.id,
    client.name,
    client.surname,
    client.gender,
    client.nationalid,
    client.birthday,
    client.streetaddress,
    client.city,
    client.zipcode,
    client.country,
    client.telephonecountrycode,
    client.telephonenumber,
    client.latitude,
    client.longitude,
    client.emailaddress,
    client.title,
    client.occupation,
    client.company,
    client.username,
    client.geohash,
    client.region,
  ];
}

const COORDINATES: ReadonlySet<number> = new Set([12, 13]);

/** JSON has no NaN, but null in its place. */
function isClientValue(value: unknown): value is ClientValue {
  return (
    Array.isArray(value) &&
    value.length === 21 &&
    value.every((column: unknown, i) =>
      i === 0 || COORDINATES.has(i) ? typeof column === 'number' || (column === null && i > 0) : typeof column === 'string',
    )
  );
}

/** Undefined: it isn't a client's row. */
function clientOf(value: unknown): Client | undefined {
  if (!isClientValue(value)) return undefined;
  return {
    id: value[0],
    name: value[1],
    surname: value[2],
    gender: value[3],
    nationalid: value[4],
    birthday: value[5],
    streetaddress: value[6],
    city: value[7],
    zipcode: value[8],
    country: value[9],
    telephonecountrycode: value[10],
    telephonenumber: value[11],
    latitude: value[12] ?? Number.NaN,
    longitude: value[13] ?? Number.NaN,
    emailaddress: value[14],
    title: value[15],
    occupation: value[16],
    company: value[17],
    username: value[18],
    geohash: value[19],
    region: value[20],
  };
}

const GEOHASH_LENGTH = 9;
const GEOHASH_AT = 16;
const REGION_AT = GEOHASH_AT + GEOHASH_LENGTH;

/** Latitude and longitude as doubles, then geohash and region as text. */
function placeValueOf({ latitude, longitude, geohash, region }: Client): Buffer {
  const value = Buffer.allocUnsafe(REGION_AT + Buffer.byteLength(region, 'latin1'));
  value.writeDoubleLE(latitude, 0);
  value.writeDoubleLE(longitude, 8);
  value.write(geohash.padEnd(GEOHASH_LENGTH), GEOHASH_AT, 'latin1');
  value.write(region, REGION_AT, 'latin1');
  return value;
}

function placeOf(sensor: number, value: Buffer): Place {
  return {
    sensor,
    latitude: value.readDoubleLE(0),
    longitude: value.readDoubleLE(8),
    geohash: value.toString('latin1', GEOHASH_AT, REGION_AT).trimEnd(),
    region: value.toString('latin1', REGION_AT),
  };
}
