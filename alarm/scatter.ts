/** The multiplier that scatters consecutive numbers most evenly (Knuth). */
export const GOLDEN = 0x9e3779b1;

/** Large ones would bring some consecutive ids close together. */
const QUOTIENTS = 3;
/** More than these don't change 32 bits. */
const TERMS = 32;

/**
 * A multiplier for tables whose keys are sensors' ids, which strangers may choose: ids chosen to lie together with one multiplier don't with most others. Consecutive
 * ids scatter about as evenly as with `GOLDEN`, because its continued fraction has small quotients only. Some millions are possible.
 * `random`: like Math.random.
 */
export function multiplierFrom(random: () => number): number {
  let fraction = 0;
  for (let i = 0; i < TERMS; i += 1) fraction = 1 / (1 + Math.floor(random() * QUOTIENTS) + fraction);
  return (Math.floor(fraction * 2 ** 32) | 1) >>> 0;
}
