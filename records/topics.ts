/**
 * Every topic of the log, a row each: what lies in it, for how long, who writes it and who reads it. The embedded log's files, Kafka's topics and
 * rights, and the tables in docs/ follow from here.
 */

/** The roles that work with the log; main/roles.ts has a row for each of them, and for no other. */
const LOG_ROLES = ['proxy', 'processor', 'mailer', 'archiver', 'history', 'console'] as const;
export type LogRole = (typeof LOG_ROLES)[number];
/** Everything that works with the log: the roles, and a program beside them. */
export const LOG_USERS = [...LOG_ROLES, 'dead-letters'] as const;
export type LogUser = (typeof LOG_USERS)[number];

export interface TopicRow {
  /** Stands for the topic in files of the embedded log. It never changes and is never given to another topic. */
  readonly id: number;
  /** What a record is, for people. */
  readonly holds: string;
  /** The file that decodes a record's value and defines its fields. */
  readonly codec: string;
  /** What a record's key is. All topics have the same partitions, so that a sensor's records are in the same partition of each. */
  readonly key: 'sensor' | 'chain';
  /** How many days Kafka keeps a record; `newest`: the newest of each key, for ever. The embedded log has limits of its own. */
  readonly kept: number | 'newest';
  /** How many days the embedded log keeps a record at least, whatever its own limit on age. */
  readonly keptEmbedded?: number;
  /** Whether detection depends on a record's time: brokers refuse such a record when its time is off. */
  readonly timed: boolean;
  /** Alarms are detected, mailed and shown without it: nothing stops because it is missing, only its writers and readers say so. */
  readonly dispensable?: true;
  readonly writtenBy: readonly LogUser[];
  readonly readBy: readonly LogUser[];
}

export const TOPIC_ROWS = {
  ENTRY: {
    id: 0,
    holds: 'a status, as its sensor sent it',
    codec: 'alarm/decode.ts',
    key: 'sensor',
    kept: 7,
    timed: true,
    writtenBy: ['proxy', 'dead-letters'],
    readBy: ['processor'],
  },
  OK: {
    id: 1,
    holds: 'a recovery, as its sensor sent it',
    codec: 'alarm/decode.ts',
    key: 'sensor',
    kept: 7,
    timed: true,
    writtenBy: ['proxy', 'dead-letters'],
    readBy: ['processor'],
  },
  ACTION: {
    id: 2,
    holds: 'what an operator wants done to an alarm',
    codec: 'alarm/action.ts',
    key: 'sensor',
    kept: 30,
    timed: true,
    writtenBy: ['console'],
    readBy: ['processor'],
  },
  ALARM: {
    id: 3,
    holds: 'a change of an alarm, or an action that was refused',
    codec: 'records/alarm-event.ts',
    key: 'sensor',
    kept: 30,
    timed: false,
    writtenBy: ['processor'],
    readBy: ['processor', 'mailer', 'archiver', 'history', 'console'],
  },
  COUNT: {
    id: 4,
    holds: 'an alarm that was raised, to be counted; none of a quarantined one',
    codec: 'records/alarm-count.ts',
    key: 'sensor',
    kept: 30,
    timed: false,
    writtenBy: ['processor'],
    readBy: ['history'],
  },
  STATE: {
    id: 5,
    holds: 'what detection remembers of a sensor',
    codec: 'alarm/sensor-state.ts',
    key: 'sensor',
    kept: 'newest',
    timed: false,
    writtenBy: ['processor'],
    readBy: ['processor'],
  },
  DELIVERY: {
    id: 6,
    holds: 'what became of a mail',
    codec: 'records/delivery.ts',
    key: 'sensor',
    kept: 30,
    timed: false,
    writtenBy: ['mailer'],
    readBy: ['mailer', 'archiver'],
  },
  DEAD: {
    id: 7,
    holds: 'what could not be handled, and why',
    codec: 'records/dead-letter.ts',
    key: 'sensor',
    kept: 30,
    timed: false,
    writtenBy: ['processor', 'mailer', 'archiver', 'history', 'dead-letters'],
    readBy: ['dead-letters'],
  },
  SUPERVISION: {
    id: 8,
    holds: 'all faults that a sensor has',
    codec: 'records/sensor-faults.ts',
    key: 'sensor',
    kept: 30,
    timed: false,
    writtenBy: ['processor'],
    readBy: ['processor', 'console'],
  },
  AUDIT: {
    id: 9,
    holds: 'what somebody did or saw',
    codec: 'records/audit-row.ts',
    key: 'chain',
    kept: 365,
    keptEmbedded: 365,
    timed: false,
    dispensable: true,
    writtenBy: ['console'],
    readBy: ['console'],
  },
} as const satisfies Readonly<Record<string, TopicRow>>;

export type Topic = keyof typeof TOPIC_ROWS;
export const TOPICS = Object.keys(TOPIC_ROWS) as readonly Topic[];

export const rowOf = (topic: Topic): TopicRow => TOPIC_ROWS[topic];

const byId = new Map(TOPICS.map((topic) => [rowOf(topic).id, topic]));

/** Undefined for a topic that this version doesn't know. */
export const topicOfId = (id: number): Topic | undefined => byId.get(id);

/** What a task reads. */
export const INPUTS = ['ENTRY', 'OK', 'ACTION'] as const satisfies readonly Topic[];
export type InputTopic = (typeof INPUTS)[number];

/** What sensors send: detection is behind as long as any of it isn't decided. */
export const SENSOR_INPUTS = ['ENTRY', 'OK'] as const satisfies readonly InputTopic[];
