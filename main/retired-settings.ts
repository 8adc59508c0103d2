/** What a value of the environment is in a row of a type. */
const KEYS = { HITS: 'hits', WITHIN: 'within', SEVERITY: 'severity' };

/** A value that can be shown for copying as it is; any other is shown as `…`. */
const PLAIN = /^\w{1,20}$/;

/** Settings of earlier versions, and what to do if one is still set: nobody should rely on a setting that no longer has an effect. */
export const RETIRED_SETTINGS: ReadonlyMap<string, (value: string) => string> = new Map(
  ['motion', 'smoke', 'temperature'].flatMap((type) =>
    Object.entries(KEYS).map(([suffix, key]) => [
      `TOCSIN_${type.toUpperCase()}_${suffix}`,
      (value) => `remove it, and write types: { ${type}: { ${key}: ${PLAIN.test(value) ? value : '…'} } } into tocsin.yaml`,
    ]),
  ),
);
