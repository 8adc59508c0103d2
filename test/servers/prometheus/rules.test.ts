/** The alert rules and the configuration in deploy/, checked with the tools of Prometheus. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, type Rule, startPrometheus } from '../../support/servers/prometheus.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SHIPPED = join(ROOT, 'deploy/prometheus');

let folder: string;
let rules: readonly Rule[];
let tests: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rules-'));
  await cp(SHIPPED, folder, { recursive: true });
  await writeFile(join(folder, 'metrics-token'), 'a-token-of-the-tests');
  const prometheus = await startPrometheus(`rule_files: ['${join(SHIPPED, 'rules')}/*.yml']\n`);
  rules = await prometheus.rules();
  await prometheus.stop();
  const files = await readdir(join(SHIPPED, 'tests'));
  tests = (await Promise.all(files.map((file) => readFile(join(SHIPPED, 'tests', file), 'utf8')))).join('\n');
});
afterAll(() => rm(folder, { recursive: true }));

describe('the configuration of Prometheus', () => {
  it('is valid, and so are all files that it names', async () => {
    const said = await check('promtool', ['check', 'config', 'prometheus.yml'], folder);
    expect(said).toContain('SUCCESS: prometheus.yml is valid');
    expect(said).not.toContain('WARNING');
  });

  it('scrapes every kind of target that dashboards and alerts ask for', async () => {
    const config = await readFile(join(SHIPPED, 'prometheus.yml'), 'utf8');
    const jobs = [...config.matchAll(/job_name: (\S+)/g)].map(([, name]) => name).sort();
    const files = (await readdir(join(SHIPPED, 'targets'))).map((file) => file.replace('.yml', '')).sort();
    expect(files).toEqual(jobs);
  });
});

describe('the alert rules', () => {
  it('fire when they should and not before: deploy/prometheus/tests', { timeout: 300_000 }, async () => {
    const files = (await readdir(join(SHIPPED, 'tests'))).map((file) => join('tests', file));
    expect(files.length).toBeGreaterThan(3);
    // One processor each.
    const said = await Promise.all(files.map((file) => check('promtool', ['test', 'rules', file], folder)));
    for (const text of said) expect(text.match(/SUCCESS/g)).toHaveLength(1);
  });

  it('each have such a test of both kinds', () => {
    expect(rules.length).toBeGreaterThan(30);
    for (const { name } of rules) {
      const asked = [...tests.matchAll(new RegExp(`alertname="${name}", alertstate="firing".*\\n.*\\n.*exp_samples: \\[(.*)\\]`, 'g'))];
      const outcomes = new Set(asked.map(([, samples]) => (samples === '' ? 'quiet' : 'fires')));
      expect([...outcomes].sort(), name).toEqual(name === 'Watchdog' ? ['fires'] : ['fires', 'quiet']);
    }
  });

  it('name the severity, the problem, and where to read what to do', async () => {
    const runbook = await readFile(join(ROOT, 'docs/alerts.md'), 'utf8');
    const overview = await readFile(join(ROOT, 'docs/monitoring.md'), 'utf8');
    const headings = [...runbook.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    for (const { name, labels, annotations } of rules) {
      expect(['critical', 'major', 'minor', 'none'], name).toContain(labels.severity);
      expect(annotations.summary?.length, name).toBeGreaterThan(10);
      expect(annotations.description?.length, name).toBeGreaterThan(10);
      expect(annotations.runbook_url).toBe(`docs/alerts.md#${name.toLowerCase()}`);
    }
    expect([...headings].sort()).toEqual(rules.map(({ name }) => name).sort());
    for (const { name, labels } of rules)
      expect(runbook, name).toContain(`### ${name}\n${labels.severity === 'none' ? '' : `${labels.severity}. `}`);
    const listed = [...overview.matchAll(/^\| \[(\w+)\]\(alerts\.md#(\w+)\) \| (\w+) \|/gm)].map(
      ([, name, , severity]) => `${name} ${severity}`,
    );
    expect(listed.sort()).toEqual(rules.map(({ name, labels }) => `${name} ${labels.severity}`).sort());
  });

  it('send the watchdog to the keep-alive only', () => {
    expect(rules.filter(({ labels }) => labels.severity === 'none').map(({ name, query }) => [name, query])).toEqual([
      ['Watchdog', 'vector(1)'],
    ]);
  });
});
