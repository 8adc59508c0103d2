import geohash from 'ngeohash';

/** The regions of the reference system's dashboards, and Asia. Other is where nobody lives: Antarctica and the southern oceans. */
export const REGIONS = [
  'NorthAmerica',
  'SouthAmerica',
  'Oceania',
  'Mediterranean',
  'North',
  'UK',
  'NorthEurope',
  'CentroEurope',
  'Africa',
  'Asia',
  'Other',
] as const;
export type Region = (typeof REGIONS)[number];

/**
 * Patterns for the beginnings of geohashes. They don't overlap, and look at three characters at most (cells of 156 by 157 km), so a place near a border
 * may count as the neighbouring region's. Asia includes the Near East, Arabia, the Caucasus and Indonesia, whose cells it shares with other regions.
 */
export const REGION_PATTERNS: Readonly<Record<Exclude<Region, 'Other'>, RegExp>> = {
  NorthAmerica: /^(?:[89bcf]|d[14-7d-hjkmnp-z])/,
  SouthAmerica: /^(?:[3467]|d[02389bc])/,
  Oceania: /^(?:[2pr]|q[0-9b-hjkms-v]|x[0-9b-g])/,
  Mediterranean: /^(?:e[np-rw-z]|s[np-rwx]|sv[028b]|sy[0-4689b-gsu]|sz[0-9b-hksu]|u0[jnp]|u2[01])/,
  North: /^(?:g[0-9deghjkmnp-z]|u[bcjmnp-rtv-z]|v[013-79c-z]|y[13-79c-z]|z)/,
  UK: /^(?:gb[guv]|g[cf]|u1[02389bc])/,
  NorthEurope: /^(?:u1[yz]|u3[bcf]|u[4-7d-hksu])/,
  CentroEurope: /^(?:gb[0-9b-fhjkmnp-tw-z]|u0[0-9b-hkmq-z]|u1[14-7d-hjkmnp-x]|u2[2-9b-hjkmnp-z]|u3[0-9deghjkmnp-z]|u[89])/,
  Africa: /^(?:e[0-9b-hjkms-v]|[km]|s[0-9b-ehjkmst]|sf[0-9b-hjkmns-u]|sg[0-9b-dfh]|su[0-48b]|t[01])/,
  Asia: /^(?:q[np-rw-z]|sf[p-rv-z]|sg[egj-z]|su[5-79c-z]|sv[13-79c-z]|sy[57h-rtv-z]|sz[jm-rtv-z]|t[2-9b-z]|v[28b]|w|x[h-z]|y[028b])/,
};

const GEOHASH_LENGTH = 9;

/** The region of a geohash of three characters or more. */
export function regionOf(geohash: string): Region {
  return REGIONS.find((region) => region !== 'Other' && REGION_PATTERNS[region].test(geohash)) ?? 'Other';
}

/** A geohash of nine characters, a cell of 5 by 5 m. Throws RangeError for coordinates that aren't on earth. */
export function geohashOf(latitude: number, longitude: number): string {
  if (!(Math.abs(latitude) <= 90)) throw new RangeError(`latitude must be from -90 to 90, not ${latitude}`);
  if (!(Math.abs(longitude) <= 180)) throw new RangeError(`longitude must be from -180 to 180, not ${longitude}`);
  return geohash.encode(latitude, longitude, GEOHASH_LENGTH);
}

/** A cell of geohashes and its eight neighbours, itself first. */
export function around(cell: string): readonly string[] {
  return [cell, ...geohash.neighbors(cell)];
}
