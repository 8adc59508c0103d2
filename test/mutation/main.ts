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

/** Far longer than the tests take: the mutant loops. */
const PATIENCE_MS = 90_000;

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
    const survivors = await survivorsOf(source, mutants);
    for (const { line, original, replacement } of survivors) write(`${source}:${line}: ${flat(original)} → ${flat(replacement)}`);
    write(`${source}: ${mutants.length - survivors.length} of ${mutants.length} killed`);
    killed += mutants.length - survivors.length;
    all += mutants.length;
  }
  write(`${killed} of ${all} killed (${((100 * killed) / all).toFixed(1)} %)`);
  return 0;
}

async function survivorsOf(source: string, mutants: readonly Mutant[]): Promise<readonly Mutant[]> {
  const tests = values.tests ?? testsNear(source, Number(values.hops));
  if (tests.length === 0) return mutants;
  const killed = new Set<number>();
  for (let next = 0; next < mutants.length; ) {
    next = await run(source, next, tests, (index) => killed.add(index));
    // The runner was ended over this one.
    if (next < mutants.length) killed.add(next++);
  }
  return mutants.filter((_, index) => !killed.has(index));
}

/** Resolves with the mutant at which it ended; their number where it came to the end. */
function run(source: string, first: number, tests: readonly string[], onKilled: (index: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork('test/mutation/runner.ts', [source, String(first), ...tests], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let next = first;
    let endless = false;
    const timer = setTimeout(() => {
      endless = child.kill('SIGKILL');
    }, PATIENCE_MS);
    child.on('message', (report: Report) => {
      timer.refresh();
      if (report.problem !== undefined) reject(new Error(`${source}: ${report.problem}`));
      else {
        if (report.killed) onKilled(report.index);
        next = report.index + 1;
      }
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      if (endless || code === 0) resolve(next);
      else reject(new Error(`${source}: the tests' process ended with ${code}`));
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
