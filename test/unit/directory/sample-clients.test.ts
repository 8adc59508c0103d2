import { describe, expect, it } from 'vitest';
import { REGIONS } from '../../../alarm/regions.ts';
import { CLIENT_COLUMNS } from '../../../directory/client.ts';
import { placed } from '../../../directory/placed.ts';
import { FIELD_LENGTH_MAX } from '../../../directory/row.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';
import { loadLand } from '../../../simulator/clients/land.ts';
import { readCities } from '../../../simulator/clients/world.ts';

const CLIENTS = [...generateClients(5_000, 11)];

describe('sample clients', () => {
  it('have ids from 1 on and every column filled', () => {
    expect(CLIENTS.map(({ id }) => id)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
    // Some countries have no post codes.
    const needed = CLIENT_COLUMNS.filter((column) => column !== 'zipcode');
    const isFilled = (text: string): boolean => text.length > 0 && text.length <= FIELD_LENGTH_MAX;
    expect(CLIENTS.filter((client) => !needed.every((column) => isFilled(String(client[column]))))).toEqual([]);
  });

  it('live on land', () => {
    const land = loadLand();
    expect(CLIENTS.filter(({ latitude, longitude }) => !land.contains(latitude, longitude))).toEqual([]);
  });

  it('live in every region that people live in', () => {
    const regions = new Set(CLIENTS.map((client) => placed(client).region));
    expect([...regions].toSorted()).toEqual(REGIONS.filter((region) => region !== 'Other').toSorted());
  });

  it('live within 60 km of the city in their address', () => {
    const cities = new Map(readCities().map((city) => [`${city.country} ${city.name}`, city]));
    for (const { country, city, latitude, longitude } of CLIENTS) {
      const at = cities.get(`${country} ${city}`);
      const north = (latitude - (at?.latitude ?? Number.NaN)) * 111.2;
      const east = (longitude - (at?.longitude ?? Number.NaN)) * 111.2 * Math.cos((latitude * Math.PI) / 180);
      expect(Math.hypot(north, east)).toBeLessThan(60);
    }
  });

  it('are nobody: addresses at example.com or example.org in plain letters, numbers that ring nowhere', () => {
    for (const { emailaddress, telephonenumber } of CLIENTS) {
      expect(emailaddress).toMatch(/^[a-z][a-z.-]*\d+@example\.(com|org)$/);
      expect(telephonenumber).toMatch(
        /^(\d{3}-555-01\d\d|020 7946 0\d{3}|\(0\d\) 5550 \d{4}|01 99 00 \d\d \d\d|020 91\d \d{4}|555 01\d\d)$/,
      );
    }
    expect(new Set(CLIENTS.map(({ username }) => username)).size).toBe(5_000);
  });

  it('have names of many scripts', () => {
    const scripts = [
      /\p{Script=Cyrillic}/u,
      /\p{Script=Arabic}/u,
      /\p{Script=Han}/u,
      /\p{Script=Hangul}/u,
      /\p{Script=Greek}/u,
      /[áéñüøł]/,
    ];
    for (const script of scripts) expect(CLIENTS.some(({ name, surname }) => script.test(name + surname))).toBe(true);
  });

  it('are the same people for the same seed, more of them only added, and others for another', () => {
    expect([...generateClients(5_000, 11)]).toEqual(CLIENTS);
    expect([...generateClients(100, 11)]).toEqual(CLIENTS.slice(0, 100));
    expect([...generateClients(100, 12)]).not.toEqual(CLIENTS.slice(0, 100));
  });
});

describe('land', () => {
  it.each([
    ['Madrid', 40.42, -3.7, true],
    ['Ayers Rock', -25.34, 131.04, true],
    ['Antarctica', -80, 20, true],
    ['Fiji beside the date line', -16.6, 179.4, true],
    ['the Pacific', 0, -150, false],
    ['the Caspian Sea', 42, 50.5, false],
    ['the North Sea', 56, 3, false],
    ['the North Pole', 89.9, 0, false],
  ])('knows %s', (_, latitude, longitude, expected) => {
    expect(loadLand().contains(latitude, longitude)).toBe(expected);
  });
});
