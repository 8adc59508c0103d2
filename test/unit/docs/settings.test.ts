import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTING_GROUPS } from '../../../main/settings.ts';

/** The tables made from the schema; to update docs/settings.md, run this test and paste what it expected. */
function settingsTables(): string {
  return SETTING_GROUPS.map(({ heading, settings }) => {
    const rows = settings.map(
      ({ name, default: fallback, description }) => `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description} |`,
    );
    return [`## ${heading}\n`, '| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
  }).join('\n\n');
}

describe('docs/settings.md', () => {
  it('lists every setting as the schema has it', () => {
    const shown = /<!-- settings -->\n([\s\S]*?)\n?<!-- \/settings -->/.exec(readFileSync('docs/settings.md', 'utf8'))?.[1];
    expect(shown).toBe(settingsTables());
  });
});

describe('the settings', () => {
  it('have a name each', () => {
    const names = SETTING_GROUPS.flatMap(({ settings }) => settings.map(({ name }) => name));
    expect(names.length).toBeGreaterThan(80);
    expect(names.length).toBe(new Set(names).size);
  });
});
