import { type LogUser, rowOf, TOPICS } from '../../records/topics.ts';

type Operation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

/** Something in Kafka, and what a user may do with it. */
export interface Grant {
  readonly kind: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  /** `prefixed`: everything whose name begins with `name`. */
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly Operation[];
}

/** What else a user does with the log beside its topics, which records/topics.ts has. */
interface Needs {
  /** Consumer groups that it is a member of, or whose progress alone it looks at. */
  readonly groups?: readonly string[];
  readonly watches?: readonly string[];
  readonly transactions?: boolean;
}

const NEEDS: Readonly<Record<LogUser, Needs>> = {
  proxy: {},
  processor: { groups: ['processor'], transactions: true },
  mailer: { groups: ['mailer', 'mail-completion'] },
  archiver: { groups: ['archiver'] },
  history: { groups: ['counter', 'states'] },
  console: { watches: ['archiver', 'processor'] },
  'dead-letters': {},
};

/** The least that the role needs. All see which topics there are and how they are set, since every start compares them. */
export function grantsOf(role: LogUser, prefix: string): Grant[] {
  const { groups = [], watches = [], transactions = false } = NEEDS[role];
  const literal = (kind: Grant['kind'], name: string, operations: readonly Operation[]): Grant => ({
    kind,
    name: prefix + name,
    pattern: 'literal',
    operations,
  });
  return [
    ...TOPICS.map((topic) =>
      literal('topic', topic, [
        ...(rowOf(topic).readBy.includes(role) ? (['Read'] as const) : []),
        ...(rowOf(topic).writtenBy.includes(role) ? (['Write'] as const) : []),
        'Describe',
        'DescribeConfigs',
      ]),
    ),
    ...groups.map((group) => literal('group', group, ['Read', 'Describe'])),
    ...watches.map((group) => literal('group', group, ['Describe'])),
    ...(transactions
      ? [{ kind: 'transactional-id', name: `${prefix}task-`, pattern: 'prefixed', operations: ['Write', 'Describe'] } as const]
      : []),
  ];
}
