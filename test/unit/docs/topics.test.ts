import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { grantsOf } from '../../../message-log/kafka/acls.ts';
import { LOG_USERS, rowOf, TOPICS } from '../../../records/topics.ts';

/** To update the tables, run this test and paste what it expected. */
const shown = (name: string, guide = 'docs/kafka.md'): string | undefined =>
  new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)\\n?<!-- /${name} -->`).exec(readFileSync(guide, 'utf8'))?.[1];

it('docs/kafka.md lists every topic with what it holds, how long, who writes and who reads it', () => {
  const rows = TOPICS.map((topic) => {
    const { holds, writtenBy, readBy, kept } = rowOf(topic);
    const days = kept === 'newest' ? 'the newest of each sensor, for ever (compacted)' : `${kept} days`;
    return `| \`${topic}\` | ${holds} | ${writtenBy.join(', ')} | ${readBy.join(', ')} | ${days} |`;
  });
  expect(shown('topics')).toBe(['| topic | a record | written by | read by | kept |', '|---|---|---|---|---|', ...rows].join('\n'));
});

it('docs/kafka.md lists the rights of every user', () => {
  const rows = LOG_USERS.map((user) => {
    const grants = grantsOf(user, '');
    const named = (kind: string, operation: string) =>
      grants
        .filter((grant) => grant.kind === kind && (grant.operations as readonly string[]).includes(operation))
        .map(({ name, pattern }) => (pattern === 'prefixed' ? `${name}…` : name));
    const groups = named('group', 'Read');
    const looksAt = named('group', 'Describe').filter((name) => !groups.includes(name));
    const cells = [
      named('topic', 'Read'),
      named('topic', 'Write'),
      [...groups, ...looksAt.map((name) => `${name} (looks at its progress)`)],
      named('transactional-id', 'Write'),
    ];
    return `| \`tocsin-${user}\` | ${cells.map((cell) => cell.join(', ')).join(' | ')} |`;
  });
  expect(shown('rights')).toBe(['| user | reads | writes | groups | transactions |', '|---|---|---|---|---|', ...rows].join('\n'));
});

it('docs/data-formats.md lists the records with their ids and who reads their values', () => {
  const rows = TOPICS.map((topic) => {
    const { id, holds, codec } = rowOf(topic);
    expect(existsSync(codec), codec).toBe(true);
    return `| \`${topic}\` | ${id} | ${holds} | [${codec}](../${codec}) |`;
  });
  expect(shown('records', 'docs/data-formats.md')).toBe(['| topic | id | a record | read by |', '|---|---|---|---|', ...rows].join('\n'));
});
