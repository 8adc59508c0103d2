import { Attempts } from '../../runtime/attempts.ts';
import { among } from '../../runtime/network.ts';
import { LocalTrust, type Reach } from '../../runtime/local-trust.ts';
import { operationsAccess, type OperationsAccess } from '../../runtime/operations-access.ts';

/** As main has it, on loopback and with nothing public named unless told otherwise. */
export function accessFrom(
  { host = '127.0.0.1', urls = [], proxies = [] }: Partial<Reach> = {},
  tokens: readonly string[] = [],
  metricsOpen = false,
): OperationsAccess {
  const attempts = new Attempts(Date.now, () => undefined);
  return operationsAccess({ trust: new LocalTrust({ host, urls, proxies }), tokens, metricsOpen, attempts, isProxy: among(proxies) });
}
