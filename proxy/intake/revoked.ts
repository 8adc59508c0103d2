/** Sensors whose keys are no longer taken: stolen, sold, taken down. */
import { readFileSync } from 'node:fs';
import { SENSOR_ID_MAX } from '../../alarm/status.ts';
import { reasonOf } from '../../runtime/errors.ts';

/** More than a system has sensors; then another master secret is due. */
const SENSORS_MAX = 1_000_000;

export interface Revoked {
  readonly sensors: ReadonlySet<number>;
  readonly problem?: string;
}

/** Reads `7,1000-1999`, or `file:PATH` with one of these a line, where `#` begins a comment. A list that can't be read whole is a problem: nobody on it may get in. */
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
    // Not repeated: a wrong file may hold anything.
    if (first === undefined || to > SENSOR_ID_MAX || Number(first) > to)
      return { sensors, problem: `${where}entry ${index + 1} is not a sensor's id (0 to ${SENSOR_ID_MAX}) or a range of them` };
    if (sensors.size + to - Number(first) >= SENSORS_MAX) return { sensors, problem: `${where}has more than ${SENSORS_MAX} sensors` };
    for (let id = Number(first); id <= to; id += 1) sensors.add(id);
  }
  return { sensors };
}
