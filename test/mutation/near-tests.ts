import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const FOLDERS = [
  ...['alarm', 'archive', 'cassandra', 'console', 'directory', 'grafana', 'history', 'main', 'message-log'],
  ...['notify', 'processor', 'proxy', 'records', 'runtime', 'simulator', 'test'],
];
const IMPORT = /(?:from|import) '(\.[^']+)'/g;

/** The unit and contract tests that reach a source over at most `hops` imports. */
export function testsNear(source: string, hops: number): string[] {
  const importers = new Map<string, string[]>();
  for (const path of FOLDERS.flatMap(sourcesIn)) {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      const imported = normalize(join(dirname(path), target));
      importers.set(imported, [...(importers.get(imported) ?? []), path]);
    }
  }
  const reached = new Set([normalize(source)]);
  let edge = [...reached];
  for (let hop = 0; hop < hops; hop += 1) {
    edge = edge.flatMap((path) => importers.get(path) ?? []).filter((path) => !reached.has(path));
    for (const path of edge) reached.add(path);
  }
  return [...reached].filter((path) => /^test\/(unit|contract)\/.*\.test\.ts$/.test(path)).sort();
}

/** All sources under a folder, in order. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join(folder, path))
    .sort();
}
