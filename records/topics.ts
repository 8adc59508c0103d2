/** Every topic of the log, a row each: what lies in it, how long, who writes and reads it. Databases, Kafka's topics and rights follow from here. */

/** What works with the log: roles, and programs beside them. */
export const LOG_USERS = ['proxy', 'processor', 'mailer', 'archiver', 'history', 'console', 'dead-letters'] as const;
export type LogUser = (typeof LOG_USERS)[number];

export interface TopicRow {
  /** In files of the embedded log. Given once and for ever: never changed, never given again. */
  readonly id: number;
  /** What a record is, for people. */
  readonly holds: string;
  /** Days that Kafka keeps records; `newest`: the newest of each key, for ever. The embedded log has its own limits. */
  readonly kept: number | 'newest';
  /** Whether what is detected depends on a record's time: then a broker refuses a record whose time is off. */
  readonly timed: boolean;
  readonly writtenBy: readonly LogUser[];
  readonly readBy: readonly LogUser[];
}

/** The key of every record is its sensor: all topics have the same partitions, so that one task sees everything of a sensor. */
export const TOPIC_ROWS = {
  ENTRY: {
    id: 0,
    holds: 'a status, as its sensor sent it',
    kept: 7,
    timed: true,
    writtenBy: ['proxy', 'dead-letters'],
    readBy: ['processor'],
  },
  OK: {
    id: 1,
    holds: 'a recovery, as its sensor sent it',
    kept: 7,
    timed: true,
    writtenBy: ['proxy', 'dead-letters'],
    readBy: ['processor'],
  },
  ACTION: { id: 2, holds: 'what an operator wants done to an alarm', kept: 30, timed: true, writtenBy: ['console'], readBy: ['processor'] },
  ALARM: {
    id: 3,
    holds: 'a change of an alarm, or an action that was refused',
    kept: 30,
    timed: false,
    writtenBy: ['processor'],
    readBy: ['mailer', 'archiver', 'history', 'console'],
  },
  COUNT: { id: 4, holds: 'an alarm that was raised, to be counted', kept: 30, timed: false, writtenBy: ['processor'], readBy: ['history'] },
  STATE: {
    id: 5,
    holds: 'what detection remembers of a sensor',
    kept: 'newest',
    timed: false,
    writtenBy: ['processor'],
    readBy: ['processor'],
  },
  DELIVERY: {
    id: 6,
    holds: 'what became of a mail',
    kept: 30,
    timed: false,
    writtenBy: ['mailer'],
    readBy: ['mailer', 'archiver'],
  },
  DEAD: {
    id: 7,
    holds: 'what could not be handled, and why',
    kept: 30,
    timed: false,
    writtenBy: ['processor', 'mailer', 'archiver', 'history', 'dead-letters'],
    readBy: ['dead-letters'],
  },
  SUPERVISION: {
    id: 8,
    holds: 'all faults that a sensor has',
    kept: 30,
    timed: false,
    writtenBy: ['processor'],
    readBy: ['console'],
  },
} as const satisfies Readonly<Record<string, TopicRow>>;

export type Topic = keyof typeof TOPIC_ROWS;
export const TOPICS = Object.keys(TOPIC_ROWS) as readonly Topic[];

export const rowOf = (topic: Topic): TopicRow => TOPIC_ROWS[topic];

const byId = new Map(TOPICS.map((topic) => [rowOf(topic).id, topic]));

/** Undefined: this version knows no such topic. */
export const topicOfId = (id: number): Topic | undefined => byId.get(id);

/** What a task reads. */
export const INPUTS = ['ENTRY', 'OK', 'ACTION'] as const satisfies readonly Topic[];
export type InputTopic = (typeof INPUTS)[number];

/** What sensors send: detection is behind as long as something of these isn't decided. */
export const SENSOR_INPUTS = ['ENTRY', 'OK'] as const satisfies readonly InputTopic[];
