import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { digestOf, observeDigest } from '../../../../main/settings-file/digest.ts';
import { loadSettingsFile } from '../../../../main/settings-file/load.ts';
import { PARTS } from '../../../../main/settings-file/parts.ts';

async function digestOfFile(text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-'));
  if (text !== undefined) await writeFile(join(folder, 'tocsin.yaml'), text);
  return digestOf(PARTS, (await loadSettingsFile(undefined, new Set(['processor']), folder)).settings);
}

describe('the digest of a settings file', () => {
  it('is the same for what means the same, and for no file and one that changes nothing', async () => {
    const digests = [
      await digestOfFile(),
      await digestOfFile('types: {}\n'),
      await digestOfFile('# as built in\ntypes:\n  smoke: { hits: 3 }\n'),
    ];
    expect(new Set(digests).size).toBe(1);
    expect(await digestOfFile('types:\n  water: { when: water, within: 60s }\n')).toBe(
      await digestOfFile('types:\n  water:\n    within: 1m\n    when: "water"\n'),
    );
  });

  it('is another one for whatever is detected, drawn or named otherwise', async () => {
    const rows = [
      'hits: 2',
      'when: leak',
      'severity: MAJOR',
      'label: Flood',
      'shape: circle',
      'within: 9s',
      'clears: normal',
      'lifeSafety: true',
    ];
    const texts = rows.map((row) => `types:\n  water:\n    ${row.startsWith('when') ? '' : 'when: water\n    '}${row}\n`);
    const digests = await Promise.all(
      [undefined, 'types:\n  water: { when: water }\n', 'types:\n  motion: off\n', ...texts].map(digestOfFile),
    );
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('is shown as a metric', async () => {
    const registry = new Registry();
    observeDigest('0123456789ab', registry);
    expect(await registry.metrics()).toContain('tocsin_settings_info{digest="0123456789ab"} 1');
  });
});
