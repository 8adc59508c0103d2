/** Checks the configuration and the servers it names: `npm run doctor`. */
import { systemClock } from '../../runtime/clock.ts';
import { command, flag } from '../../runtime/command-line.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { runProgram } from '../../runtime/program.ts';
import { ROLE_NAMES, type RoleName, rolesOf } from '../roles.ts';
import { loadOnlySettingsFile } from '../settings-file/load.ts';
import { PARTS } from '../settings-file/parts.ts';
import { checksOf } from './checks.ts';
import { lineOf, withoutSecrets } from './report.ts';

const TIMEOUT_MS = 5_000;

const DOCTOR = command({
  name: 'npm run doctor',
  summary:
    'Checks the settings, each server that they name, the data folder and the ports: one line for each check, and what to do if something is wrong.',
  about: ['Changes nothing and sends no mail.'],
  words: {
    name: 'ROLE…',
    help: 'check only what these roles need, as npm start -- ROLE… would',
    min: 0,
    max: Number.POSITIVE_INFINITY,
    known: ROLE_NAMES,
  },
  options: {
    deep: flag('also read the whole store, at 50 MiB/s: pages, checksums, positions, and the journal if nothing is running on it'),
    settings: flag('print the settings file that is in effect instead, complete and with comments: tocsin.yaml, or the built-in one'),
  },
  exitCodes: { 0: 'all is right', 1: 'something is wrong' },
  run: ({ options, words }) => (options.settings ? printSettings() : examine(rolesOf(words), options.deep)),
});

async function examine(roles: ReadonlySet<RoleName>, deep: boolean): Promise<number> {
  const environment = readEnvironment();
  const safe = withoutSecrets(environment);
  let wrongs = 0;
  try {
    for await (const finding of checksOf(roles, environment, { clock: systemClock, timeoutMs: TIMEOUT_MS, deep })) {
      process.stdout.write(`${safe(lineOf(finding))}\n`);
      if (!finding.ok) wrongs += 1;
    }
  } catch (error) {
    throw new PermanentError('doctor', safe(reasonOf(error)));
  }
  process.stdout.write(wrongs === 0 ? 'All is right.\n' : `${wrongs === 1 ? 'One thing is' : `${wrongs} things are`} wrong.\n`);
  return wrongs === 0 ? 0 : 1;
}

async function printSettings(): Promise<number> {
  const { settings } = await loadOnlySettingsFile(readEnvironment());
  const { printParts } = await import('../settings-file/print.ts');
  process.stdout.write(printParts(PARTS, settings));
  return 0;
}

await runProgram(DOCTOR, process.argv.slice(2));
