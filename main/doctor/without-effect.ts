import type { Settings } from '../../runtime/configuration.ts';
import { type Finding, wrong } from '../../runtime/diagnosis.ts';
import { ADAPTERS } from '../adapters.ts';
import { adapterOf, portsOf } from '../choice.ts';
import { groupsFor, isSetIn } from '../configuration.ts';
import { ROLE_NAMES } from '../roles.ts';
import { groupsOf } from '../settings.ts';

/** Settings that no role reads, since their adapter is not used: a server that is not named, or the data folder that a server replaces. */
export function* withoutEffect(environment: NodeJS.ProcessEnv): Generator<Finding> {
  const isSet = isSetIn(environment);
  const roles = new Set(ROLE_NAMES);
  const ports = portsOf(roles);
  const read = namesIn(groupsFor(roles, ports, isSet));
  for (const adapter of ADAPTERS) {
    for (const name of namesIn(groupsOf(adapter))) {
      if (!isSet(name) || read.has(name)) continue;
      const server = adapter.namedBy?.name;
      const instead = ports.find((port) => namesIn(adapter.ports[port]?.settings ?? []).has(name));
      yield server
        ? wrong(name, `has no effect, since ${server} is not set`, `set ${server} too, or remove ${name}`)
        : wrong(name, `has no effect, since ${instead && adapterOf(instead, isSet).namedBy?.name} is set`, `remove ${name}`);
    }
  }
}

function namesIn(groups: readonly Settings[]): ReadonlySet<string> {
  return new Set(groups.flatMap((group) => Object.values(group).map(({ name }) => name)));
}
