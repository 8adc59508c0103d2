/** Finds changes of the product that no test notices: `npm run mutate -- PATH…`. docs/testing.md says how to read the result. */
import { fork } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { command, option } from '../../runtime/command-line.ts';
import { integer } from '../../runtime/configuration.ts';
import { runProgram } from '../../runtime/program.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { sourcesIn, testsNear } from './near-tests.ts';
import type { Report } from './runner.ts';

/** A mutant that takes this many times as long as the tests do without it, plus this, is considered to loop. */
const PATIENCE_FACTOR = 10;
const PATIENCE_MS = 10_000;
/** Deadline for the tests without a mutant. */
const FIRST_PATIENCE_MS = 300_000;

const MUTATE = command({
  name: 'npm run mutate',
  summary: 'Changes one condition, number or statement after the other, and reports which change no unit or contract test notices.',
  about: [
    `Prints a line for each change that survives, and a score for each file. A survivor is to be killed by a test; or it changes nothing that anybody
    could see, and then the code can be simpler.`,
  ],
  words: { name: 'PATH…', help: 'sources, or folders of them', min: 1, max: Number.POSITIVE_INFINITY },
  options: {
    hops: option('N', integer(0, 100), 'run the tests that reach the source over at most N imports', '2'),
    tests: { ...option('GLOB', z.array(z.string()).optional(), 'run these tests instead; may be repeated'), repeats: true },
  },
  run: ({ options, words }) => mutate(words, options),
});

interface Choice {
  readonly hops: number;
  readonly tests: readonly string[] | undefined;
}

async function mutate(paths: readonly string[], choice: Choice): Promise<number> {
  const sources = paths.flatMap((path) => (statSync(path).isDirectory() ? sourcesIn(path) : [path]));
  let [killed, all] = [0, 0];
  for (const source of sources) {
    const mutants = mutantsOf(source, readFileSync(source, 'utf8'));
    if (mutants.length === 0) continue;
    const survived = await survivorsOf(source, mutants, choice);
    write(`${source}: ${mutants.length - survived} of ${mutants.length} killed`);
    killed += mutants.length - survived;
    all += mutants.length;
  }
  write(`${killed} of ${all} killed (${((100 * killed) / all).toFixed(1)} %)`);
  return 0;
}

/** Resolves with the number of survivors; each is reported as soon as it is known. */
async function survivorsOf(source: string, mutants: readonly Mutant[], choice: Choice): Promise<number> {
  const tests = choice.tests ?? testsNear(source, choice.hops);
  let survived = 0;
  const report = (index: number): void => {
    const mutant = mutants[index];
    if (mutant === undefined) return;
    survived += 1;
    write(`${source}:${mutant.line}: ${flat(mutant.original)} → ${flat(mutant.replacement)}`);
  };
  if (tests.length === 0) for (const [index] of mutants.entries()) report(index);
  // If the tests' process had to be ended because of a mutant, another one continues after it.
  else for (let next = 0; next < mutants.length; ) next = 1 + (await run(source, next, tests, report));
  return survived;
}

/** Resolves with the mutant because of which it was ended, or with the number of mutants if it came to the end. */
function run(source: string, first: number, tests: readonly string[], onSurvivor: (index: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork('test/mutation/runner.ts', [source, String(first), ...tests], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let next = first;
    let testsRan = false;
    const end = (): boolean => child.kill('SIGKILL');
    let patience = FIRST_PATIENCE_MS;
    let timer = setTimeout(end, patience);
    child.on('message', (report: Report) => {
      if ('problem' in report) reject(new Error(`${source}: ${report.problem}`));
      else if ('testsTakeMs' in report) {
        patience = PATIENCE_FACTOR * report.testsTakeMs + PATIENCE_MS;
        testsRan = true;
      } else {
        if (!report.killed) onSurvivor(report.index);
        next = report.index + 1;
      }
      clearTimeout(timer);
      timer = setTimeout(end, patience);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      // A mutant that takes all memory ends the process itself.
      if (code === 0 || (signal !== null && testsRan)) resolve(next);
      else reject(new Error(`${source}: the tests' process ended with ${code ?? signal}`));
    });
  });
}

function flat(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(MUTATE, process.argv.slice(2));
