import { createServer } from 'node:net';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { processSettings } from '../../runtime/process-settings.ts';
import { adapterOf, adaptersOf } from '../choice.ts';
import { type Config, readConfig } from '../configuration.ts';
import type { Role } from '../role.ts';
import { ROLES, type RoleName } from '../roles.ts';
import { diagnoseSettingsFile } from '../settings-file/diagnose.ts';
import { auditTrail } from './audit-trail.ts';
import { type CommandLine, commandLines, secretsOnCommandLines } from './command-lines.ts';
import { fileModes, secretFileModes } from './file-modes.ts';
import { withoutEffect } from './without-effect.ts';

/** The findings for these roles and the servers that their settings name, one after another. Never rejects. */
export async function* checksOf(
  roles: ReadonlySet<RoleName>,
  environment: NodeJS.ProcessEnv,
  deps: DiagnosisDeps,
  processes: () => Promise<readonly CommandLine[]> = commandLines,
): AsyncGenerator<Finding> {
  yield fine('Node', process.versions.node);
  const { config, problems } = read(roles, environment);
  yield* problems.map((problem) => wrong('settings', problem, 'nothing else was checked'));
  if (!config) return;
  yield fine('settings', `make sense for ${[...config.roles].sort().join(', ')}`);
  yield* withoutEffect(environment);
  yield* await diagnoseSettingsFile(config.values, roles);
  yield* await fileModes(config);
  yield* await secretFileModes(environment);
  yield* secretsOnCommandLines(environment, await processes());
  const log = adapterOf('log', config.isSet);
  let canRead = true;
  for (const adapter of adaptersOf(config.ports, config.isSet)) {
    const findings = await adapter.diagnose(config.values, deps);
    // What is wrong with the folder may be anything; a server that is wrong is not asked again.
    if (adapter === log && adapter.namedBy) canRead = findings.every(({ ok }) => ok);
    yield* findings;
  }
  if (canRead && config.roles.has('console')) yield* await auditTrail(config);
  const host = config.values.get(processSettings.host);
  for (const { name, port } of listenedOn(config)) yield await portCheck(host, port, name);
}

function read(roles: ReadonlySet<RoleName>, environment: NodeJS.ProcessEnv): { config?: Config; problems: readonly string[] } {
  try {
    return { config: readConfig(roles, environment), problems: [] };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems };
    throw error;
  }
}

/** The ports that these roles listen on, with their settings; omits port 0, which stands for any free port. */
function listenedOn({ roles, values }: Config): { readonly name: string; readonly port: number }[] {
  const own = [...roles].flatMap((name) => listensOn(name) ?? []);
  const settings = own.length > 0 ? own : [processSettings.operationsPort];
  return settings.map((setting) => ({ name: setting.name, port: values.get(setting) })).filter(({ port }) => port !== 0);
}

function listensOn(name: RoleName): Role['listensOn'] {
  const { listensOn: setting }: Role = ROLES[name];
  return setting;
}

async function portCheck(host: string, port: number, setting: string): Promise<Finding> {
  const check = `port ${port}`;
  const problem = await listenOnce(host, port);
  if (problem === undefined) return fine(check, 'is free');
  if (problem.code !== 'EADDRINUSE')
    return wrong(check, reasonOf(problem), `set ${setting} to another port, or TOCSIN_HOST to an address of this machine`);
  return (await isTocsin(host, port))
    ? fine(check, 'a Tocsin answers there')
    : wrong(check, 'is in use by another program', `stop that program, or set ${setting} to a free port`);
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
