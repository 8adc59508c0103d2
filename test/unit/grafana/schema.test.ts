import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allDashboards } from '../../../grafana/dashboards.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const CHECK = [
  '--ignoreConfig',
  '--noEmit',
  '--strict',
  '--skipLibCheck',
  '--module',
  'nodenext',
  '--target',
  'es2023',
  '--allowImportingTsExtensions',
  '--types',
  '',
];

/** Next to this test, so that Grafana's package is found. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, '.schema-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe("Grafana's own schema", () => {
  it('takes every dashboard, and finds what is wrong in others', { timeout: 60_000 }, async () => {
    const dashboards = [...allDashboards()].map(([file, board]) => [file, JSON.parse(JSON.stringify(board))] as const);
    const broken = Object.entries(MISTAKES).map(
      ([name, spoil]) => [name, spoil(JSON.stringify(allDashboards().get('Tocsin/map-uk.json')))] as const,
    );
    for (const [i, [, board]] of dashboards.entries()) await writeFile(join(folder, `good-${i}.ts`), programOf(board));
    for (const [i, [, text]] of broken.entries()) await writeFile(join(folder, `bad-${i}.ts`), programOf(JSON.parse(text)));
    const all = [...dashboards.map((_, i) => `good-${i}.ts`), ...broken.map((_, i) => `bad-${i}.ts`)].map((file) => join(folder, file));
    const errors = await promisify(execFile)(process.execPath, [TSC, ...CHECK, ...all], { cwd: folder, maxBuffer: 64 * 1024 ** 2 }).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
    expect(
      errors
        .split('\n')
        .filter((line) => line.includes('good-'))
        .map((line) => line.slice(0, 200)),
    ).toEqual([]);
    for (const [i, [name]] of broken.entries()) expect(errors, `not found: ${name}`).toContain(`bad-${i}.ts`);
  });
});

/** Changes of one dashboard's text. */
const MISTAKES: Readonly<Record<string, (text: string) => string>> = {
  'a word that is none of an enum': (text) => swap(text, '"mode":"details"', '"mode":"detail"'),
  'an option with a wrong name': (text) => swap(text, '"showZoom"', '"showZooms"'),
  'an option that is missing': (text) => swap(text, '"showLegend":true', '"calcs":[]'),
  'a number as a string': (text) => swap(text, '"h":22', '"h":"22"'),
  'an unknown kind of place': (text) => swap(text, '"mode":"geohash"', '"mode":"geohashes"'),
  'a wrong look of lines': (text) => swap(text, '"drawStyle":"bars"', '"drawStyle":"bar"'),
  'a field of the dashboard that does not exist': (text) => swap(text, '"refresh"', '"refreshes"'),
  'a threshold without its value': (text) => swap(text, '"value":1,', ''),
};

function swap(text: string, from: string, to: string): string {
  expect(text).toContain(from);
  return text.replace(from, to);
}

/** Literals, panel by panel, so that the compiler also finds excess properties. */
function programOf({ panels, ...frame }: { panels: { type: string }[] }): string {
  const constants = panels.map((panel, i) => `export const p${i}: Panels['${panel.type}'] = ${JSON.stringify(panel)};`);
  return [
    "import type { Frame, Panels } from '../../../support/grafana-schema.ts';",
    `export const frame: Frame = ${JSON.stringify(frame)};`,
    ...constants,
  ].join('\n');
}
