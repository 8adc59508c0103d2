import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { typeOf } from '../../../alarm/alarm-type.ts';
import { PARTS } from '../../../main/settings-file/parts.ts';
import { readParts } from '../../../main/settings-file/read.ts';
import { TYPE_KEYS } from '../../../main/settings-file/types.ts';
import { writeRow } from '../../../main/settings-file/row.ts';

const text = readFileSync('docs/types.md', 'utf8');
const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example]) => example ?? '');

describe('docs/types.md', () => {
  it('lists every key as the schema has it; to bring it up to date, run this and paste what it expected', () => {
    const { name, ...defaults } = typeOf('name', { field: 'name', is: true });
    const said = writeRow(TYPE_KEYS, defaults);
    const shownDefault = (key: string): string => ({ when: '', label: 'the name' })[key] ?? (key in said ? `\`${said[key]}\`` : '');
    const rows = Object.entries(TYPE_KEYS).map(([key, { help }]) => `| \`${key}\` | ${shownDefault(key)} | ${help} |`);
    const shown = /<!-- keys -->\n([\s\S]*?)\n?<!-- \/keys -->/.exec(text)?.[1];
    expect(shown).toBe(['| key | default | meaning |', '|---|---|---|', ...rows].join('\n'));
  });

  it('has examples that can be used as they are', () => {
    expect(examples).toHaveLength(3);
    for (const example of examples) expect(readParts(PARTS, example).problems).toEqual([]);
  });

  it('shows in its first example nothing but defaults of the built-in types', () => {
    const { types } = readParts(PARTS, examples[0] ?? '').values;
    expect(types.map(({ name }) => name)).toEqual(['motion', 'smoke', 'temperature', 'water', 'battery']);
    expect(types.slice(0, 3)).toEqual(PARTS.types.default);
    expect(types[3]).toMatchObject({ hits: 2, within: 300_000, severity: 'MAJOR', clears: 'recovery' });
    expect(types[4]).toMatchObject({ hits: 1, within: undefined, severity: 'WARNING', clears: 'normal' });
  });
});
