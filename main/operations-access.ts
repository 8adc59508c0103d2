import { consoleSettings } from '../console/config.ts';
import { proxySettings } from '../proxy/config.ts';
import { LocalTrust } from '../runtime/local-trust.ts';
import { operationsAccess, type OperationsAccess } from '../runtime/operations-access.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Config } from './configuration.ts';

/** One rule for all ports of a process: a balancer that brings strangers to one of them may bring them to all. */
export function operationsAccessOf({ roles, values }: Pick<Config, 'roles' | 'values'>): OperationsAccess {
  const { host, metricsAccess, metricsToken } = values.of(processSettings);
  const console = roles.has('console') ? values.of(consoleSettings) : undefined;
  const proxy = roles.has('proxy') ? values.of(proxySettings) : undefined;
  const urls = [...(proxy?.urls ?? []), console?.publicUrl].filter((url) => url !== undefined);
  return operationsAccess({
    trust: new LocalTrust({ host, urls, proxies: [...(console?.proxies ?? []), ...(proxy?.proxies ?? [])] }),
    tokens: [metricsToken, console?.apiToken].filter((token) => token !== undefined),
    metricsOpen: metricsAccess === 'open',
  });
}
