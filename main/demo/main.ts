import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AlarmType } from '../../alarm/alarm-type.ts';
import { command, readCommandLine } from '../../runtime/command-line.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { runProgram } from '../../runtime/program.ts';
import { secretOf } from '../../runtime/secret-file.ts';
import { SIMULATE_OPTIONS, type SimulateOptions, simulateOptions } from '../../simulator/options.ts';
import { createProgress } from '../../simulator/progress.ts';
import { exitCodeOf, reportText } from '../../simulator/report.ts';
import { run } from '../../simulator/run.ts';
import { demo } from '../../simulator/scenarios/demo.ts';
import { PLACELESS, type Scene, STORY_SENSORS, storyOf } from '../../simulator/scenarios/story.ts';
import { type Ready, SystemProcess } from './child.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { readEnvironment } from '../../runtime/environment.ts';
import { loadOnlySettingsFile } from '../settings-file/load.ts';
import { DEMO_OPTIONS, type DemoOptions } from './options.ts';
import { sampleClients } from './sample-clients.ts';

const DEMO_FOLDER = './data/demo';
const READY_MS_MAX = 60_000;
const SECONDS_PER_REPORT = 20;
/** As a gateway would, so that the demo takes little of the machine. */
const STATUSES_PER_REQUEST = 25;

const DEMO = command({
  name: 'npm run demo',
  summary: 'Shows the whole system at work: starts it with sample clients and a simulated fleet that reports to it.',
  about: ['Ctrl-C stops the fleet, compares the alarms and mails with what should have happened, and stops the system.'],
  options: DEMO_OPTIONS,
  exitCodes: { 0: 'alarms and mails are exactly as expected', 1: 'they are not, or it could not start' },
  example: 'npm run demo -- --minutes 5',
  run: ({ options }) => show(options),
});

async function show(options: DemoOptions): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    console.log('\nstopping; the alarms are compared first (once more ends at once)');
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const environment = environmentOf(options);
  let system: SystemProcess | undefined;
  try {
    const { types } = (await loadOnlySettingsFile(readEnvironment())).settings;
    await mkdir(environment.TOCSIN_DATA_DIR ?? DEMO_FOLDER, { recursive: true });
    system = new SystemProcess(environment, READY_MS_MAX);
    const [ready, clients] = await Promise.all([system.ready, sampleClients(clientsFor(options), environment, stop.signal)]);
    console.log(whereToLook(ready, options, storyOf(types)));
    void clients.all.then((said) => said && !stop.signal.aborted && console.log(said));
    const end = AbortSignal.any([stop.signal, system.ended]);
    return await simulate(options, ready, types, environment.TOCSIN_API_TOKEN, end);
  } catch (error) {
    if (stop.signal.aborted) return 130;
    process.stderr.write(`demo: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    stop.abort();
    await system?.stop();
  }
}

/** The demo's own folder has only clients that the demo made. */
function clientsFor({ sensors, data }: DemoOptions) {
  return { sensors, first: STORY_SENSORS, placeless: PLACELESS, ours: data === undefined && !process.env.TOCSIN_DATA_DIR };
}

function environmentOf({ data, 'ingest-port': ingestPort, 'console-port': consolePort }: DemoOptions): NodeJS.ProcessEnv {
  const { TOCSIN_DATA_DIR, TOCSIN_LOG_LEVEL } = process.env;
  const { value: token, problem } = secretOf('TOCSIN_API_TOKEN', process.env);
  if (problem !== undefined) throw new ConfigurationError([problem]);
  return {
    ...process.env,
    TOCSIN_DATA_DIR: resolve(data ?? (TOCSIN_DATA_DIR || DEMO_FOLDER)),
    TOCSIN_API_TOKEN: token ?? randomBytes(24).toString('base64url'),
    TOCSIN_API_TOKEN_FILE: '',
    TOCSIN_LOG_LEVEL: TOCSIN_LOG_LEVEL || 'warn',
    ...(ingestPort === undefined ? {} : { TOCSIN_INGEST_PORT: String(ingestPort) }),
    ...(consolePort === undefined ? {} : { TOCSIN_CONSOLE_PORT: String(consolePort) }),
  };
}

function whereToLook(ready: Ready, { sensors, minutes }: DemoOptions, story: readonly Scene[]): string {
  const { ingestPort, consoleUrl, signInUrl, outbox } = ready;
  return `
  Console   ${signInUrl}
  Mails     ${outbox ?? 'go to the mail server'}
  Sensors   report to http://127.0.0.1:${ingestPort}/entry
  API       ${consoleUrl}/api/openapi.json

${sensors.toLocaleString('en-US')} sensors report now${minutes === undefined ? '' : ` for ${minutes} minutes`}; Ctrl-C ends it. In the first minute, among them:
${story.map(({ sensor, what }) => `  sensor ${sensor}  ${what}`).join('\n')}
`;
}

async function simulate(
  options: DemoOptions,
  ready: Ready,
  types: readonly AlarmType[],
  token: string | undefined,
  stop: AbortSignal,
): Promise<number> {
  const { minutes = Number.POSITIVE_INFINITY, sensors, seed } = options;
  const given = readCommandLine({ options: SIMULATE_OPTIONS }, [
    '--url',
    `http://127.0.0.1:${ready.ingestPort}`,
    '--console',
    ready.consoleUrl,
  ]);
  if (given === 'help') throw new Error('no help was asked for');
  const { apps } = demo.defaults;
  const fleet: SimulateOptions = {
    ...simulateOptions(given, { console: token }),
    scenario: demo,
    apps,
    ratePerApp: Math.max(1, sensors / SECONDS_PER_REPORT / apps),
    minutes,
    sensors,
    seed,
    batch: STATUSES_PER_REQUEST,
    outbox: ready.outbox,
  };
  const progress = createProgress(process.stdout, minutes * 60);
  const report = await run(fleet, { progress, stop, neighbours: () => [], types });
  console.log(`\n${reportText(report)}`);
  // Interrupting a demo is its usual end.
  return exitCodeOf({ ...report, interrupted: false });
}

await runProgram(DEMO, process.argv.slice(2));
