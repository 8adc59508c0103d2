/**
 * The databases of the store's tree. lmdb finds a database by its name and makes an empty one where there is none, so a name that is none of these means that
 * one is hidden: by damage, or because a newer version made it.
 */
import { TOPICS } from '../../records/topics.ts';

/** Those with rows that other folders keep in the tree. */
const ROWS = [
  'alarms',
  'alarms-by-sensor',
  'alarms-by-time',
  'alarms-open',
  'clients',
  'custody',
  'minute-counts',
  'places',
  'sensor-states',
] as const;
export type RowsName = (typeof ROWS)[number];

/** Values with versions: what another process must not overwrite. */
export const META = 'meta';
const FIXED: ReadonlySet<string> = new Set([...ROWS, META, 'log', 'positions']);
const PARTITION = new RegExp(`^(log/(?:${TOPICS.join('|')})|state)/(0|[1-9]\\d{0,3})$`);
const BY_SENSOR: ReadonlySet<string> = new Set<RowsName>(['clients', 'places', 'sensor-states']);

export const isDatabaseName = (name: string): boolean => FIXED.has(name) || PARTITION.test(name);

/** How the rows of a database are stored. */
export const shapeOf = (name: string) => ({
  hasIntegerKeys: BY_SENSOR.has(name) || name.startsWith('state/'),
  hasVersions: name === META,
});

/** The name that became `bytes` when one bit of it changed; undefined if that can't be said. `bytes` are as in the tree, with the zero byte at the end. */
export function nameBefore(bytes: Buffer, others: ReadonlySet<string>): string | undefined {
  const names = Array.from({ length: 8 * bytes.length }, (_, bit) => {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    return nameIn(changed);
  }).filter((name) => name !== undefined && isDatabaseName(name) && !others.has(name));
  return names.length === 1 ? names[0] : undefined;
}

/** A name as it is in the tree, with a zero byte at its end; undefined if it has none. */
export function nameIn(key: Buffer): string | undefined {
  return key.at(-1) === 0 ? key.toString('latin1', 0, key.length - 1) : undefined;
}

/**
 * Partitions are numbered from 0 on, so one with a number beyond their count has the place of one that is missing: the names that can't be right, with the ones
 * that they must have been.
 */
export function misnumbered(names: ReadonlySet<string>): ReadonlyMap<string, string> {
  const partitions = [...names].flatMap((name) => {
    const [, group] = PARTITION.exec(name) ?? [];
    return group === undefined ? [] : [{ name, group }];
  });
  const meant = new Map<string, string>();
  for (const group of new Set(partitions.map((partition) => partition.group))) {
    const members = partitions.filter((partition) => partition.group === group).map(({ name }) => name);
    const expected = members.map((_, number) => `${group}/${number}`);
    const missing = expected.filter((name) => !names.has(name));
    for (const [i, name] of members.filter((member) => !expected.includes(member)).entries()) meant.set(name, missing[i] as string);
  }
  return meant;
}
