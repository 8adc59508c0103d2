import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../../runtime/node-flags.ts';
import { SETTINGS } from '../../../main/settings.ts';

const readme = readFileSync('README.md', 'utf8');

/** The table as the schema has it; to bring the README up to date, run this test and paste what it expected. */
function settingsTable(): string {
  const rows = Object.values(SETTINGS)
    .flatMap((settings) => Object.values(settings))
    .map(
      ({ name, default: fallback, description }) => `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description} |`,
    );
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

describe('the README', () => {
  it('lists every setting as the schema has it', () => {
    const shown = /<!-- settings -->\n([\s\S]*?)\n?<!-- \/settings -->/.exec(readme)?.[1];
    expect(shown).toBe(settingsTable());
  });

  it('names only commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm run ([a-z]+(?:[:-][a-z]+)*)/g)].map(([, name]) => name ?? '');
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('has every setting name exactly once across roles', () => {
    const names = Object.values(SETTINGS).flatMap((settings) => Object.values(settings).map(({ name }) => name));
    expect(names.length).toBe(new Set(names).size);
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
