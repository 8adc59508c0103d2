import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { reasonOf } from '../runtime/errors.ts';
import { type Ready, SystemProcess } from './child.ts';
import { DEMO_HELP, type DemoOptions, parseDemoOptions } from './demo-options.ts';
import { parseOptions, type SimulateOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { exitCodeOf, reportText } from './report.ts';
import { run } from './run.ts';
import { sampleClients } from './sample-clients.ts';
import { demo } from './scenarios/demo.ts';
import { PLACELESS, STORY, STORY_SENSORS } from './scenarios/story.ts';

const DEMO_FOLDER = './data/demo';
const READY_MS_MAX = 60_000;
const SECONDS_PER_REPORT = 20;
/** As a gateway would, so that showing it takes little of the machine. */
const STATUSES_PER_REQUEST = 25;

async function main(): Promise<number> {
  const parsed = parseDemoOptions(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      console.log(DEMO_HELP);
      return 0;
    case 'problems':
      console.error(`${parsed.problems.join('\n')}\n\n--help shows what there is.`);
      return 2;
    case 'options':
      return await show(parsed.options);
  }
}

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
    await mkdir(environment.TOCSIN_DATA_DIR ?? DEMO_FOLDER, { recursive: true });
    system = new SystemProcess(environment, READY_MS_MAX);
    const [ready, clients] = await Promise.all([system.ready, sampleClients(clientsFor(options), environment, stop.signal)]);
    console.log(whereToLook(ready, options));
    void clients.all.then((said) => said && !stop.signal.aborted && console.log(said));
    return await simulate(options, ready, environment.TOCSIN_API_TOKEN, AbortSignal.any([stop.signal, system.ended]));
  } catch (error) {
    if (stop.signal.aborted) return 130;
    console.error(reasonOf(error));
    return 1;
  } finally {
    stop.abort();
    await system?.stop();
  }
}

/** The demo's own folder has clients of its own making. */
function clientsFor({ sensors, data }: DemoOptions) {
  return { sensors, first: STORY_SENSORS, placeless: PLACELESS, ours: data === undefined && !process.env.TOCSIN_DATA_DIR };
}

function environmentOf({ data, ingestPort, consolePort }: DemoOptions): NodeJS.ProcessEnv {
  const { TOCSIN_API_TOKEN, TOCSIN_DATA_DIR, TOCSIN_LOG_LEVEL } = process.env;
  return {
    ...process.env,
    TOCSIN_DATA_DIR: resolve(data ?? (TOCSIN_DATA_DIR || DEMO_FOLDER)),
    TOCSIN_API_TOKEN: TOCSIN_API_TOKEN || randomBytes(24).toString('base64url'),
    TOCSIN_LOG_LEVEL: TOCSIN_LOG_LEVEL || 'warn',
    ...(ingestPort === undefined ? {} : { TOCSIN_INGEST_PORT: String(ingestPort) }),
    ...(consolePort === undefined ? {} : { TOCSIN_CONSOLE_PORT: String(consolePort) }),
  };
}

function whereToLook({ ingestPort, consoleUrl, signInUrl, outbox }: Ready, { sensors, minutes }: DemoOptions): string {
  return `
  Console   ${signInUrl}
  Mails     ${outbox ?? 'go to the mail server'}
  Sensors   report to http://127.0.0.1:${ingestPort}/entry
  API       ${consoleUrl}/api/openapi.json

${sensors.toLocaleString('en-US')} sensors report now${Number.isFinite(minutes) ? ` for ${minutes} minutes` : ''}; Ctrl-C ends it. In the first minute, among them:
${STORY.map(({ sensor, what }) => `  sensor ${sensor}  ${what}`).join('\n')}
`;
}

async function simulate(options: DemoOptions, ready: Ready, token: string | undefined, stop: AbortSignal): Promise<number> {
  const { minutes, sensors, seed } = options;
  const usual = parseOptions(['--url', `http://127.0.0.1:${ready.ingestPort}`, '--console', ready.consoleUrl], token);
  if (usual.kind !== 'options') throw new Error(`the system's addresses are not as agreed: ${JSON.stringify(ready)}`);
  const { apps } = demo.defaults;
  const fleet: SimulateOptions = {
    ...usual.options,
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
  const report = await run(fleet, { progress, stop, neighbours: () => [] });
  console.log(`\n${reportText(report)}`);
  // Interrupting a demo is its usual end.
  return exitCodeOf({ ...report, interrupted: false });
}

process.exitCode = await main();
