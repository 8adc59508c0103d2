import { type DiagnosisDeps, type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { ConfigurationError } from '../../runtime/configuration.ts';
import type { Adapter } from '../adapter.ts';
import { adapterOf, adaptersOf } from '../choice.ts';
import { type Config, readConfig } from '../configuration.ts';
import type { PortName } from '../ports.ts';
import type { RoleName } from '../roles.ts';
import { diagnoseSettingsFile } from '../settings-file/diagnose.ts';
import { auditTrail } from './audit-trail.ts';
import { type CommandLine, commandLines, secretsOnCommandLines } from './command-lines.ts';
import { fileModes, secretFileModes } from './file-modes.ts';
import { listenedPorts } from './listened-ports.ts';
import { sensorsOfAlarms } from './sensors-of-alarms.ts';
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
  /** Servers of which something is wrong: they are not asked again. What is wrong with the folder may be anything. */
  const faulty = new Set<Adapter>();
  for (const adapter of adaptersOf(config.ports, config.isSet)) {
    const findings = await adapter.diagnose(config.values, deps);
    if (adapter.namedBy && !findings.every(({ ok }) => ok)) faulty.add(adapter);
    yield* findings;
  }
  const canRead = (...ports: readonly PortName[]): boolean =>
    ports.every((port) => config.ports.includes(port) && !faulty.has(adapterOf(port, config.isSet)));
  if (canRead('log') && config.roles.has('console')) yield* await auditTrail(config);
  if (canRead('archive', 'directory')) yield* await sensorsOfAlarms(config, environment);
  yield* listenedPorts(config);
}

function read(roles: ReadonlySet<RoleName>, environment: NodeJS.ProcessEnv): { config?: Config; problems: readonly string[] } {
  try {
    return { config: readConfig(roles, environment), problems: [] };
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems };
    throw error;
  }
}
