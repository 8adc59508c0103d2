import { ACTION_KINDS, type Action, type ActionKind, DISPOSITIONS, type Disposition } from './alarm.ts';
import { SENSOR_ID_MAX } from './status.ts';

/** Longest note, in characters. */
export const NOTE_MAX = 2_000;

const NAME_MAX = 200;

/** An action that can't be carried out. `action`: as much of it as an answer to whoever asked needs, if it can be read; its version is 0 if that can't. */
export interface BadAction {
  readonly problem: string;
  readonly action?: Action;
}

/** Reads a record of topic ACTION, which another process wrote: the action, or what is wrong with it. */
export function parseAction(json: string): Action | BadAction {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: 'not valid JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'must be a JSON object' };
  const { id, alarm, sensor, kind, version, by, note, disposition } = value as Record<string, unknown>;
  if (!isName(id)) return { problem: `id must be a text of 1 to ${NAME_MAX} characters` };
  if (!isName(alarm)) return { problem: `alarm must be a text of 1 to ${NAME_MAX} characters` };
  if (!isWhole(sensor, 0) || sensor > SENSOR_ID_MAX) return { problem: `sensor must be a whole number from 0 to ${SENSOR_ID_MAX}` };
  if (!isOneOf<ActionKind>(kind, ACTION_KINDS)) return { problem: `kind must be one of ${ACTION_KINDS.join(', ')}` };
  if (!isName(by)) return { problem: `by must be a text of 1 to ${NAME_MAX} characters` };
  const action: Action = {
    id,
    alarm,
    sensor,
    kind,
    version: isWhole(version, 1) ? version : 0,
    by,
    ...(isNote(note) && { note }),
    ...(isOneOf<Disposition>(disposition, DISPOSITIONS) && { disposition }),
  };
  const problem = problemOf(action, note, disposition);
  return problem === undefined ? action : { problem, action };
}

/** What is wrong with the rest of an action, once it is known who asked for it. */
function problemOf(action: Action, note: unknown, disposition: unknown): string | undefined {
  if (action.version === 0) return 'version must be a whole number from 1';
  if (note !== undefined && action.note === undefined) return `note must be a text of 1 to ${NOTE_MAX} characters`;
  if (disposition !== undefined && action.disposition === undefined) return `disposition must be one of ${DISPOSITIONS.join(', ')}`;
  if (action.kind === 'note' && note === undefined) return 'note is missing';
  if (action.kind === 'disposition' && disposition === undefined) return 'disposition is missing';
  return undefined;
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
