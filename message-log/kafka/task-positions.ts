/** How far a task has come, as stored in STATE: its positions, and the ids of the topics they belong to. */
import { PermanentError } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';
import type { InputPositions } from '../port.ts';
import { parseJson } from '../../records/json.ts';
import { INPUTS, type InputTopic } from '../../records/topics.ts';

/** Ids of topics as the brokers assign them; a topic that is deleted and created again gets another. Unknown ones are missing. */
export type TopicIds = Partial<Record<InputTopic | 'STATE', string>>;

export interface TaskPositions {
  readonly positions: InputPositions;
  readonly topics: TopicIds;
}

/** Raised when an older version would misread the positions. Those without a number are in this first format too. */
const FORMAT = 1;

export function encodePositions({ positions, topics }: TaskPositions): Buffer {
  return Buffer.from(JSON.stringify({ v: FORMAT, ...positions, topics }));
}

/**
 * Undefined: another program's record, not positions. Positions of versions that didn't store topic ids have none. Throws PermanentError
 * `data-format` if a newer version wrote them: starting over would raise its alarms again.
 */
export function decodePositions(value: Buffer): TaskPositions | undefined {
  const json = parseJson(value.toString());
  if (typeof json !== 'object' || json === null) return undefined;
  const { v = FORMAT, topics, ...rest } = json as Partial<InputPositions> & { v?: unknown; topics?: unknown };
  if (typeof v === 'number' && v > FORMAT)
    throw new PermanentError(
      'data-format',
      `a newer version of Tocsin has written positions into STATE, in format ${v}; this is Tocsin ${VERSION}, which reads format ${FORMAT}. Start that version, or a newer one`,
    );
  const [entry, ok, action] = INPUTS.map((topic) => rest[topic]);
  if (!isPosition(entry) || !isPosition(ok) || !isPosition(action)) return undefined;
  return { positions: { ENTRY: entry, OK: ok, ACTION: action }, topics: idsIn(topics) };
}

function isPosition(value: number | undefined): value is number {
  return Number.isSafeInteger(value);
}

function idsIn(topics: unknown): TopicIds {
  if (typeof topics !== 'object' || topics === null) return {};
  const ids = topics as Readonly<Record<string, unknown>>;
  return Object.fromEntries([...INPUTS, 'STATE'].flatMap((topic) => (typeof ids[topic] === 'string' ? [[topic, ids[topic]]] : [])));
}
