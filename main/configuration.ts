import { consoleSettings } from '../console/config.ts';
import { ConfigurationError, readValues, type Settings, type Values } from '../runtime/configuration.ts';
import { processSettings } from '../runtime/process-settings.ts';
import { fileSettingOf } from '../runtime/secret-file.ts';
import { crossingOf } from '../runtime/unencrypted.ts';
import type { Adapter } from './adapter.ts';
import { adapterOf, adaptersOf, doubleServers, type IsSet, missingServers, optionalPortsOf, portsOf } from './choice.ts';
import type { PortName } from './ports.ts';
import type { Role } from './role.ts';
import { ROLES, type RoleName } from './roles.ts';
import { SETTING_NAMES } from './settings.ts';
import { problemsOfUnknownSensors } from './unknown-sensors.ts';

/** The configuration of a process. */
export interface Config {
  readonly roles: ReadonlySet<RoleName>;
  readonly ports: readonly PortName[];
  readonly values: Values;
  readonly isSet: IsSet;
  /** What crosses the network unencrypted, since TOCSIN_INSECURE allows it. */
  readonly unencrypted: readonly string[];
}

/**
 * Reads the settings that these roles need from the environment; those of other roles and of unused servers are accepted but not checked.
 * `only`: the ports that a program without roles opens. Throws ConfigurationError with all problems at once.
 */
export function readConfig(roles: ReadonlySet<RoleName>, environment: NodeJS.ProcessEnv, only?: readonly PortName[]): Config {
  const isSet = isSetIn(environment);
  const ports = only ?? [...new Set([...portsOf(roles), ...optionalPortsOf(roles, isSet)])];
  const values = readValues(groupsFor(roles, ports, isSet), environment, SETTING_NAMES);
  const adapters = adaptersOf(ports, isSet);
  const parts = [...rolesIn(roles), ...adapters];
  const problems = [
    ...doubleServers(ports, isSet),
    ...missingServers(roles, isSet),
    ...adapters.flatMap((adapter) => adapter.check?.(values) ?? []),
    ...rolesIn(roles).flatMap((role) => role.check?.(values) ?? []),
    ...refusedCrossings(parts, values),
    ...problemsOfUnknownSensors({ roles, ports, values }),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { roles, ports, values, isSet, unencrypted: crossingsOf(parts, values).map(({ fact }) => fact) };
}

type Crossable = Pick<Role, 'unencrypted'> | Pick<Adapter, 'unencrypted'>;

/** A line for all that these would send over a network unencrypted without being allowed to. `values` hold their settings and TOCSIN_INSECURE. */
export function refusedCrossings(parts: readonly Crossable[], values: Values): string[] {
  if (values.get(processSettings.insecure)) return [];
  return crossingsOf(parts, values).map(
    ({ fact, instead }) => `${fact}: ${instead}; or TOCSIN_INSECURE=yes, if something else keeps strangers out of it`,
  );
}

function crossingsOf(parts: readonly Crossable[], values: Values) {
  return parts.flatMap((part) => part.unencrypted?.(values) ?? []).flatMap((sent) => crossingOf(sent) ?? []);
}

export function isSetIn(environment: NodeJS.ProcessEnv): IsSet {
  return (setting) => Boolean(environment[setting] || environment[fileSettingOf(setting)]);
}

/** The settings of these roles and of the adapters of these ports. */
export function groupsFor(roles: ReadonlySet<RoleName>, ports: readonly PortName[], isSet: IsSet): readonly Settings[] {
  return [
    processSettings,
    // Its tokens open /metrics in every process.
    { usersFile: consoleSettings.usersFile },
    ...rolesIn(roles).flatMap(({ settings }) => settings),
    ...adaptersOf(ports, isSet).flatMap(({ settings }) => settings),
    ...ports.flatMap((port) => adapterOf(port, isSet).ports[port]?.settings ?? []),
  ];
}

function rolesIn(roles: ReadonlySet<RoleName>): readonly Role[] {
  return [...roles].map((name) => ROLES[name]);
}
