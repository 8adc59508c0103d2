import { writeFile } from 'node:fs/promises';
import { command } from '../../runtime/command-line.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { runProgram } from '../../runtime/program.ts';
import { secretOf } from '../../runtime/secret-file.ts';
import { generateClients } from '../../simulator/clients/clients.ts';
import { neighbourhoods } from '../../simulator/neighbourhood.ts';
import { type EnvironmentTokens, SCENARIO_LIST, SIMULATE_OPTIONS, type SimulateOptions, simulateOptions } from '../../simulator/options.ts';
import { createProgress } from '../../simulator/progress.ts';
import { exitCodeOf, reportText } from '../../simulator/report.ts';
import { run } from '../../simulator/run.ts';
import { loadOnlySettingsFile } from '../settings-file/load.ts';

/** The sample clients' own default seed: a fleet's neighbourhoods are theirs. */
const CLIENTS_SEED = 1;

const SIMULATE = command({
  name: 'npm run simulate',
  summary: 'Simulates a fleet of sensors, and reports whether the system raised exactly the expected alarms.',
  about: ['The sensors report the fields that the types of alarms in the settings file use; the system must have the same file.'],
  options: SIMULATE_OPTIONS,
  lists: SCENARIO_LIST,
  exitCodes: {
    0: 'the alarms are exactly the expected ones',
    1: 'an alarm is missing, doubled, invented or different, or a message was refused or could not be sent',
    3: 'nothing could be compared',
    130: 'it was interrupted',
  },
  example: 'npm run simulate -- --apps 4 --rate 350 --minutes 30 --token TOKEN',
  run: (given) => simulate(simulateOptions(given, tokensIn(readEnvironment()))),
});

function tokensIn(environment: NodeJS.ProcessEnv): EnvironmentTokens {
  const operator = secretOf('TOCSIN_API_TOKEN', environment);
  const gateways = secretOf('TOCSIN_GATEWAY_TOKENS', environment);
  const problems = [operator.problem, gateways.problem].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const [, gateway] = /^[^:,]*:([^,]+)/.exec(gateways.value ?? '') ?? [];
  return { console: operator.value, gateway };
}

async function simulate(options: SimulateOptions): Promise<number> {
  const stop = new AbortController();
  const progress = createProgress(process.stderr, options.minutes * 60);
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    progress.say('stopping; what was sent is still compared (once more ends at once)');
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const neighbours = neighbourhoods(() => generateClients(options.sensors, CLIENTS_SEED));
  try {
    const { settings } = await loadOnlySettingsFile(readEnvironment());
    const report = await run(options, { progress, stop: stop.signal, neighbours, types: settings.types });
    process.stdout.write(`${reportText(report)}\n`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    return exitCodeOf(report);
  } catch (error) {
    progress.stop();
    process.stderr.write(`simulate: ${reasonOf(error)}\n`);
    return 3;
  }
}

await runProgram(SIMULATE, process.argv.slice(2));
