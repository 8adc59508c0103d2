import { ACTION_KINDS, type Action, type ActionKind, DISPOSITIONS, type Disposition } from './alarm.ts';
import { SENSOR_ID_MAX } from './status.ts';

/** Longest note, in characters. */
export const NOTE_MAX = 2_000;

const NAME_MAX = 200;

/** The action in a record of topic ACTION, which another process wrote; or what is wrong with it. */
export function parseAction(json: string): Action | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return 'not valid JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a JSON object';
  const { id, alarm, sensor, kind, version, by, note, disposition } = value as Record<string, unknown>;
  if (!isName(id)) return `id must be a text of 1 to ${NAME_MAX} characters`;
  if (!isName(alarm)) return `alarm must be a text of 1 to ${NAME_MAX} characters`;
  if (!isWhole(sensor, 0) || sensor > SENSOR_ID_MAX) return `sensor must be a whole number from 0 to ${SENSOR_ID_MAX}`;
  if (!isOneOf<ActionKind>(kind, ACTION_KINDS)) return `kind must be one of ${ACTION_KINDS.join(', ')}`;
  if (!isWhole(version, 1)) return 'version must be a whole number from 1';
  if (!isName(by)) return `by must be a text of 1 to ${NAME_MAX} characters`;
  if (note !== undefined && !isNote(note)) return `note must be a text of 1 to ${NOTE_MAX} characters`;
  if (disposition !== undefined && !isOneOf<Disposition>(disposition, DISPOSITIONS)) {
    return `disposition must be one of ${DISPOSITIONS.join(', ')}`;
  }
  if (kind === 'note' && note === undefined) return 'note is missing';
  if (kind === 'disposition' && disposition === undefined) return 'disposition is missing';
  return { id, alarm, sensor, kind, version, by, ...(note !== undefined && { note }), ...(disposition !== undefined && { disposition }) };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_MAX;
}

function isNote(value: unknown): value is string {
  return typeof value === 'string' && value.trim().length > 0 && value.length <= NOTE_MAX;
}

function isWhole(value: unknown, from: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= from;
}

function isOneOf<T extends string>(value: unknown, all: readonly T[]): value is T {
  return all.includes(value as T);
}
