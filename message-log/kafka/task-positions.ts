/** How far a task has come, as it stands in STATE: beside the positions, which topics they are of. */
import type { InputPositions } from '../port.ts';
import { INPUTS, type InputTopic } from '../../records/topics.ts';

/** Ids of topics as the brokers give them; a topic that was made anew has another one. Those that aren't known are missing. */
export type TopicIds = Partial<Record<InputTopic | 'STATE', string>>;

export interface TaskPositions {
  readonly positions: InputPositions;
  readonly topics: TopicIds;
}

export function encodePositions({ positions, topics }: TaskPositions): Buffer {
  return Buffer.from(JSON.stringify({ ...positions, topics }));
}

/** Undefined for what isn't positions: somebody else's record. Those of versions that didn't know the topics' ids have none. */
export function decodePositions(value: Buffer): TaskPositions | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString());
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { topics, ...rest } = parsed as Partial<InputPositions> & { topics?: unknown };
    const [entry, ok, action] = INPUTS.map((topic) => rest[topic]);
    if (!isPosition(entry) || !isPosition(ok) || !isPosition(action)) return undefined;
    return { positions: { ENTRY: entry, OK: ok, ACTION: action }, topics: idsIn(topics) };
  } catch {
    return undefined;
  }
}

function isPosition(value: number | undefined): value is number {
  return Number.isSafeInteger(value);
}

function idsIn(topics: unknown): TopicIds {
  if (typeof topics !== 'object' || topics === null) return {};
  const ids = topics as Readonly<Record<string, unknown>>;
  return Object.fromEntries([...INPUTS, 'STATE'].flatMap((topic) => (typeof ids[topic] === 'string' ? [[topic, ids[topic]]] : [])));
}
