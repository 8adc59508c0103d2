import { geohashOf, regionOf } from '../alarm/regions.ts';
import type { ClientRow } from './client.ts';
import type { Client, Place } from './port.ts';

type Coordinates = Pick<Place, 'latitude' | 'longitude'>;

/** Whether somebody can live there: on earth, and not at 0/0, which is in the sea and what programs write that don't know a place. */
export function isPlace({ latitude, longitude }: Coordinates): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude !== 0 || longitude !== 0);
}

/** The client with where it is: what is written to a directory. */
export function placed(row: ClientRow): Client {
  if (!isPlace(row)) return { ...row, geohash: '', region: '' };
  const geohash = geohashOf(row.latitude, row.longitude);
  return { ...row, geohash, region: regionOf(geohash) };
}
