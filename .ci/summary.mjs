// Adds up what the suites left behind, and names the files that took longest: those are where time can be saved. A suite without a result counts as failed: nothing is skipped in silence.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [folder, ...suites] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const suite of suites) {
  const result = resultOf(suite);
  passed += result.passed;
  failed += result.failed;
  console.log(
    `suite ${suite}: ${result.passed} passed, ${result.failed} failed${result.seconds === undefined ? '' : ` in ${result.seconds} s`}`,
  );
}
for (const { name, seconds } of slowest(12)) console.log(`${seconds} s ${name}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function slowest(count) {
  const reports = suites.map((suite) => join(folder, `${suite}.json`)).filter((path) => existsSync(path));
  return reports
    .flatMap((path) => JSON.parse(readFileSync(path, 'utf8')).testResults)
    .map(({ name, startTime, endTime }) => ({ name: relative('.', name), seconds: Math.round((endTime - startTime) / 1000) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count);
}

function resultOf(suite) {
  const step = join(folder, `${suite}.result`);
  if (existsSync(step)) return JSON.parse(readFileSync(step, 'utf8'));
  const tests = join(folder, `${suite}.json`);
  if (!existsSync(tests)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(tests, 'utf8'));
  // A file that can't be loaded has no tests, but it has failed; a skipped test did not run, and that is a failure here.
  const brokenFiles = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const unrun = report.numPendingTests + (report.numTodoTests ?? 0);
  const nothing = report.numTotalTests === 0 ? 1 : 0;
  const seconds = Math.round((Math.max(...report.testResults.map((f) => f.endTime), report.startTime) - report.startTime) / 1000);
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles + unrun + nothing, seconds };
}
