import { geohashOf, regionOf } from '../alarm/regions.ts';
import type { ClientRow } from './client.ts';
import type { Client, Place } from './port.ts';

type Coordinates = Pick<Place, 'latitude' | 'longitude'>;

/** Whether the coordinates are on earth and not 0/0, which lies in the sea and is what programs write for an unknown place. */
export function isPlace({ latitude, longitude }: Coordinates): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude !== 0 || longitude !== 0);
}

/** Adds geohash and region, as a directory stores them. */
export function placed(row: ClientRow): Client {
  if (!isPlace(row)) return { ...row, geohash: '', region: '' };
  const geohash = geohashOf(row.latitude, row.longitude);
  return { ...row, geohash, region: regionOf(geohash) };
}
