import type { Client } from './port.ts';

/** A client as in files: the 19 columns without computed fields. */
export type ClientRow = Omit<Client, 'geohash' | 'region'>;

/** In the order of the reference system's files and table. */
export const CLIENT_COLUMNS = [
  'id',
  'name',
  'surname',
  'gender',
  'nationalid',
  'birthday',
  'streetaddress',
  'city',
  'zipcode',
  'country',
  'telephonecountrycode',
  'telephonenumber',
  'latitude',
  'longitude',
  'emailaddress',
  'title',
  'occupation',
  'company',
  'username',
] as const satisfies readonly (keyof ClientRow)[];
