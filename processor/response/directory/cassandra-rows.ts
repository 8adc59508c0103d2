import { geohashOf, REGIONS, regionOf } from '../../../alarm/regions.ts';
import type { Row } from '../../cassandra/session.ts';
import { CLIENT_COLUMNS } from './client.ts';
import type { Client, Place } from './port.ts';

/** The columns of the table in the order of their values. */
export const ROW_COLUMNS = [...CLIENT_COLUMNS, 'geohash', 'dashboard'] as const;

export function valuesOf(client: Client): unknown[] {
  return [...CLIENT_COLUMNS.map((column) => client[column]), client.geohash, client.region];
}

/** Rows of the reference system's own loader lack geohash and dashboard, and may lack anything but the id. */
export function clientOf(row: Row): Client {
  const columns = CLIENT_COLUMNS.map((column) => [column, row[column] ?? '']);
  const { latitude, longitude, geohash, region } = whereabouts(row);
  return { ...Object.fromEntries(columns), latitude, longitude, geohash, region } as Client;
}

/** Undefined for a client who is nowhere on earth. */
export function placeOf(row: Row): Place | undefined {
  const place = whereabouts(row);
  return isOnEarth(place) ? { sensor: row.id as number, ...place } : undefined;
}

/** Coordinates as they are stored, NaN where there are none. What is stored of geohash and region holds, as far as it can be meant. */
function whereabouts(row: Row): Omit<Place, 'sensor'> {
  const [latitude, longitude] = [(row.latitude as number | null) ?? Number.NaN, (row.longitude as number | null) ?? Number.NaN];
  const stored = (row.geohash as string | null) || undefined;
  const geohash = stored ?? (isOnEarth({ latitude, longitude }) ? geohashOf(latitude, longitude) : '');
  const dashboard = row.dashboard as string | null;
  return { latitude, longitude, geohash, region: REGIONS.find((region) => region === dashboard) ?? regionOf(geohash) };
}

function isOnEarth({ latitude, longitude }: Pick<Place, 'latitude' | 'longitude'>): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
}
