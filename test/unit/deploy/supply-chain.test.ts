import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const LOCKED = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().optional(),
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

/** Licences of what may be shipped, and of what only development uses. */
const SHIPPED = ['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0'];
const USED = [...SHIPPED, 'MPL-2.0', 'MIT OR Apache-2.0', '(MIT OR EUPL-1.1+)'];

/** Packages with native parts, which are also in the package: their install scripts are not run (.npmrc), and nothing is missing. */
const WITH_SCRIPTS = ['esbuild', 'lmdb', 'msgpackr-extract'];

const { packages } = LOCKED.parse(JSON.parse(readFileSync('package-lock.json', 'utf8')));
const locked = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), ...entry }));
const namesOf = (which: (entry: (typeof locked)[number]) => boolean): string[] => [
  ...new Set(locked.filter(which).map(({ name }) => name)),
];

describe('what the lock file brings', () => {
  it('comes from the registry that npm is set to, and is what it was when it was locked', () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(namesOf(({ resolved }) => resolved !== undefined)).toEqual([]);
    expect(namesOf(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([]);
  });

  it('runs no script when it is installed, and no package is new that would like to', () => {
    expect(readFileSync('.npmrc', 'utf8').split('\n')).toContain('ignore-scripts=true');
    expect(namesOf(({ hasInstallScript = false }) => hasInstallScript).filter((name) => !WITH_SCRIPTS.includes(name))).toEqual([]);
  });

  it('has licences that let us pass it on, and others only for what we work with', () => {
    const strange = ({ dev = false, license = 'none' }): boolean => !(dev ? USED : SHIPPED).includes(license);
    expect(namesOf(strange)).toEqual([]);
  });
});
