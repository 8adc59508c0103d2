/** A folder with what somebody has who installs Tocsin by compose, and what the tests ask of it. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import { expect } from './checks.ts';
import type { Outcome } from './run.ts';

export interface Installation {
  /** deploy/compose in it. */
  readonly folder: string;
  compose(...args: readonly string[]): Promise<string>;
  attempt(...args: readonly string[]): Promise<Outcome>;
  /** Container ids by service, of those that run. */
  containers(): Promise<Readonly<Record<string, string>>>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/** For machines that allow no more. */
export const OPEN_FILES = 'OPEN_FILES=16384\nEDGE_CONNECTIONS_MAX=7500\nSENSORS_CONNECTIONS_MAX=7000\n';

const UP_DEADLINE_MS = 900_000;
const PATIENCE_MS = 180_000;

export async function installationOf(engine: Engine, kind: 'single' | 'cluster'): Promise<Installation> {
  const root = await mkdtemp(join(tmpdir(), `tocsin-${kind}-`));
  for (const part of ['deploy', 'grafana']) await cp(part, join(root, part), { recursive: true, filter: (path) => !isLocal(path) });
  const folder = join(root, 'deploy', 'compose');
  const file = ['compose', '--progress', 'quiet', '--file', join(folder, `${kind}.yml`)];
  const compose: Installation['compose'] = (...args) => engine.docker([...file, ...args], UP_DEADLINE_MS);
  return {
    folder,
    compose,
    attempt: (...args) => engine.attempt([...file, ...args], UP_DEADLINE_MS),
    containers: async () => {
      const lines = (await compose('ps', '--format', '{{.Service}} {{.ID}}')).split('\n').filter(Boolean);
      return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
    },
    remove: async () => {
      await compose('--profile', '*', 'down', '--volumes', '--timeout', '10');
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** What somebody who works on the repository has made with it. */
const isLocal = (path: string): boolean => /deploy\/compose\/(?:secrets|settings|jmx|\.env$)/.test(path);

export const secretOf = (folder: string, name: string): string => readFileSync(join(folder, 'secrets', name), 'utf8').trim();

/** The names of services whose container is another one, or that have one now and had none before. */
export function replaced(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  return Object.keys(after)
    .filter((service) => after[service] !== before[service])
    .sort();
}

/** Asks over HTTP as a person with curl would, in the network of the published ports. */
export async function curl(engine: Engine, ...args: readonly string[]): Promise<string> {
  const { code, output } = await engine.inside('curl', ['--silent', '--show-error', '--max-time', '20', ...args]);
  expect(code === 0, `curl ${args.at(-1)}: ${output.trim()}`);
  return output;
}

/** Resolves with what `look` resolves with once that is something; it is asked for three minutes, since machines that test are busy. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    found = await look();
    if (found !== undefined) return found;
    await delay(500);
  }
  throw new Error(`${what} did not come within three minutes`);
}
