import type { AlarmType } from '../alarm/status.ts';
import type { Message, Wording } from './message.ts';

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
/** What says yes all the same. */
const YES = ['True', 'TRUE', '1', '"1"', '"True"', '" true"'];
const DEGREES = [
  (text: string) => `"${text.replace('.', ',')}"`,
  (text: string) => text.replace('.', ','),
  (text: string) => `"${text} "`,
  (text: string) => `+${text}`,
  (text: string) => `0${text}`,
];

/** Wording for a hit of these types: that is said in an odd form, of which everybody sees what it means; the other detectors say rubbish. */
export function dirtyWording(
  { temperature, maxTemperature }: Pick<Message, 'temperature' | 'maxTemperature'>,
  types: readonly AlarmType[],
  chance: number,
): Wording {
  const pick = <T>(of: readonly T[], salt: number): T => of[(chance + salt) % of.length] as T;
  const degrees = (value: number, salt: number) => pick(DEGREES, salt)(value.toFixed(1));
  const hot = types.includes('temperature');
  return {
    motion: types.includes('motion') ? pick(YES, 1) : pick(RUBBISH, 1),
    smoke: types.includes('smoke') ? pick(YES, 2) : pick(RUBBISH, 2),
    temperature: hot ? degrees(temperature, 3) : pick(RUBBISH, 3),
    maxTemperature: hot ? degrees(maxTemperature, 4) : pick(RUBBISH, 4),
    at: pick(RUBBISH, 5),
  };
}
