import type { Random } from '../random.ts';
import { digits, pick } from './choice.ts';
import type { City } from './world.ts';

/** A number that nobody has: from the country's range reserved for fiction, otherwise 555 01xx. */
export function phoneOf({ dial }: City, random: Random): string {
  switch (dial) {
    case '1':
      return `${2 + random.below(8)}${digits(random, 2)}-555-01${digits(random, 2)}`;
    case '44':
      return `020 7946 0${digits(random, 3)}`;
    case '61':
      return `(0${pick(random, ['2', '3', '7', '8'])}) 5550 ${digits(random, 4)}`;
    case '33':
      return `01 99 00 ${digits(random, 2)} ${digits(random, 2)}`;
    case '353':
      return `020 91${digits(random, 1)} ${digits(random, 4)}`;
    default:
      return `555 01${digits(random, 2)}`;
  }
}
