// `npm run check`. Checks of the sources run one after the other beside the tests, which leave them the time for which they wait.
// The first check that fails ends everything, and what it said comes last; a check that passes says nothing.
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';

const CHECKS = ['format:check', 'lint', 'types', 'dead'];
const TESTS = ['run', '--silent', 'test:check', '--', ...process.argv.slice(2)];

const began = performance.now();
// In a group of its own, so that its workers end with it.
const tests = spawn('npm', TESTS, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
const stopTests = () => tests.exitCode ?? tests.signalCode ?? process.kill(-tests.pid);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    stopTests();
    process.kill(process.pid, signal);
  });
}
const passed = new Promise((resolve) => tests.once('close', (code) => resolve(code === 0)));

for (const name of CHECKS) {
  const check = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => check.once('close', resolve));
  const [out, err, code] = await Promise.all([buffer(check.stdout), buffer(check.stderr), ended]);
  if (code === 0) continue;
  stopTests();
  await passed;
  process.stdout.write(out);
  process.stderr.write(err);
  process.stderr.write(`\n${name} failed, so the tests were stopped.\n`);
  process.exit(1);
}
const all = await passed;
process.stdout.write(
  `${CHECKS.join(', ')} passed; the tests ${all ? 'passed' : 'failed'}; ${Math.round((performance.now() - began) / 1000)} s\n`,
);
process.exitCode = all ? 0 : 1;
