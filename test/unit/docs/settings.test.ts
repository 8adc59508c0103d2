import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SECRET_NAMES, SETTING_GROUPS } from '../../../main/settings.ts';

/** The tables made from the schema; to update docs/settings.md, run this test and paste what it expected. */
function settingsTables(): string {
  return SETTING_GROUPS.map(({ heading, settings }) => {
    const rows = settings.map(
      ({ name, secret, default: fallback, description }) =>
        `| \`${name}\`${secret ? ' or `…_FILE`' : ''} | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description} |`,
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

  it('that hold a secret can be given in a file', () => {
    const all = SETTING_GROUPS.flatMap(({ settings }) => settings);
    const named = all.filter(({ name }) => /PASSWORD|TOKEN|SECRET$|SMTP_URL/.test(name)).map(({ name }) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(SECRET_NAMES).toEqual(named);
    expect(all.filter(({ secret, default: fallback }) => secret && fallback !== undefined)).toEqual([]);
  });
});
