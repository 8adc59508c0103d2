/** Which changes of the product no test notices: `npm run mutate -- PATH…`. How to read it: docs/testing.md. */
import { fork } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Mutant, mutantsOf } from './mutants.ts';
import { sourcesIn, testsNear } from './near-tests.ts';
import type { Report } from './runner.ts';

const HELP = `Changes one condition, number or statement after the other and says which change no unit or contract test notices.

  npm run mutate -- PATH... [--hops N]

  PATH         a source, or a folder of them
  --hops N     run the tests that reach the source over at most N imports (default 2)
  --tests GLOB run these tests instead
  -h, --help   this text

Prints a line for each change that survives, and a score for each file. A survivor is to be killed by a test; or it changes nothing that
anybody could see, and then the code can be simpler.
`;

/** A mutant that takes so many times what the tests take without it, and so much more, loops. */
const PATIENCE_FACTOR = 10;
const PATIENCE_MS = 10_000;
/** Until the tests have run without a mutant. */
const FIRST_PATIENCE_MS = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { hops: { type: 'string', default: '2' }, tests: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
});

async function main(): Promise<number> {
  if (values.help || positionals.length === 0) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const sources = positionals.flatMap((path) => (statSync(path).isDirectory() ? sourcesIn(path) : [path]));
  let [killed, all] = [0, 0];
  for (const source of sources) {
    const mutants = mutantsOf(source, readFileSync(source, 'utf8'));
    if (mutants.length === 0) continue;
    const survived = await survivorsOf(source, mutants);
    write(`${source}: ${mutants.length - survived} of ${mutants.length} killed`);
    killed += mutants.length - survived;
    all += mutants.length;
  }
  write(`${killed} of ${all} killed (${((100 * killed) / all).toFixed(1)} %)`);
  return 0;
}

/** How many survive; each is told as soon as that is known. */
async function survivorsOf(source: string, mutants: readonly Mutant[]): Promise<number> {
  const tests = values.tests ?? testsNear(source, Number(values.hops));
  let survived = 0;
  const tell = (index: number): void => {
    const mutant = mutants[index];
    if (mutant === undefined) return;
    survived += 1;
    write(`${source}:${mutant.line}: ${flat(mutant.original)} → ${flat(mutant.replacement)}`);
  };
  if (tests.length === 0) for (const [index] of mutants.entries()) tell(index);
  // Where the tests' process was ended over a mutant, another one goes on behind it.
  else for (let next = 0; next < mutants.length; ) next = 1 + (await run(source, next, tests, tell));
  return survived;
}

/** Resolves with the mutant that it was ended over; their number where it came to the end. */
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

process.exitCode = await main();
