import { type Fields, textOf, type Wording } from './message.ts';

/** As home automation writes a value that it doesn't have. */
export const UNAVAILABLE = '"unavailable"';

/** What a detector that has nothing to say is heard to say, from reports of real devices: nobody can tell what it means. */
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
/** What says yes all the same, and what no. */
const YES = ['True', 'TRUE', '1', '"1"', '"True"', '" true"'];
const NO = ['False', 'FALSE', '0', '"0"', '"False"', '" false"'];
const NUMBERS = [
  (text: string) => `"${text.replace('.', ',')}"`,
  (text: string) => text.replace('.', ','),
  (text: string) => `"${text} "`,
  (text: string) => `+${text}`,
  (text: string) => `0${text}`,
];
/** Those that a minus sign may follow. */
const NEGATIVE_NUMBERS = NUMBERS.slice(0, 3);
/** Which piece of rubbish stands for the sensor's own time. */
const SALT_OF_AT = 5;

/** Wording for a reading of these fields: the readable ones are said in an odd form, of which everybody sees what it means; the others say rubbish. */
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
