import { types } from 'cassandra-driver';
import { geohashOf, REGIONS, regionOf } from '../alarm/regions.ts';
import type { Row } from '../cassandra/session.ts';
import { CLIENT_COLUMNS } from './client.ts';
import { isPlace } from './placed.ts';
import type { Client, Place } from './port.ts';

/** The columns of the table, in the order of `valuesOf`. */
export const ROW_COLUMNS = [...CLIENT_COLUMNS, 'geohash', 'dashboard'] as const;

export function valuesOf(client: Client): unknown[] {
  const known = CLIENT_COLUMNS.map((column) => (Number.isNaN(client[column]) ? null : client[column]));
  return [...known, client.geohash, client.region];
}

/**
 * Tolerates missing columns: rows that the reference system has loaded lack geohash and dashboard, and may lack anything but the id. In a table that another
 * program has made, a telephone number may be a number.
 */
export function clientOf(row: Row): Client {
  const columns = CLIENT_COLUMNS.map((column) => [column, textIn(row[column])]);
  const { latitude, longitude, geohash, region } = whereabouts(row);
  return { ...Object.fromEntries(columns), id: row.id, latitude, longitude, geohash, region } as Client;
}

export function placeOf(row: Row): Place {
  return { sensor: row.id as number, ...whereabouts(row) };
}

/** The stored coordinates, NaN if there are none. A stored geohash and a region that we know are kept, otherwise they are computed. */
function whereabouts(row: Row): Omit<Place, 'sensor'> {
  const [latitude, longitude] = [degreesIn(row.latitude), degreesIn(row.longitude)];
  const coordinates = { latitude, longitude };
  if (!isPlace(coordinates)) return { ...coordinates, geohash: '', region: '' };
  const stored: unknown = row.geohash;
  const geohash = typeof stored === 'string' && GEOHASH.test(stored) ? stored : geohashOf(latitude, longitude);
  const dashboard = row.dashboard as string | null;
  return { ...coordinates, geohash, region: REGIONS.find((region) => region === dashboard) ?? regionOf(geohash) };
}

const GEOHASH = /^[0-9b-hjkmnp-z]{1,12}$/;

function textIn(column: unknown): string {
  if (typeof column === 'string') return column;
  return typeof column === 'number' || column instanceof types.Long ? String(column) : '';
}

/** NaN for whatever isn't a number, as in a table of another program. */
function degreesIn(column: unknown): number {
  return typeof column === 'number' ? column : Number.NaN;
}
