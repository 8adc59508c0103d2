/** Consumer groups: the role whose processes are the members, and the other roles that read the group's progress. */
import type { LogUser } from './topics.ts';

interface GroupRow {
  readonly members: LogUser;
  readonly watchedBy: readonly LogUser[];
}

const GROUP_ROWS = {
  processor: { members: 'processor', watchedBy: ['console'] },
  mailer: { members: 'mailer', watchedBy: [] },
  'mail-completion': { members: 'mailer', watchedBy: [] },
  archiver: { members: 'archiver', watchedBy: ['console'] },
  counter: { members: 'history', watchedBy: [] },
  states: { members: 'history', watchedBy: [] },
} as const satisfies Readonly<Record<string, GroupRow>>;

export type Group = keyof typeof GROUP_ROWS;

const rows: readonly (readonly [string, GroupRow])[] = Object.entries(GROUP_ROWS);

export function groupsJoinedBy(user: LogUser): readonly string[] {
  return rows.filter(([, { members }]) => members === user).map(([group]) => group);
}

export function groupsWatchedBy(user: LogUser): readonly string[] {
  return rows.filter(([, { watchedBy }]) => watchedBy.includes(user)).map(([group]) => group);
}
