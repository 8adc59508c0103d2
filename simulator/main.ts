import { writeFile } from 'node:fs/promises';
import { reasonOf } from '../runtime/errors.ts';
import { generateClients } from './clients/clients.ts';
import { neighbourhoods } from './neighbourhood.ts';
import { HELP, parseOptions, type SimulateOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { exitCodeOf, reportText } from './report.ts';
import { run } from './run.ts';

/** The sample clients' own default seed: a fleet's neighbourhoods are theirs. */
const CLIENTS_SEED = 1;

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), process.env.TOCSIN_API_TOKEN);
  switch (parsed.kind) {
    case 'help':
      console.log(HELP);
      return 0;
    case 'problems':
      console.error(`${parsed.problems.join('\n')}\n\n--help shows what there is.`);
      return 2;
    case 'options':
      return await simulate(parsed.options);
  }
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
    const report = await run(options, { progress, stop: stop.signal, neighbours });
    console.log(reportText(report));
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    return exitCodeOf(report);
  } catch (error) {
    progress.stop();
    console.error(reasonOf(error));
    return 3;
  }
}

process.exitCode = await main();
