import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../../runtime/node-flags.ts';

const readme = readFileSync('README.md', 'utf8');

describe('the README', () => {
  it('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm run ([a-z]+(?:[:-][a-z]+)*)/g)].map(([, name]) => name ?? '');
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    for (const path of links) expect(() => readFileSync(path), path).not.toThrow(/ENOENT/);
  });
});

describe('package.json', () => {
  it('runs every program with the flags that children get', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const programs = Object.values(scripts).filter((script) => script.startsWith('node '));
    expect(scripts.start).toBe(`node ${SYSTEM_FLAGS.join(' ')} main.ts`);
    expect(programs.filter((script) => !script.includes(NODE_FLAGS.join(' ')))).toEqual([]);
  });
});
