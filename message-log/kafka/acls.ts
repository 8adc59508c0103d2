import { groupsJoinedBy, groupsWatchedBy } from '../../records/groups.ts';
import { type LogUser, rowOf, TOPICS } from '../../records/topics.ts';

type Operation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

/** What a user may do with a resource of Kafka. */
export interface Grant {
  readonly kind: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  /** `prefixed`: everything whose name begins with `name`. */
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly Operation[];
}

/**
 * The least that a user needs. Every user may see the topics and their settings, since every start compares them; whoever writes STATE does so in
 * transactions.
 */
export function grantsOf(user: LogUser, prefix: string): Grant[] {
  const literal = (kind: Grant['kind'], name: string, operations: readonly Operation[]): Grant => ({
    kind,
    name: prefix + name,
    pattern: 'literal',
    operations,
  });
  return [
    ...TOPICS.map((topic) =>
      literal('topic', topic, [
        ...(rowOf(topic).readBy.includes(user) ? (['Read'] as const) : []),
        ...(rowOf(topic).writtenBy.includes(user) ? (['Write'] as const) : []),
        'Describe',
        'DescribeConfigs',
      ]),
    ),
    ...groupsJoinedBy(user).map((group) => literal('group', group, ['Read', 'Describe'])),
    ...groupsWatchedBy(user).map((group) => literal('group', group, ['Describe'])),
    ...(rowOf('STATE').writtenBy.includes(user)
      ? [{ kind: 'transactional-id', name: `${prefix}task-`, pattern: 'prefixed', operations: ['Write', 'Describe'] } as const]
      : []),
  ];
}
