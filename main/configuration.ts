import { ConfigurationError, readValues, type Settings, type Values } from '../runtime/configuration.ts';
import { processSettings } from '../runtime/process-settings.ts';
import { adapterOf, adaptersOf, doubleServers, type IsSet, missingServers, portsOf } from './choice.ts';
import type { PortName } from './ports.ts';
import type { Role } from './role.ts';
import { ROLES, type RoleName } from './roles.ts';
import { SETTING_NAMES } from './settings.ts';

/** What a process has read. */
export interface Config {
  readonly roles: ReadonlySet<RoleName>;
  readonly ports: readonly PortName[];
  readonly values: Values;
  readonly isSet: IsSet;
}

/**
 * Reads what these roles need from the environment; settings of other roles and of servers that they don't use are known but not looked at.
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

/** The settings that these roles and what is behind these ports read. */
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
