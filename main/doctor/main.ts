/** Says what is right and wrong with the configuration and the servers it names: `npm run doctor`. */
import { existsSync, readFileSync } from 'node:fs';
import { inspect, parseEnv } from 'node:util';
import { systemClock } from '../../runtime/clock.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { rolesOf } from '../roles.ts';
import { checksOf } from './checks.ts';
import { lineOf, withoutSecrets } from './report.ts';

const HELP = `Usage: npm run doctor [-- ROLE…]

Looks at the settings, at each server that they name, at the data folder and the ports: one line a check, and what to do where something is
wrong. Changes nothing and sends no mail. With roles, only what these need, as npm start -- ROLE… would.

Exit code: 0 all is right, 1 something is wrong, 2 wrong usage.
`;
const TIMEOUT_MS = 5_000;

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) process.stdout.write(HELP);
else process.exitCode = await examine(args);

async function examine(words: readonly string[]): Promise<number> {
  const environment: NodeJS.ProcessEnv = { ...(existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}), ...process.env };
  const safe = withoutSecrets(environment);
  try {
    const roles = rolesOf(words);
    let wrongs = 0;
    for await (const finding of checksOf(roles, environment, { clock: systemClock, timeoutMs: TIMEOUT_MS })) {
      process.stdout.write(`${safe(lineOf(finding))}\n`);
      if (!finding.ok) wrongs += 1;
    }
    process.stdout.write(wrongs === 0 ? 'All is right.\n' : `${wrongs === 1 ? 'One thing is' : `${wrongs} things are`} wrong.\n`);
    return wrongs === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`doctor: ${error instanceof ConfigurationError ? error.message : safe(inspect(error))}\n`);
    return error instanceof ConfigurationError ? 2 : 1;
  }
}
