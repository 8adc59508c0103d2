import { ConfigurationError, readValues, type Settings, type Values } from '../runtime/configuration.ts';
import { processSettings } from '../runtime/process-settings.ts';
import { adapterOf, adaptersOf, doubleServers, type IsSet, missingServers, portsOf } from './choice.ts';
import type { PortName } from './ports.ts';
import type { Role } from './role.ts';
import { ROLES, type RoleName } from './roles.ts';
import { SETTING_NAMES } from './settings.ts';

/** The configuration of a process. */
export interface Config {
  readonly roles: ReadonlySet<RoleName>;
  readonly ports: readonly PortName[];
  readonly values: Values;
  readonly isSet: IsSet;
}

/**
 * Reads the settings that these roles need from the environment; those of other roles and of unused servers are accepted but not checked.
 * `ports` are those of the roles, unless a program without roles opens some. Throws ConfigurationError with all problems at once.
 */
export function readConfig(
  roles: ReadonlySet<RoleName>,
  environment: NodeJS.ProcessEnv,
  ports: readonly PortName[] = portsOf(roles),
): Config {
  const isSet = isSetIn(environment);
  const values = readValues(groupsFor(roles, ports, isSet), environment, SETTING_NAMES);
  const problems = [
    ...doubleServers(ports, isSet),
    ...missingServers(roles, isSet),
    ...adaptersOf(ports, isSet).flatMap((adapter) => adapter.check?.(values) ?? []),
    ...rolesIn(roles).flatMap((role) => role.check?.(values) ?? []),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { roles, ports, values, isSet };
}

export function isSetIn(environment: NodeJS.ProcessEnv): IsSet {
  return (setting) => (environment[setting] ?? '') !== '';
}

/** The settings of these roles and of the adapters of these ports. */
export function groupsFor(roles: ReadonlySet<RoleName>, ports: readonly PortName[], isSet: IsSet): readonly Settings[] {
  return [
    processSettings,
    ...rolesIn(roles).flatMap(({ settings }) => settings),
    ...adaptersOf(ports, isSet).flatMap(({ settings }) => settings),
    ...ports.flatMap((port) => adapterOf(port, isSet).ports[port]?.settings ?? []),
  ];
}

function rolesIn(roles: ReadonlySet<RoleName>): readonly Role[] {
  return [...roles].map((name) => ROLES[name]);
}
