import { setTimeout as sleep } from 'node:timers/promises';
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

/** So long may archive, history and console be held back: operators must see what is open even if a partition can't be restored. */
const HELD_BACK_MS = 60_000;

/** Starts the roles of the process in the order of their table. */
export async function startRoles(
  config: Config,
  ports: Pick<OpenPorts, 'open' | 'openDispensable'>,
  deps: Omit<RoleDeps, 'operationsAccess' | 'fireReady'>,
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
  const first: Promise<void>[] = [];
  const afterAll = (work: Promise<void>): void => {
    // A failure is noticed when it is waited for, below.
    work.catch(() => undefined);
    last.push(work);
  };
  const beforeFire = (work: Promise<void>): void => {
    first.push(work);
    afterAll(work);
  };
  let onStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const fireReady = started.then(() => settledWithin(first, HELD_BACK_MS));
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
        ...{ config: values, deps: { ...deps, operationsAccess, fireReady }, ports: await ports.open(uses) },
        ...{ unknownSensors, run, afterAll, beforeFire },
      })),
    };
  onStarted();
  await Promise.all(last);
  deps.health.report('start', undefined);
  return addresses;
}

async function settledWithin(work: readonly Promise<void>[], ms: number): Promise<void> {
  const timeout = new AbortController();
  const late = sleep(ms, undefined, { signal: timeout.signal, ref: false }).catch(() => undefined);
  await Promise.race([Promise.allSettled(work), late]);
  timeout.abort();
}
