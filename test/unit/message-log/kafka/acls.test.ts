import { expect, it } from 'vitest';
import { grantsOf } from '../../../../message-log/kafka/acls.ts';
import type { LogUser } from '../../../../records/topics.ts';
import { TASK_GROUP } from '../../../../message-log/kafka/ownership.ts';
import { ARCHIVER_GROUP } from '../../../../archive/archiver.ts';
import { COUNTER_GROUP } from '../../../../history/counter.ts';
import { STATES_GROUP } from '../../../../history/states.ts';
import { COMPLETION_GROUP } from '../../../../notify/completion.ts';
import { MAILER_GROUP } from '../../../../notify/deliveries.ts';

/** Every group that the role joins: without the right to join one it would never become ready. */
const JOINED: readonly (readonly [LogUser, readonly string[]])[] = [
  ['proxy', []],
  ['processor', [TASK_GROUP]],
  ['mailer', [MAILER_GROUP, COMPLETION_GROUP]],
  ['archiver', [ARCHIVER_GROUP]],
  ['history', [COUNTER_GROUP, STATES_GROUP]],
  ['console', []],
];

it.each(JOINED)('%s may join the groups that it is a member of, and no other', (role, groups) => {
  const joined = grantsOf(role, 'site.').filter(({ kind, operations }) => kind === 'group' && operations.includes('Read'));
  expect(joined.map(({ name }) => name).toSorted()).toEqual(groups.map((group) => `site.${group}`).toSorted());
});
