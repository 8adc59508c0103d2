/** Which adapter is used for which port, and what that means for roles in other processes. */
import type { Adapter } from './adapter.ts';
import { ADAPTERS } from './adapters.ts';
import type { PortName } from './ports.ts';
import type { Role } from './role.ts';
import { ROLE_NAMES, ROLES, type RoleName } from './roles.ts';

/** Whether a setting has a value, for example names a server. */
export type IsSet = (setting: string) => boolean;

/** The adapter for a port: the named server, otherwise the data folder. */
export function adapterOf(port: PortName, isSet: IsSet, adapters: readonly Adapter[] = ADAPTERS): Adapter {
  const able = adapters.filter(({ ports }) => ports[port]);
  const chosen = able.find(({ namedBy }) => namedBy && isSet(namedBy.name)) ?? able.find(({ namedBy }) => !namedBy);
  if (!chosen) throw new Error(`no adapter holds ${port}`);
  return chosen;
}

/** The ports that these roles use, each once. */
export function portsOf(roles: ReadonlySet<RoleName>): readonly PortName[] {
  return [...new Set([...roles].flatMap((name) => usesOf(name)))];
}

/** The ports that these roles can do without, as far as this process can open them: on a server, or in the data folder that it uses anyway. */
export function optionalPortsOf(roles: ReadonlySet<RoleName>, isSet: IsSet): readonly PortName[] {
  const used = portsOf(roles);
  const wanted = [...roles].flatMap((name) => {
    const { mayUse = [] }: Role = ROLES[name];
    return mayUse;
  });
  return [...new Set(wanted)].filter((port) => used.includes(port) || !adapterOf(port, isSet).ports[port]?.exclusive);
}

/** The adapters that hold these ports, in the order of the table. */
export function adaptersOf(ports: readonly PortName[], isSet: IsSet): readonly Adapter[] {
  const chosen = new Set(ports.map((port) => adapterOf(port, isSet)));
  return ADAPTERS.filter((adapter) => chosen.has(adapter));
}

/** The ports of these roles that only this process can use, since they are held in its data folder. */
export function exclusivePorts(roles: ReadonlySet<RoleName>, isSet: IsSet): readonly PortName[] {
  return portsOf(roles).filter((port) => adapterOf(port, isSet).ports[port]?.exclusive);
}

/** The names of all servers that the settings name. */
export function namedServers(isSet: IsSet): readonly string[] {
  return ADAPTERS.flatMap(({ name, namedBy }) => (namedBy && isSet(namedBy.name) ? [name] : []));
}

/** A line for each port for which more than one server is named. */
export function doubleServers(ports: readonly PortName[], isSet: IsSet, adapters: readonly Adapter[] = ADAPTERS): string[] {
  return ports.flatMap((port) => {
    const names = serversFor(port, adapters).flatMap(({ namedBy }) => (namedBy && isSet(namedBy.name) ? [namedBy.name] : []));
    return names.length > 1 ? [`${inWords(names)} each name a server for the ${port}: set only one of them`] : [];
  });
}

/**
 * A data folder belongs to one process: all roles that use it must run in this process, or a server must be named. One line for
 * each missing server.
 */
export function missingServers(roles: ReadonlySet<RoleName>, isSet: IsSet): string[] {
  const lines = new Map<string, { servers: readonly Adapter[]; ports: PortName[] }>();
  for (const port of exclusivePorts(new Set(ROLE_NAMES), isSet)) {
    const servers = serversFor(port, ADAPTERS);
    const key = servers.map(({ name }) => name).join();
    const line = lines.get(key) ?? { servers, ports: [] };
    line.ports.push(port);
    lines.set(key, line);
  }
  return [...lines.values()].flatMap(({ servers, ports }) => missingServer(roles, servers, ports));
}

function missingServer(roles: ReadonlySet<RoleName>, servers: readonly Adapter[], ports: readonly PortName[]): string[] {
  const users = ROLE_NAMES.filter((name) => usesOf(name).some((port) => ports.includes(port)));
  const here = users.filter((name) => roles.has(name));
  const elsewhere = users.filter((name) => !roles.has(name));
  if (here.length === 0 || elsewhere.length === 0) return [];
  const settings = servers.flatMap(({ namedBy }) => namedBy?.name ?? []).join(' or ');
  const together = users.length === ROLE_NAMES.length ? 'all roles in one process (npm start)' : `${inWords(users)} in one process`;
  return [
    `${settings} is not set, and the embedded ${inWords(ports)} can be used by one process only: ${inWords(elsewhere)} ` +
      `would not share ${ports.length > 1 ? 'them' : 'it'} with ${inWords(here)}. ` +
      `Name the ${servers.map(({ name }) => name).join(' or ')} of the cluster, or run ${together}`,
  ];
}

function serversFor(port: PortName, adapters: readonly Adapter[]): readonly Adapter[] {
  return adapters.filter(({ namedBy, ports }) => namedBy && ports[port]);
}

function usesOf(name: RoleName): readonly PortName[] {
  const { uses }: Role = ROLES[name];
  return uses;
}

function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
