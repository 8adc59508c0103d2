import { readFileSync } from 'node:fs';

/** Names of people and streets in a language area. */
export interface Language {
  readonly female: readonly Name[];
  readonly male: readonly Name[];
  readonly surnames: readonly Name[];
  /** `#` stands for the house number. */
  readonly streets: readonly string[];
}

/** A name in its own spelling, and in plain letters for e-mail addresses. */
export interface Name {
  readonly written: string;
  readonly plain: string;
}

export interface City {
  readonly name: string;
  readonly country: string;
  readonly countryCode: string;
  /** Without `+`. */
  readonly dial: string;
  readonly language: Language;
  /** `#` a digit, `A` a letter; empty where the country has no post codes. */
  readonly zip: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Relative number of clients: about the root of the population, so that small countries aren't empty. */
  readonly weight: number;
}

/** The clients' cities. Places and dialling codes: GeoNames (geonames.org, CC BY 4.0); names and streets are made up. */
export function readCities(): readonly City[] {
  const languages = new Map(rowsOf('names.tsv').map(([code = '', ...columns]) => [code, languageOf(columns)]));
  const countries = new Map(rowsOf('countries.tsv').map((row) => [row[0], row]));
  return rowsOf('cities.tsv').map(([code = '', name = '', latitude, longitude, weight]) => {
    const [, country = '', dial = '', languageCode = '', zip = ''] = countries.get(code) ?? [];
    const language = languages.get(languageCode);
    if (!language) throw new Error(`no language for ${code}`);
    return {
      ...{ name, country, countryCode: code, dial, language, zip },
      ...{ latitude: Number(latitude), longitude: Number(longitude), weight: Number(weight) },
    };
  });
}

function rowsOf(file: string): string[][] {
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.slice(1).map((line) => line.split('\t'));
}

function languageOf([female = '', male = '', surnames = '', streets = '']: readonly string[]): Language {
  return { female: namesOf(female), male: namesOf(male), surnames: namesOf(surnames), streets: streets.split('|') };
}

function namesOf(list: string): Name[] {
  return list.split(' ').map((entry) => {
    const [written = '', plain] = entry.replaceAll('_', ' ').split('=');
    return { written, plain: plain ?? plainOf(written) };
  });
}

const LETTERS: Readonly<Record<string, string>> = { ß: 'ss', þ: 'th', ø: 'o', æ: 'ae', ł: 'l', đ: 'd', ı: 'i', ə: 'e' };

function plainOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[ßþøæłđıə]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFD')
    .replace(/[^a-z-]/g, '');
}
