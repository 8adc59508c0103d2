import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../../runtime/node-flags.ts';

const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
const guides = ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)];

describe.each(guides)('%s', (path) => {
  const guide = readFileSync(path, 'utf8');

  it('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...guide.matchAll(/npm run ([a-z]+(?:[:-][a-z]+)*)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links only to files and headings that exist', () => {
    for (const [, link = ''] of guide.matchAll(/\]\((?!\w+:)([^)]+)\)/g)) {
      const [file = '', heading] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      expect(existsSync(target), link).toBe(true);
      if (heading !== undefined) expect(headingsIn(target), link).toContain(heading);
    }
  });
});

/** The anchors of headings on GitHub. */
function headingsIn(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('package.json', () => {
  it('runs every program with the flags that children get', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const programs = Object.values(scripts).filter((script) => script.startsWith('node ') && !script.startsWith('node .ci/'));
    expect(scripts.start).toBe(`node ${SYSTEM_FLAGS.join(' ')} main.ts`);
    expect(programs.filter((script) => !script.includes(NODE_FLAGS.join(' ')))).toEqual([]);
  });
});
