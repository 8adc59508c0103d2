import { SELF } from '../../alarm/lifecycle.ts';

/** The names shown for actions of programs with the API token, and of the system itself. */
export const API_NAME = 'api';
const RESERVED = [SELF, API_NAME];

/** Characters that look like a Latin letter, without accents and in lower case: Cyrillic, Greek, Armenian and others. */
const LOOKS: Readonly<Record<string, string>> = {
  ...{ а: 'a', α: 'a', ɑ: 'a', р: 'p', ρ: 'p', þ: 'p', і: 'i', ι: 'i', ı: 'i', l: 'i', '1': 'i', '|': 'i', '!': 'i', ӏ: 'i', ɩ: 'i' },
  ...{
    т: 't',
    τ: 't',
    о: 'o',
    ο: 'o',
    օ: 'o',
    '0': 'o',
    ѻ: 'o',
    с: 'c',
    ϲ: 'c',
    ᴄ: 'c',
    ѕ: 's',
    ꜱ: 's',
    '5': 's',
    $: 's',
    п: 'n',
    η: 'n',
    ո: 'n',
    ռ: 'n',
    е: 'e',
    ε: 'e',
    у: 'y',
    γ: 'y',
    х: 'x',
    χ: 'x',
    к: 'k',
    κ: 'k',
    м: 'm',
    в: 'b',
    β: 'b',
    н: 'h',
    һ: 'h',
    ν: 'v',
    ѵ: 'v',
    υ: 'u',
    ս: 'u',
    ј: 'j',
    ԁ: 'd',
    ԛ: 'q',
    ԝ: 'w',
    ɡ: 'g',
    ց: 'g',
    ƒ: 'f',
    ᴢ: 'z',
  },
};

/** The form in which a name is stored: names that differ only in width, composition or blanks become the same. */
export function plainName(name: string): string {
  return name.normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/** What a reader sees of a name, whatever alphabet its letters are from: equal for names that can be mistaken for each other. */
export function lookOf(name: string): string {
  const letters = [...plainName(name).toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '')].filter((letter) =>
    /[\p{L}\p{N}|!$]/u.test(letter),
  );
  return letters.map((letter) => LOOKS[letter] ?? letter).join('');
}

/** Whether a reader could mistake the name for that of the system or of the API. */
export function isReserved(name: string): boolean {
  return RESERVED.some((reserved) => lookOf(name) === lookOf(reserved));
}
