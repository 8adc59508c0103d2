import { consoleSettings } from '../console/config.ts';
import { ProgramTokens } from '../console/security/program-tokens.ts';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import { startOperations } from '../runtime/operations.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Config } from './configuration.ts';
import type { OpenPorts } from './open-ports.ts';
import { operationsAccessOf } from './operations-access.ts';
import type { Addresses, Role, RoleContext, RoleDeps } from './role.ts';
import { ROLE_NAMES, ROLES } from './roles.ts';
import { UnknownSensors } from './unknown-sensors.ts';

/** Starts the roles of the process in the order of their table. */
export async function startRoles(
  config: Config,
  ports: OpenPorts,
  deps: Omit<RoleDeps, 'operationsAccess'>,
  lifecycle: Lifecycle,
): Promise<Addresses> {
  const { roles, values } = config;
  const run: RoleContext<never>['run'] = async (name, part) => {
    const started = await part;
    lifecycle.onStop(name, () => started.stop());
    return started;
  };
  const usersFile = values.get(consoleSettings.usersFile);
  const tokens = usersFile === undefined ? undefined : await run('tokens for metrics', ProgramTokens.open(usersFile, deps.logger));
  const operationsAccess = operationsAccessOf(config, deps, (bearer) => tokens?.rightsOf(bearer));
  const last: Promise<void>[] = [];
  const afterAll = (work: Promise<void>): void => {
    // A failure is noticed when it is waited for, below.
    work.catch(() => undefined);
    last.push(work);
  };
  const here: readonly Role[] = ROLE_NAMES.filter((name) => roles.has(name)).map((name) => ROLES[name]);
  let addresses: Addresses = {};
  const unknownSensors = new UnknownSensors(config, deps, () => ports.openDispensable('directory'), run);
  // Roles without HTTP of their own share a port for health and metrics, open from before they start until after they have stopped.
  if (!here.some(({ listensOn }) => listensOn)) {
    deps.health.report('start', 'the roles are starting');
    const address = { host: values.get(processSettings.host), port: values.get(processSettings.operationsPort) };
    const { port } = await run('operations', startOperations(address, deps.health, deps.registry, operationsAccess));
    addresses = { operationsPort: port };
  }
  for (const { uses, start } of here)
    addresses = {
      ...addresses,
      ...(await start({
        ...{ config: values, deps: { ...deps, operationsAccess }, ports: await ports.open(uses) },
        ...{ unknownSensors, run, afterAll },
      })),
    };
  await Promise.all(last);
  deps.health.report('start', undefined);
  return addresses;
}
