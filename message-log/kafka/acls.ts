import type { Topic } from '../../records/topics.ts';
import { TOPICS } from '../../records/topics.ts';

type Operation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

/** Something in Kafka, and what a user may do with it. */
export interface Grant {
  readonly kind: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  /** `prefixed`: everything whose name begins with `name`. */
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly Operation[];
}

interface Needs {
  readonly reads?: readonly Topic[];
  readonly writes?: readonly Topic[];
  /** Consumer groups that it is a member of, or whose progress alone it looks at. */
  readonly groups?: readonly string[];
  readonly watches?: readonly string[];
  readonly transactions?: boolean;
}

/** What each role and tool does with the log, and nothing else. */
const NEEDS = {
  proxy: { writes: ['ENTRY', 'OK'] },
  processor: {
    reads: ['ENTRY', 'OK', 'ACTION', 'STATE'],
    writes: ['ALARM', 'COUNT', 'STATE', 'SUPERVISION', 'DEAD'],
    groups: ['processor'],
    transactions: true,
  },
  mailer: { reads: ['ALARM', 'DELIVERY'], writes: ['DELIVERY', 'DEAD'], groups: ['mailer', 'mail-completion'] },
  archiver: { reads: ['ALARM', 'DELIVERY'], writes: ['DEAD'], groups: ['archiver'] },
  history: { reads: ['ALARM', 'COUNT'], writes: ['DEAD'], groups: ['counter', 'states'] },
  console: { reads: ['ALARM', 'SUPERVISION'], writes: ['ACTION'], watches: ['archiver', 'processor'] },
  // Whoever runs npm run dead-letters.
  'dead-letters': { reads: ['DEAD'], writes: ['ENTRY', 'OK', 'DEAD'] },
} as const satisfies Readonly<Record<string, Needs>>;

export type LogUser = keyof typeof NEEDS;
export const LOG_USERS = Object.keys(NEEDS) as LogUser[];

/** The least that the role needs. All see which topics there are and how they are set, since every start compares them. */
export function grantsOf(role: LogUser, prefix: string): Grant[] {
  const { reads = [], writes = [], groups = [], watches = [], transactions = false }: Needs = NEEDS[role];
  const literal = (kind: Grant['kind'], name: string, operations: readonly Operation[]): Grant => ({
    kind,
    name: prefix + name,
    pattern: 'literal',
    operations,
  });
  return [
    ...TOPICS.map((topic) =>
      literal('topic', topic, [
        ...(reads.includes(topic) ? (['Read'] as const) : []),
        ...(writes.includes(topic) ? (['Write'] as const) : []),
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
