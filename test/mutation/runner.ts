/**
 * Runs tests against the mutants of a source one after another, in one process, so that everything else is transformed only once. Its parent ends it if a
 * mutant never ends, and starts another one after that mutant. Arguments: source, number of the first mutant, tests.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';
import { type Mutant, mutantsOf } from './mutants.ts';

export type Report = { readonly index: number; readonly killed: boolean } | { readonly testsTakeMs: number } | { readonly problem: string };

// Must not outlive its parent.
process.on('disconnect', () => process.exit());

const [source = '', first = '0', ...tests] = process.argv.slice(2);
const path = resolve(source);
const text = readFileSync(path, 'utf8');
let current: Mutant | undefined;

const vitest = await createVitest(
  'test',
  { config: false, watch: false, bail: 1, reporters: [{}], pool: 'threads', maxWorkers: 1, include: tests, testTimeout: 20_000 },
  {
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        transform: (_code, id) =>
          id === path && current
            ? { code: text.slice(0, current.start) + current.replacement + text.slice(current.end), map: null }
            : undefined,
      },
    ],
  },
);
const specifications = await vitest.globTestSpecifications();

async function fails(): Promise<boolean> {
  vitest.invalidateFile(path);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  return unhandledErrors.length > 0 || testModules.some((module) => !module.ok());
}

const report = (message: Report): Promise<void> => new Promise((resolve) => process.send?.(message, () => resolve()));

const began = performance.now();
if (await fails()) await report({ problem: 'the tests fail without any change' });
else {
  await report({ testsTakeMs: performance.now() - began });
  const mutants = mutantsOf(path, text);
  for (let index = Number(first); index < mutants.length; index += 1) {
    current = mutants[index];
    await report({ index, killed: await fails() });
  }
}
// Tests that failed have set the exit code, as they should.
process.exit(0);
