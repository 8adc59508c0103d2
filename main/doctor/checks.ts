import { createServer } from 'node:net';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { type Config, readConfig } from '../configuration.ts';
import { embeddedStores, type Role, SERVERS } from '../roles.ts';

const PORT_SETTINGS = ['TOCSIN_INGEST_PORT', 'TOCSIN_CONSOLE_PORT', 'TOCSIN_OPERATIONS_PORT'] as const;

/** All checks of these roles and of what their settings name, one after another as they come. Never rejects. */
export async function* checksOf(roles: ReadonlySet<Role>, environment: NodeJS.ProcessEnv, deps: DiagnosisDeps): AsyncGenerator<Finding> {
  yield fine('Node', process.versions.node);
  const { config, problems } = read(roles, environment);
  yield* problems.map((problem) => wrong('settings', problem, 'nothing else was looked at'));
  if (!config) return;
  yield fine('settings', `make sense for ${[...config.roles].sort().join(', ')}`);
  yield* settingsWithoutEffect(environment);
  if (embeddedStores(config.roles, config.isSet).length > 0 || usesOutbox(config)) yield* await folder(config);
  for (const diagnosed of servers(config, deps)) yield* await diagnosed();
  for (const [setting, port] of portsOf(config)) yield await portCheck(config.process.host, port, setting);
}

function read(roles: ReadonlySet<Role>, environment: NodeJS.ProcessEnv): { config?: Config; problems: readonly string[] } {
  try {
    return { config: readConfig(roles, environment), problems: [] };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems };
    throw error;
  }
}

function servers(config: Config, deps: DiagnosisDeps): (() => Promise<readonly Finding[]>)[] {
  const { isSet, roles } = config;
  const found: (() => Promise<readonly Finding[]>)[] = [];
  if (isSet('TOCSIN_KAFKA_BROKERS'))
    found.push(async () => {
      const { diagnoseKafka } = await import('../../message-log/kafka/diagnose.ts');
      const kafka = config.of('kafka');
      return await diagnoseKafka({ ...kafka, brokers: kafka.brokers ?? [] }, deps);
    });
  if (isSet('TOCSIN_CASSANDRA_CONTACT_POINTS'))
    found.push(async () => {
      const { diagnoseCassandra } = await import('../../cassandra/diagnose.ts');
      return await diagnoseCassandra(config.of('cassandra'), deps);
    });
  if (isSet('TOCSIN_INFLUX_URL'))
    found.push(async () => {
      const { diagnoseInflux } = await import('../../history/influx/diagnose.ts');
      const influx = config.of('influx');
      return await diagnoseInflux({ ...influx, url: influx.url ?? '' }, deps);
    });
  if (roles.has('mailer') && config.of('mailer').smtpUrl)
    found.push(async () => {
      const { diagnoseSmtp } = await import('../../notify/channels/mail/smtp.ts');
      const mailer = config.of('mailer');
      return await diagnoseSmtp({ ...mailer, smtpUrl: mailer.smtpUrl ?? '' }, deps);
    });
  return found;
}

async function folder(config: Config): Promise<readonly Finding[]> {
  const { diagnoseFolder } = await import('../../message-log/embedded/diagnose.ts');
  return await diagnoseFolder(config.process.dataDir);
}

function usesOutbox({ roles, of }: Config): boolean {
  return roles.has('mailer') && !of('mailer').smtpUrl;
}

/** Settings of a server that isn't named are read by nobody. */
function* settingsWithoutEffect(environment: NodeJS.ProcessEnv): Generator<Finding> {
  for (const { setting } of SERVERS) {
    if (environment[setting]) continue;
    const prefix = /^TOCSIN_[A-Z]+_/.exec(setting)?.[0] ?? setting;
    for (const name of Object.keys(environment).filter((each) => each.startsWith(prefix) && environment[each]))
      yield wrong(name, `has no effect, since ${setting} is not set`, `set ${setting} too, or remove ${name}`);
  }
}

function portsOf({ roles, of, process: own }: Config): [setting: string, port: number][] {
  const [ingest, console, operations] = PORT_SETTINGS;
  const ports: [string, number][] = [];
  if (roles.has('proxy')) ports.push([ingest, of('proxy').port]);
  if (roles.has('console')) ports.push([console, of('console').port]);
  if (ports.length === 0) ports.push([operations, own.operationsPort]);
  return ports.filter(([, port]) => port !== 0);
}

async function portCheck(host: string, port: number, setting: string): Promise<Finding> {
  const check = `port ${port}`;
  const problem = await listenOnce(host, port);
  if (problem === undefined) return fine(check, 'is free');
  if (problem.code !== 'EADDRINUSE')
    return wrong(check, reasonOf(problem), `set ${setting} to another port, or TOCSIN_HOST to an address of this machine`);
  return (await isTocsin(host, port))
    ? fine(check, 'a Tocsin answers there')
    : wrong(check, 'is in use by another program', `stop that, or set ${setting} to a free port`);
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function isTocsin(host: string, port: number): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  try {
    const answer = await fetch(`http://${name}:${port}/healthz`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()) === '{"status":"alive"}';
  } catch {
    return false;
  }
}
