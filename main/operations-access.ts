import { Counter, type Registry } from 'prom-client';
import { consoleSettings } from '../console/config.ts';
import { proxySettings } from '../proxy/config.ts';
import { Attempts } from '../runtime/attempts.ts';
import { atItsOwnPace, systemClock } from '../runtime/clock.ts';
import { LocalTrust } from '../runtime/local-trust.ts';
import type { Logger } from '../runtime/logging.ts';
import { among } from '../runtime/network.ts';
import { operationsAccess, type OperationsAccess, type OperationsRules } from '../runtime/operations-access.ts';
import { processSettings } from '../runtime/process-settings.ts';
import type { Config } from './configuration.ts';

interface Deps {
  readonly logger: Logger;
  readonly registry: Registry;
}

/**
 * One rule for all ports of a process: a balancer that brings strangers to one of them may bring them to all. `rightsOf`: of tokens that the users file
 * gives to programs.
 */
export function operationsAccessOf(
  { roles, values }: Pick<Config, 'roles' | 'values'>,
  deps: Deps,
  rightsOf?: OperationsRules['rightsOf'],
): OperationsAccess {
  const { host, metricsAccess, metricsToken } = values.of(processSettings);
  const console = roles.has('console') ? values.of(consoleSettings) : undefined;
  const proxy = roles.has('proxy') ? values.of(proxySettings) : undefined;
  const urls = [...(proxy?.urls ?? []), console?.publicUrl].filter((url) => url !== undefined);
  const proxies = [...(console?.proxies ?? []), ...(proxy?.proxies ?? [])];
  return operationsAccess({
    trust: new LocalTrust({ host, urls, proxies }),
    tokens: [metricsToken, console?.apiToken].filter((token) => token !== undefined),
    rightsOf,
    metricsOpen: metricsAccess === 'open',
    attempts: countedAttempts(deps),
    isProxy: among(proxies),
  });
}

function countedAttempts({ logger, registry }: Deps): Attempts {
  const attempts = new Attempts(atItsOwnPace(systemClock), (address) =>
    logger.warn({ address }, 'more than ten wrong tokens for /readyz or /metrics within a minute'),
  );
  new Counter({
    name: 'tocsin_operations_wrong_tokens_total',
    help: 'Requests for /readyz or /metrics with an unknown token, except those that the console counts',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(attempts.total);
    },
  });
  return attempts;
}
