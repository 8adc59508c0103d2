import { SELF } from '../../alarm/lifecycle.ts';

/** What the system does by itself, and programs with the API token, stand beside actions under these names. */
export const API_NAME = 'api';
const RESERVED = [SELF, API_NAME];

/** What looks like a letter of a reserved name: Cyrillic, Greek, Armenian and others, after accents are taken off. */
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
  },
};

/** A name in the one form in which it is stored: no two that look alike by width, composition or blanks are different. */
export function plainName(name: string): string {
  return name.normalize('NFKC').replace(/\s+/gu, ' ').trim();
}

/** Whether a reader of the log could take it for the system or for the API. */
export function isReserved(name: string): boolean {
  const letters = [...plainName(name).toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '')].filter((letter) =>
    /[\p{L}\p{N}|!$]/u.test(letter),
  );
  const seen = letters.map((letter) => LOOKS[letter] ?? letter).join('');
  return RESERVED.some((reserved) => seen === reserved.replaceAll('l', 'i'));
}
