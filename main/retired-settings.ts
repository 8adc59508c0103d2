/** What a value of the environment is in a row of a type. */
const KEYS = { HITS: 'hits', WITHIN: 'within', SEVERITY: 'severity' };

/** A value that can be shown and copied as it is; any other is left to whoever set it. */
const PLAIN = /^\w{1,20}$/;

/** Settings of earlier versions, and what to do with a value that is still set: nobody may take for granted what no longer has an effect. */
export const RETIRED_SETTINGS: ReadonlyMap<string, (value: string) => string> = new Map(
  ['motion', 'smoke', 'temperature'].flatMap((type) =>
    Object.entries(KEYS).map(([suffix, key]) => [
      `TOCSIN_${type.toUpperCase()}_${suffix}`,
      (value) => `remove it, and write types: { ${type}: { ${key}: ${PLAIN.test(value) ? value : '…'} } } into tocsin.yaml`,
    ]),
  ),
);
