import { geohashOf, regionOf } from '../../../alarm/regions.ts';
import type { ClientRow } from './client.ts';
import type { Client } from './port.ts';

/** The client with where it is: what is written to a directory. */
export function placed(row: ClientRow): Client {
  const geohash = geohashOf(row.latitude, row.longitude);
  return { ...row, geohash, region: regionOf(geohash) };
}
