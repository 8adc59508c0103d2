import { type Fields, textOf, type Wording } from './message.ts';

/** How home automation writes a missing value. */
export const UNAVAILABLE = '"unavailable"';

/** Values without meaning, from reports of real devices. */
const RUBBISH = [
  UNAVAILABLE,
  'nan',
  'NaN',
  '-nan',
  'inf',
  '-Infinity',
  '1.#QNAN',
  'null',
  'None',
  'undefined',
  '',
  '""',
  '"nan"',
  '1e999',
  '{}',
  '[nan]',
];
/** Unusual forms of true and false. */
const YES = ['True', 'TRUE', '1', '"1"', '"True"', '" true"'];
const NO = ['False', 'FALSE', '0', '"0"', '"False"', '" false"'];
const NUMBERS = [
  (text: string) => `"${text.replace('.', ',')}"`,
  (text: string) => text.replace('.', ','),
  (text: string) => `"${text} "`,
  (text: string) => `+${text}`,
  (text: string) => `0${text}`,
];
/** The forms that work with a minus sign. */
const NEGATIVE_NUMBERS = NUMBERS.slice(0, 3);
/** Chooses the rubbish that is sent as the sensor's own time. */
const SALT_OF_AT = 5;

/** Wording for a reading of these fields: the readable ones in an unusual but clear form, the others rubbish. */
export function dirtyWording(fields: Fields, readable: readonly string[], chance: number): Wording {
  const pick = <T>(of: readonly T[], salt: number): T => of[(chance + salt) % of.length] as T;
  const oddly = (held: boolean | number, salt: number): string => {
    if (typeof held === 'boolean') return pick(held ? YES : NO, salt);
    return pick(held < 0 ? NEGATIVE_NUMBERS : NUMBERS, salt)(textOf(held));
  };
  const worded = Object.entries(fields).map(([name, held], i) => {
    const salt = i + 1 < SALT_OF_AT ? i + 1 : i + 2;
    return [name, readable.includes(name) ? oddly(held, salt) : pick(RUBBISH, salt)] as const;
  });
  return { ...Object.fromEntries(worded), at: pick(RUBBISH, SALT_OF_AT) };
}
