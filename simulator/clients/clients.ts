import type { ClientRow } from '../../directory/client.ts';
import { COMPANIES, OCCUPATIONS } from './occupations.ts';
import { type Land, loadLand } from './land.ts';
import { phoneOf } from './phone.ts';
import { mixed, Random } from '../random.ts';
import { digits, pick } from './choice.ts';
import { type City, readCities } from './world.ts';

const KM_PER_DEGREE = 111.2;
const SCATTER_KM_MAX = 50;
const TRIES_FOR_LAND = 300;

/**
 * Sample clients with ids 1 to `count`, all over the world, on land. Nobody is real: addresses end in example.com or example.org, phone
 * numbers are in ranges reserved for fiction. The same seed gives the same people, and a larger count only adds to them. The client `placeless` has no
 * coordinates.
 */
export function* generateClients(count: number, seed: number, placeless?: number): Iterable<ClientRow> {
  const land = loadLand();
  const cities = readCities();
  const chooseCity = weighted(cities);
  for (let id = 1; id <= count; id += 1) {
    const random = new Random(mixed(seed, id));
    const client = clientOf(id, chooseCity(random), land, random);
    yield id === placeless ? { ...client, latitude: Number.NaN, longitude: Number.NaN } : client;
  }
}

function clientOf(id: number, city: City, land: Land, random: Random): ClientRow {
  const female = random.next() < 0.5;
  const name = pick(random, female ? city.language.female : city.language.male);
  const surname = pick(random, city.language.surnames);
  const username = `${name.plain}.${surname.plain}${id}`;
  const [latitude, longitude] = homeNear(city, land, random);
  return {
    id,
    name: name.written,
    surname: surname.written,
    gender: female ? 'female' : 'male',
    nationalid: `${city.countryCode}-${digits(random, 8)}-${digits(random, 1)}`,
    birthday: birthdayOf(random),
    streetaddress: pick(random, city.language.streets).replace('#', String(1 + random.below(240))),
    city: city.name,
    zipcode: city.zip.replace(/[#A]/g, (sign) => (sign === '#' ? digits(random, 1) : pick(random, LETTERS))),
    country: city.country,
    telephonecountrycode: city.dial,
    telephonenumber: phoneOf(city, random),
    latitude,
    longitude,
    emailaddress: `${username}@example.${random.next() < 0.7 ? 'com' : 'org'}`,
    title: titleOf(female, random),
    occupation: pick(random, OCCUPATIONS),
    company: `${random.next() < 0.6 ? surname.written : city.name} ${pick(random, COMPANIES)}`,
    username,
  };
}

/** Letters that occur in the post codes of every country that uses letters. */
const LETTERS = [...'ABCEGHJKLMNPRSTVX'];

function titleOf(female: boolean, random: Random): string {
  if (random.next() < 0.06) return 'Dr.';
  if (!female) return 'Mr.';
  return random.next() < 0.5 ? 'Ms.' : 'Mrs.';
}

function birthdayOf(random: Random): string {
  const days = random.below(25_567);
  return new Date(Date.UTC(1936, 0, 1) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Dense in the centre, sparser outwards, wider for larger cities. Tries until the place is on land. */
function homeNear(city: City, land: Land, random: Random): readonly [latitude: number, longitude: number] {
  const spreadKm = Math.min(14, 2 + city.weight / 8);
  for (let i = 0; i < TRIES_FOR_LAND; i += 1) {
    const distance = Math.min(SCATTER_KM_MAX, -Math.log(1 - random.next()) * (spreadKm + i / 10)) / KM_PER_DEGREE;
    const angle = random.next() * 2 * Math.PI;
    const latitude = round5(city.latitude + distance * Math.sin(angle));
    const longitude = round5(city.longitude + (distance * Math.cos(angle)) / Math.cos((city.latitude * Math.PI) / 180));
    if (land.contains(latitude, longitude)) return [latitude, longitude];
  }
  return [city.latitude, city.longitude];
}

/** Rounds to about a metre. */
function round5(degrees: number): number {
  return Math.round(degrees * 100_000) / 100_000;
}

function weighted(cities: readonly City[]): (random: Random) => City {
  let total = 0;
  const upTo = cities.map(({ weight }) => (total += weight));
  return (random) => {
    const at = random.next() * total;
    let low = 0;
    let high = upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return cities[low] as City;
  };
}
