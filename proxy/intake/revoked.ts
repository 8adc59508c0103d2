/** Sensors whose keys are no longer accepted, because they were stolen, sold or taken down. */
import { readFileSync } from 'node:fs';
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { reasonOf } from '../../runtime/errors.ts';

/** More sensors than any system has. Whoever revokes this many needs a new master secret instead. */
const SENSORS_MAX = 1_000_000;

export interface Revoked {
  readonly sensors: ReadonlySet<number>;
  readonly problem?: string;
}

/** Reads `7,1000-1999`, or `file:PATH` with one of these per line, where `#` begins a comment. A list that is not fully readable is a problem, since nobody on it may get in. */
export function readRevoked(text: string): Revoked {
  if (!text.startsWith('file:')) return parse(text.split(','));
  const path = text.slice('file:'.length);
  try {
    return parse(
      readFileSync(path, 'utf8')
        .split('\n')
        .map((line) => line.replace(/#.*/, '')),
      `${path}: `,
    );
  } catch (error) {
    return { sensors: new Set(), problem: `${path} cannot be read: ${reasonOf(error)}` };
  }
}

function parse(entries: readonly string[], where = ''): Revoked {
  const sensors = new Set<number>();
  for (const [index, text] of entries.entries()) {
    const entry = text.trim();
    if (entry === '') continue;
    const [, first, last] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(entry) ?? [];
    const to = Number(last ?? first);
    // The entry is not quoted: a wrong file may contain anything.
    if (first === undefined || to > SENSOR_ID_MAX || Number(first) > to)
      return { sensors, problem: `${where}entry ${index + 1} is not a sensor's id (0 to ${SENSOR_ID_MAX}) or a range of them` };
    if (sensors.size + to - Number(first) >= SENSORS_MAX) return { sensors, problem: `${where}has more than ${SENSORS_MAX} sensors` };
    for (let id = Number(first); id <= to; id += 1) sensors.add(id);
  }
  return { sensors };
}
