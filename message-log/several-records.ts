import type { Records } from './port.ts';

/** For an append of a few records, in this order; texts are written in UTF-8. */
export function severalRecords(records: readonly { readonly key: number; readonly value: string }[]): Records {
  const values = records.map(({ value }) => Buffer.from(value));
  const ends: number[] = [];
  for (const { length } of values) ends.push((ends.at(-1) ?? 0) + length);
  return {
    length: records.length,
    bytes: Buffer.concat(values),
    keys: records.map(({ key }) => key),
    starts: [0, ...ends.slice(0, -1)],
    ends,
  };
}
